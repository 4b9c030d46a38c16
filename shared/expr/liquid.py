"""Liquid templates in a JSON tree.

Every text with ``{{`` or ``{%`` in it is a template. One that is a single ``{{ … }}`` and nothing
else keeps the value's type, and a missing value is null there; elsewhere the value becomes text:
nothing for what is missing, JSON for an object. ``now`` and ``today`` are those of the rendering.
Filters beyond Liquid's own: ``shared/expr/liquid_filters.py``. Nothing can be included.
"""

import math
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import date, datetime
from difflib import get_close_matches
from functools import lru_cache
from itertools import chain, takewhile
from typing import Any

from liquid import BoundTemplate
from liquid.builtin.output import OutputNode
from liquid.exceptions import LiquidError

from shared.domain.errors import Invalid, Problem
from shared.expr.bounds import LIQUID, STEP_BYTES_MAX, Bounds
from shared.expr.errors import ExpressionError
from shared.expr.kept import SHORT_CHARS, Kept
from shared.expr.liquid_engine import Context, Meter, SafeEnvironment, Sink
from shared.expr.liquid_filters import instant_text
from shared.expr.trees import Budget, filled, texts

PIECES_MAX = 4_000
"""How many ``{{ … }}`` and ``{% … %}`` one text may have."""

MARKUP_CHARS_MAX = 4_096
_BLANKS_MAX = 64
_NESTED_MAX = 4
_BRACKETS_MAX = 32
_LINKS_MAX = 100
"""How involved one ``{{ … }}`` or ``{% … %}`` may be: the engine takes quadratic time and deep
recursion for it."""

_OPENING = re.compile(r"\{[{%]")
_VERBATIM = re.compile(r"\{%-?\s*(raw|doc)\s*-?%\}")
_LINKS = re.compile(r"\b(?:and|or|not)\b")
_BLANKS = re.compile(rf"\s{{{_BLANKS_MAX}}}")


class TemplateCache:
    """Compiled templates by their text, the least recently used dropped first.

    Long ones count for what they take.
    """

    def __init__(self, max_entries: int) -> None:
        self._environment = SafeEnvironment()
        self._short = lru_cache(max_entries)(self._compile)
        self._long = Kept(self._compile, max_entries)

    def get(self, text: str) -> BoundTemplate:
        """``text`` ready to render; ``Invalid`` with one ``Problem`` (INVALID_TEMPLATE)."""
        return self._short(text) if len(text) <= SHORT_CHARS else self._long(text)

    def _compile(self, text: str) -> BoundTemplate:
        if (fault := _fault(text)) is not None:
            raise _invalid(fault)
        try:
            return self._environment.from_string(text)
        except LiquidError as error:
            if isinstance(error.__cause__, RecursionError):
                raise _invalid("it nests too deep") from error
            raise _invalid(f"{_place(error)}{error.message}") from error


def render(
    tree: Any,
    scope: Mapping[str, Any],
    cache: TemplateCache,
    *,
    now: datetime,
    bounds: Bounds = LIQUID,
) -> Any:
    """``tree`` with every template in it rendered; raises ``ExpressionError``.

    ``bounds`` hold for the whole tree.
    """
    budget, meter = Budget(bounds), Meter(bounds)

    def fill(text: str) -> Any:
        budget.spend(len(text))
        if not _OPENING.search(text):
            return text
        meter.tick()
        value = _rendered(text, scope, cache, meter, now)
        budget.spend_value(value)
        return value

    return filled(tree, fill, budget)


def check(tree: Any, pointer: str = "") -> list[Problem]:
    """What is wrong with each text of ``tree`` (its first fault); ``pointer`` is the tree's own."""
    return list(_problems(tree, pointer))


def paths_read(tree: Any) -> Iterator[tuple[str, ...]]:
    """The paths that the valid templates in ``tree`` read, each as far as no part is computed."""
    cache = TemplateCache(1)
    for _, text in texts(tree):
        if _OPENING.search(text):
            read = cache.get(text).analyze(include_partials=False).globals
            for variable in chain.from_iterable(read.values()):
                yield tuple(map(str, takewhile(_is_plain, variable.segments)))


