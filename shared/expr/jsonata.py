"""JSONata: compile a text once, convert a document once, evaluate many, always within bounds."""

import pickle
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, StrEnum
from functools import cached_property, lru_cache
from typing import Any, Final

import jlens

from shared.domain.errors import Invalid, Problem
from shared.domain.workflows import Dialect
from shared.expr.bounds import STEP_BYTES_MAX, Bounds
from shared.expr.builds import may_build
from shared.expr.engine import Engine
from shared.expr.errors import ExpressionError
from shared.expr.kept import SHORT_CHARS, Kept


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

_TRUE = Verdict(Truth.TRUE)
_FALSE = Verdict(Truth.FALSE)
_UNDEFINED = Verdict(Truth.UNDEFINED)


@dataclass(frozen=True, slots=True)
class _Json:
    text: str


class Document:
    """A JSON value that expressions are evaluated against.

    The engine reads a Python value where the expression leads it, which costs a few microseconds
    whatever the value's size; converting it whole costs what twenty such readings do. So the first
    few expressions read, and for more of them the value is converted once.

    Numbers are doubles: an integer beyond 2^53 is rounded.
    """

    __slots__ = ("_converted", "_packed", "_readings", "_value")

    def __init__(self, value: Any, converted: jlens.Document | None = None) -> None:
        self._value = value
        self._converted = converted
        self._readings = 0
        self._packed: bytes | None = None

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
            return cls(_Json(decoded), jlens.Document.from_json(decoded))
        except ValueError as error:
            raise _invalid_document(error) from error

    def packed(self) -> bytes:
        """For another process, which makes the same document of it with ``pickle``."""
        if self._packed is None:
            self._packed = pickle.dumps(self._value)
        return self._packed

    @classmethod
    def unpacked(cls, packed: bytes) -> "Document":
        """What another process packed."""
        value = pickle.loads(packed)  # noqa: S301 - it comes from the process that started this one
        return cls.from_json(value.text) if isinstance(value, _Json) else cls.of(value)

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

    One that may build more than it is given is evaluated in another process (``apart.py``):
    there, and any other here.
    """

    def __init__(self, source: str, dialect: Dialect) -> None:
        self.source = source
        self._dialect = dialect
        self._engine = Engine(source, dialect)

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
        evaluated = self.evaluate_there if self._may_build_value else self.evaluate_here
        return evaluated(document, bounds, now, seed, bindings)

    def evaluate_there(self, document: Document, bounds: Bounds, *given: Any) -> Any:
        """As ``evaluate``, in the other process."""
        kind, *result = self._apart(document, "value", (bounds, *given))
        return result[0] if kind == "value" else UNDEFINED

    def evaluate_here(self, document: Document, bounds: Bounds, *given: Any) -> Any:
        """As ``evaluate``; then the instant, the seed and the bindings."""
        result = self._engine.run(self._engine.plain, document, bounds, *given)
        if result is not None:
            return self._engine.finished(result)
        # The engine says None for null and for undefined; asking again is rare and exact.
        kind = self._engine.run(self._engine.kind, document, bounds, *given)
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
        if not self._may_build_condition:
            return self.test_here(document, bounds, now, seed, bindings)
        try:
            _, truth = self._apart(document, "condition", (bounds, now, seed, bindings))
        except ExpressionError as error:
            return Verdict(Truth.ERROR, error)
        return Verdict(Truth(truth))

    def test_here(self, document: Document, bounds: Bounds, *given: Any) -> Verdict:
        """As ``test``; then the instant, the seed and the bindings."""
        try:
            result = self._engine.run(self._engine.condition, document, bounds, *given)
        except ExpressionError as error:
            return Verdict(Truth.ERROR, error)
        if result is None:
            return _UNDEFINED
        return _TRUE if result else _FALSE

    def _apart(self, document: Document, asked: str, given: tuple[Any, ...]) -> Any:
        from shared.expr.apart import apart  # noqa: PLC0415 - few processes need one beside them

        try:
            request = pickle.dumps((self.source, self._dialect, asked, document.packed(), given))
        except Exception as error:
            # Whatever a value trips over is the expression's own error.
            message = f"{type(error).__name__}: {error}"
            raise ExpressionError("FUNCTION_FAILED", message) from error
        kind, *answer = apart().ask(request, given[0].timeout_s)
        if kind == "error":
            raise ExpressionError(*answer)
        return kind, *answer

    @cached_property
    def _may_build_value(self) -> bool:
        return may_build(self.source, self._engine.extensions, is_condition=False)

    @cached_property
    def _may_build_condition(self) -> bool:
        return may_build(self.source, self._engine.extensions, is_condition=True)


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
