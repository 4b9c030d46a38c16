"""JSONata: compile a text once, convert a document once, evaluate many, always within bounds.

The only module that has the engine evaluate; ``reads.py`` asks it what a text reads.
"""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, StrEnum
from functools import cached_property, lru_cache
from typing import Any, Final

import jlens

from shared.domain.errors import Invalid, Problem
from shared.domain.workflows import Dialect
from shared.expr.bounds import STEP_BYTES_MAX, Bounds
from shared.expr.errors import ExpressionError
from shared.expr.functions import extensions_in
from shared.expr.guards import guard
from shared.expr.kept import SHORT_CHARS, Kept
from shared.expr.limits import limited, looking


class Undefined(Enum):
    """JSONata's undefined, which is not null."""

    UNDEFINED = "undefined"


UNDEFINED: Final = Undefined.UNDEFINED


class Truth(StrEnum):
    """What a condition came to."""

    TRUE = "true"
    FALSE = "false"
    UNDEFINED = "undefined"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to a condition; ``error`` says why there is none."""

    truth: Truth
    error: ExpressionError | None = None


READINGS_MAX: Final = 16

_NO_GUARD: Final = nullcontext()
_TRUE = Verdict(Truth.TRUE)
_FALSE = Verdict(Truth.FALSE)
_UNDEFINED = Verdict(Truth.UNDEFINED)


class Document:
    """A JSON value that expressions are evaluated against.

    The engine reads a Python value where the expression leads it, which costs a few microseconds
    whatever the value's size; converting it whole costs what twenty such readings do. So the first
    few expressions read, and for more of them the value is converted once.

    Numbers are doubles: an integer beyond 2^53 is rounded.
    """

    __slots__ = ("_converted", "_readings", "_value")

    def __init__(self, value: Any, converted: jlens.Document | None = None) -> None:
        self._value = value
        self._converted = converted
        self._readings = 0

    @classmethod
    def of(cls, value: Any) -> "Document":
        """From dicts, lists, texts, numbers, booleans and None.

        Anything else in it fails the expression that comes upon it.
        """
        # The engine takes None for no document at all.
        return cls(value, _converted(value) if value is None else None)

    @classmethod
    def from_json(cls, text: bytes | str) -> "Document":
        """From JSON, at most 127 levels deep; anything else is ``Invalid``."""
        try:
            decoded = text if isinstance(text, str) else text.decode()
            return cls(None, jlens.Document.from_json(decoded))
        except ValueError as error:
            raise _invalid_document(error) from error

    def read_by(self, engine: jlens.Expression) -> tuple[Callable[..., Any], Any]:
        """How ``engine`` evaluates, and what it takes for the value."""
        if self._converted is None and self._readings < READINGS_MAX:
            self._readings += 1
            return engine.evaluate, self._value
        if self._converted is None:
            self._converted = _converted(self._value)
        return engine.evaluate_document, self._converted


def _converted(value: Any) -> jlens.Document:
    try:
        return jlens.Document(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise _invalid_document(error) from error


class Expression:
    """A compiled expression; make one with ``compile_expression``. Safe to share.

    Equal arguments give equal results: ``now`` is the instant of ``$now`` and ``$millis``,
    ``seed`` that of ``$random`` and ``$shuffle``. Only ``$uuid`` differs each time.
    """

    def __init__(self, source: str, dialect: Dialect) -> None:
        self.source = source
        self._extensions = extensions_in(source, dialect)
        finishes = (extension.finish for extension in self._extensions.values())
        self._finishes = frozenset(filter(None, finishes))
        self._guarded = guard(source)
        self._is_limited = bool(self._guarded.functions or self._extensions)
        # Compiled at once, as the deepest of the three: where it compiles, the others do.
        self._condition = self._compiled("$boolean((0;", "))")

    def evaluate(
        self,
        document: Document,
        *,
        bounds: Bounds,
        now: datetime,
        seed: int,
        bindings: Mapping[str, Any] | None = None,
    ) -> Any:
        """The result, a JSON value or ``UNDEFINED`` (a function counts as that).

        ``bindings`` are variables, by name without the ``$``. Raises ``ExpressionError``.
        """
        result = self._run(self._plain, document, bounds, now, seed, bindings)
        if result is not None:
            return self._finished(result)
        # The engine says None for null and for undefined; asking again is rare and exact.
        kind = self._run(self._kind, document, bounds, now, seed, bindings)
        return None if kind == "null" else UNDEFINED

    def test(
        self,
        document: Document,
        *,
        bounds: Bounds,
        now: datetime,
        seed: int,
        bindings: Mapping[str, Any] | None = None,
    ) -> Verdict:
        """The result as a condition, by JSONata's ``$boolean``. Raises nothing."""
        try:
            result = self._run(self._condition, document, bounds, now, seed, bindings)
        except ExpressionError as error:
            return Verdict(Truth.ERROR, error)
        if result is None:
            return _UNDEFINED
        return _TRUE if result else _FALSE

    def _run(
        self,
        compiled: "_Compiled",
        document: Document,
        bounds: Bounds,
        now: datetime,
        seed: int,
        bindings: Mapping[str, Any] | None,
    ) -> Any:
        try:
            with limited(bounds.timeout_s) if self._is_limited else _NO_GUARD:
                evaluate, value = document.read_by(compiled.engine)
                return evaluate(
                    value,
                    None if bindings is None else dict(bindings),
                    timeout=bounds.timeout_s,
                    max_depth=bounds.depth_max,
                    max_steps=bounds.steps_max,
                    max_string_length=bounds.string_bytes_max,
                    max_array_length=bounds.array_items_max,
                    max_result_size=bounds.result_bytes_max,
                    now=now.timestamp() * 1000,
                    seed=seed,
                )
        except jlens.JlensError as error:
            raise ExpressionError(
                error.code, str(error), self._position(compiled, error)
            ) from error
        except ExpressionError:
            raise
        except Exception as error:
            # Whatever a function or a conversion trips over is the expression's own error.
            message = f"{type(error).__name__}: {error}"
            raise ExpressionError("FUNCTION_FAILED", message) from error

    def _finished(self, result: Any) -> Any:
        for finish in self._finishes:
            result = finish(result)
        return result

    def _position(self, compiled: "_Compiled", error: jlens.JlensError) -> int | None:
        if error.position is None:
            return None
        return self._guarded.author_position(error.position - compiled.body_offset)

    @cached_property
    def _plain(self) -> "_Compiled":
        return self._compiled("", "")

    @cached_property
    def _kind(self) -> "_Compiled":
        return self._compiled("$type((0;", "))")

    def _compiled(self, before: str, after: str) -> "_Compiled":
        # What stands before ends in a semicolon: after a bracket no regular expression may begin.
        guarded = self._guarded
        around = (part for extension in self._extensions.values() for part in extension.around)
        prelude = guarded.prelude + "".join(dict.fromkeys(around))
        if prelude:
            before, after = f"({prelude}{before}", f"{after})"
        engine = jlens.Expression(before + guarded.body + after)
        # Each registered function costs every evaluation about 0.15 µs: only those in the text.
        for name, extension in self._extensions.items():
            for registered, implementation in extension.named(name):
                engine.register_function(registered, looking(implementation))
        for name, implementation, signature in guarded.functions:
            engine.register_function(name, implementation, signature)
        return _Compiled(engine, len(before))