def _is_plain(segment: object) -> bool:
    return isinstance(segment, str | int)


def _problems(tree: Any, pointer: str) -> Iterator[Problem]:
    cache = TemplateCache(1)
    for at, text in texts(tree, pointer):
        try:
            if _OPENING.search(text):
                _check_filters(cache.get(text))
        except Invalid as error:
            detail = error.problems[0].detail
            yield Problem(pointer=at, code="INVALID_TEMPLATE", detail=detail)


def _check_filters(template: BoundTemplate) -> None:
    # The engine asks for a filter when it comes to it.
    try:
        used = template.analyze(include_partials=False).filters
    except RecursionError as error:
        raise _invalid("it nests too deep") from error
    known = template.env.filters
    for name in sorted(used.keys() - known.keys()):
        near = get_close_matches(name, known, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"there are {', '.join(sorted(known))}"
        raise _invalid(f"there is no filter '{name}'; {hint}")


def _rendered(
    text: str, scope: Mapping[str, Any], cache: TemplateCache, meter: Meter, now: datetime
) -> Any:
    try:
        template = cache.get(text)
        context = Context(template, scope, meter, now)
        if len(template.nodes) == 1 and isinstance(node := template.nodes[0], OutputNode):
            value = node.expression.evaluate(context)
            if isinstance(value, range):
                meter.fits(value)
            return _value(value)
        sink = Sink(meter)
        template.render_with_context(context, sink)
        return sink.getvalue()
    except ExpressionError:
        raise
    except Invalid as error:
        raise ExpressionError("INVALID_TEMPLATE", error.message) from error
    except LiquidError as error:
        message = f"The template failed: {_place(error)}{error.message}."
        raise ExpressionError("TEMPLATE_FAILED", message) from error
    except Exception as error:
        # Whatever a filter trips over is the template's own error.
        message = f"The template failed: {type(error).__name__}: {error}"
        raise ExpressionError("TEMPLATE_FAILED", message) from error


def _value(value: Any) -> Any:
    """A value of the engine as JSON; null for what is none, such as a missing one."""
    match value:
        case list() | tuple() | range():
            return [_value(item) for item in value]
        case dict():
            return {key: _value(item) for key, item in value.items()}
        case date():
            return instant_text(value)
        case str() | int() | float():
            return value if not isinstance(value, float) or math.isfinite(value) else None
        case _:
            return None


def _fault(text: str) -> str | None:
    """Why the engine's lexer is not to see ``text``."""
    if len(text.encode(errors="surrogatepass")) > STEP_BYTES_MAX:
        return f"it is longer than {STEP_BYTES_MAX} bytes"
    if len(_OPENING.findall(text)) > PIECES_MAX:
        return f"it has more than {PIECES_MAX} tags"
    at = 0
    while found := _OPENING.search(text, at):
        closing = "}}" if found[0] == "{{" else "%}"
        end = text.find(closing, found.end())
        where = f"'{text[found.start() : found.start() + 20]}'"
        if end < 0:
            return f"{where} has no '{closing}'"
        piece = text[found.start() : end + 2]
        if _is_involved(piece):
            return f"{where} is too long or too involved; break it up"
        at = end + 2
        if verbatim := _VERBATIM.fullmatch(piece):
            last = re.compile(rf"\{{%-?\s*end{verbatim[1]}\s*-?%\}}").search(text, at)
            if last is None:
                return f"{where} has no end"
            at = last.end()
    return None


def _is_involved(piece: str) -> bool:
    return (
        len(piece) > MARKUP_CHARS_MAX
        or piece.count("(") > _BRACKETS_MAX
        or len(_OPENING.findall(piece)) > _NESTED_MAX
        or len(_LINKS.findall(piece)) > _LINKS_MAX
        or _BLANKS.search(piece) is not None
    )


def _place(error: LiquidError) -> str:
    with suppress(ValueError):  # the end of a text is no place in it
        if (found := error.context()) is not None:
            return f"line {found[0]}, column {found[1] + 1}: "
    return ""


def _invalid(reason: str) -> Invalid:
    detail = f"Not a Liquid template: {reason}. Correct the text there."
    return Invalid([Problem(pointer="", code="INVALID_TEMPLATE", detail=detail)])
