"""``{{placeholders}}`` in a JSON tree.

``{{path}}``, ``{{path:cast}}``, ``{{a:cast|b:cast}}`` (the first that is there),
``{{path:cast?:text:cast}}`` (a default text). Paths are dotted: ``a.0.b``, ``items.-1``,
``foo-bar.x``. Casts: ``str`` (when none is named), ``int``, ``num``, ``bool``, ``json``, ``null``,
``any``, and two that also say what a missing value does: ``undefined`` removes it,
``ignore-empty-str`` takes "" for missing. A missing value otherwise leaves its placeholder as
written (``null`` gives null). A value keeps its type where the placeholder is the whole text, and
becomes text elsewhere.

An object's key ``$truto_merge`` (a placeholder or a list of them) is replaced by a deep merge of
the objects it stands for; later ones win, arrays are joined.

What a placeholder brings in is data and never read as a template again. Keys are never templates.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from shared.domain.errors import Problem
from shared.expr.bounds import STEP, Bounds
from shared.expr.casts import CASTS, as_text, cast
from shared.expr.jsonata import UNDEFINED
from shared.expr.trees import Budget, filled, looked_up, texts

MERGE_KEY = "$truto_merge"

_PLACEHOLDER = re.compile(r"\{\{([\w\-./|:?\s]+)\}\}", re.ASCII)
_CAST = re.compile(r":(?=[\w\s])", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Source:
    """``path:cast``, or ``text:cast`` in a default."""

    path: str
    cast: str


@dataclass(frozen=True, slots=True)
class _Placeholder:
    written: str
    sources: tuple[_Source, ...]
    default: _Source | None

    def says(self, cast_name: str) -> bool:
        return any(source.cast == cast_name for source in self.sources)


def render(tree: Any, scope: Mapping[str, Any], *, bounds: Bounds = STEP) -> Any:
    """``tree`` with every placeholder filled from ``scope``; ``UNDEFINED`` if all of it vanished.

    A removed value takes its key or its place in the list along. Raises ``ExpressionError`` for
    an unknown cast (``check`` finds those beforehand), or for a result beyond ``bounds``.
    """
    budget = Budget(bounds)
    return filled(tree, lambda text: _filled(text, scope, budget), budget, finish=_merged_in)


def check(tree: Any, pointer: str = "") -> list[Problem]:
    """Every unknown cast in ``tree``, in order; ``pointer`` is where the tree stands."""
    return [
        Problem(
            pointer=at,
            code="UNKNOWN_CAST",
            detail=f"{placeholder.written} has the cast {source.cast!r}; "
            f"there are {', '.join(sorted(CASTS))}.",
        )
        for at, text in texts(tree, pointer)
        for placeholder in _placeholders(text)
        for source in (*placeholder.sources, *filter(None, [placeholder.default]))
        if source.cast not in CASTS
    ]


def paths_read(tree: Any) -> Iterator[str]:
    """The path of every placeholder in ``tree``."""
    for _, text in texts(tree):
        for placeholder in _placeholders(text):
            yield from (source.path for source in placeholder.sources)


def _placeholders(text: str) -> Iterator[_Placeholder]:
    return (_parsed(found) for found in _PLACEHOLDER.finditer(text))


def _parsed(found: re.Match[str]) -> _Placeholder:
    first, *rest = found[1].split("?:")
    return _Placeholder(
        written=found[0],
        sources=tuple(_source(part) for part in first.split("|")),
        default=_source(rest[0], strip=False) if rest and rest[0] else None,
    )


def _source(part: str, *, strip: bool = True) -> _Source:
    path, *casts = _CAST.split(part)
    return _Source(path.strip() if strip else path, (casts[0].strip() if casts else "") or "str")


def _filled(text: str, scope: Mapping[str, Any], budget: Budget) -> Any:
    budget.spend(len(text))
    whole = _PLACEHOLDER.fullmatch(text)
    if whole is not None:
        value = _value(_parsed(whole), scope, whole=True)
        budget.spend_value(value)
        return value

    def fill(found: re.Match[str]) -> str:
        value = _value(_parsed(found), scope, whole=False)
        filled = "" if value is UNDEFINED else as_text(value)
        budget.spend(len(filled))
        return filled

    return _PLACEHOLDER.sub(fill, text)


def _value(placeholder: _Placeholder, scope: Mapping[str, Any], *, whole: bool) -> Any:
    skips_empty = placeholder.says("ignore-empty-str")
    for source in placeholder.sources:
        found = looked_up(scope, source.path)
        if found is not UNDEFINED and not (found == "" and skips_empty):
            return cast(found, source.cast, whole=whole)
    if placeholder.default is not None:
        return cast(placeholder.default.path, placeholder.default.cast, whole=whole)
    if placeholder.says("undefined"):
        return UNDEFINED
    return None if placeholder.says("null") else placeholder.written


def _merged_in(node: dict[str, Any]) -> dict[str, Any]:
    merge = node.pop(MERGE_KEY, None)
    for value in merge if isinstance(merge, list) else [merge]:
        if isinstance(value, dict):
            node = _deep_merged(node, value)
    return node


def _deep_merged(under: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    merged = dict(under)
    for key, value in over.items():
        match merged.get(key), value:
            case dict() as below, dict():
                merged[key] = _deep_merged(below, value)
            case list() as below, list():
                merged[key] = [*below, *value]
            case _:
                merged[key] = value
    return merged