@dataclass(frozen=True, slots=True)
class _Compiled:
    engine: jlens.Expression
    body_offset: int


def compile_expression(
    source: str,
    *,
    pointer: str = "",
    bytes_max: int = STEP_BYTES_MAX,
    dialect: Dialect = Dialect.NATIVE,
) -> Expression:
    """``source`` ready to evaluate, with the functions that ``dialect`` has.

    Raises ``Invalid`` with one ``Problem`` (INVALID_EXPRESSION) at ``pointer``.
    """
    if len(source.encode(errors="surrogatepass")) > bytes_max:
        raise _invalid(pointer, f"The expression is longer than {bytes_max} bytes; shorten it.")
    try:
        jlens.Expression(source)  # as written, so that a fault is told in the author's words
    except jlens.JlensError as error:
        token = f" ({error.token!r})" if error.token else ""
        where = "" if error.position is None else f" at position {error.position}{token}"
        detail = f"Not a JSONata expression, {error.code}{where}: {error}. Correct the text there."
        raise _invalid(pointer, detail) from error
    except ValueError as error:  # a lone surrogate
        raise _invalid(pointer, f"Not a text: {error}.") from error
    try:
        return Expression(source, dialect)
    except jlens.JlensError as error:  # as deep as it may be, it leaves no room for guards
        raise _invalid(pointer, f"{error}. Simplify the expression.") from error


class ExpressionCache:
    """Compiled expressions by text and dialect, the least recently used dropped first."""

    def __init__(self, max_entries: int) -> None:
        self._short = lru_cache(max_entries)(compile_expression)
        self._long = Kept(compile_expression, max_entries)

    def get(
        self,
        source: str,
        *,
        pointer: str = "",
        bytes_max: int = STEP_BYTES_MAX,
        dialect: Dialect = Dialect.NATIVE,
    ) -> Expression:
        """As ``compile_expression``."""
        try:
            compiled = self._short if len(source) <= SHORT_CHARS else self._long
            return compiled(source, bytes_max=bytes_max, dialect=dialect)
        except Invalid:  # say it again, with this caller's pointer
            return compile_expression(source, pointer=pointer, bytes_max=bytes_max, dialect=dialect)


def _invalid(pointer: str, detail: str) -> Invalid:
    return Invalid([Problem(pointer=pointer, code="INVALID_EXPRESSION", detail=detail)])


def _invalid_document(error: Exception) -> Invalid:
    return Invalid([Problem(pointer="", code="INVALID_JSON", detail=str(error) or "too deep")])
