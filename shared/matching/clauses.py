"""The parts of a compiled filter, and what they say when they fail."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from shared.domain.frozen import frozen
from shared.matching.operators import Operator
from shared.matching.patterns import TextTooLong

Operands: TypeAlias = Sequence[Any]
"""Of one filter, each as its operator prepares it."""

_SHOWN_CHARS_MAX = 80
_SHOWN_ITEMS_MAX = 5
_INDEX = re.compile(r"-?\d{1,9}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """What kept a filter from matching; as a text, a sentence for its author.

    ``pointer`` is its place in the definition. A clause on a ``path`` has the ``wanted`` operand
    and the ``actual`` value (null where there is none); ``error`` says why it could not be
    answered. ``~or`` and ``~not`` have no path, but ``parts``: the clauses within, as found.
    """

    pointer: str
    operator: str
    path: str | None = None
    wanted: Any = None
    actual: Any = None
    error: str | None = None
    parts: tuple["Clause", ...] = ()

    def __str__(self) -> str:
        if self.path is None:
            within = "; ".join(part.found for part in self.parts[:_SHOWN_ITEMS_MAX])
            more = "; …" if len(self.parts) > _SHOWN_ITEMS_MAX else ""
            said = "nothing holds of" if self.operator == "~or" else "this holds within"
            return f"{self.pointer}: {said} {self.operator}: {within}{more}."
        if self.error is not None:
            return f"{self.pointer}: {self.path} cannot be compared: {self.error}."
        return f"{self.pointer}: {self.found}."

    @property
    def found(self) -> str:
        """The operands in words, without the place."""
        if self.path is None:
            return str(self).removesuffix(".")
        return f"{self.path} is {shown(self.actual)}, asked {self.operator} {shown(self.wanted)}"


@dataclass(frozen=True, slots=True)
class Segment:
    """One part of a path: a key of an object, or the ``index`` of an item of a list."""

    key: str
    index: int | None


def index_of(name: str) -> int | None:
    """The place of an item that a name of a path may mean; None: it is no number."""
    return int(name) if _INDEX.fullmatch(name) else None


@dataclass(frozen=True, slots=True)
class Path:
    """A dotted path, as ``written``."""

    written: str
    segments: tuple[Segment, ...]

    @property
    def root(self) -> str:
        """The first name."""
        return self.segments[0].key

    def value_in(self, scope: Any) -> Any:
        """The value there; None where there is none."""
        node = scope
        for segment in self.segments:
            if isinstance(node, dict):
                node = node.get(segment.key)
            elif isinstance(node, list) and segment.index is not None:
                index = segment.index
                node = node[index] if -len(node) <= index < len(node) else None
            else:
                return None
        return node


@frozen
class Test:
    """One operator on one path, with the operand ``at`` a place among those of a filter."""

    pointer: str
    path: Path
    operator: Operator
    at: int

    def failure(self, scope: Any, operands: Operands) -> Clause | None:
        """The clause that failed, None if all is well."""
        actual, operator, operand = self.path.value_in(scope), self.operator, operands[self.at]
        try:
            holds = operator.holds(actual, operand) is not operator.is_negative
        except TextTooLong as error:
            return self._clause(actual, operand, str(error))
        return None if holds else self._clause(actual, operand)

    def observed(self, scope: Any, operands: Operands) -> Iterator[Clause]:
        """Every test with its actual operands."""
        yield self._clause(self.path.value_in(scope), operands[self.at])

    def _clause(self, actual: Any, operand: Any, error: str | None = None) -> Clause:
        return Clause(
            pointer=self.pointer,
            operator=self.operator.name,
            path=self.path.written,
            wanted=self.operator.wanted(operand),
            actual=actual,
            error=error,
        )


@dataclass(frozen=True, slots=True)
class All:
    """Holds if every part does; parts after the first that fails are not looked at."""

    parts: tuple["Node", ...]

    def failure(self, scope: Any, operands: Operands) -> Clause | None:
        """As ``Test``'s."""
        for part in self.parts:
            failed = part.failure(scope, operands)
            if failed is not None:
                return failed
        return None

    def observed(self, scope: Any, operands: Operands) -> Iterator[Clause]:
        """As ``Test``'s."""
        for part in self.parts:
            yield from part.observed(scope, operands)


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Holds if a part does; parts after the first that holds are not looked at."""

    pointer: str
    parts: tuple["Node", ...]

    def failure(self, scope: Any, operands: Operands) -> Clause | None:
        """As ``Test``'s."""
        failures: list[Clause] = []
        for part in self.parts:
            failed = part.failure(scope, operands)
            if failed is None or failed.error is not None:
                return failed
            failures.append(failed)
        return Clause(pointer=self.pointer, operator="~or", parts=tuple(failures))

    def observed(self, scope: Any, operands: Operands) -> Iterator[Clause]:
        """As ``Test``'s."""
        for part in self.parts:
            yield from part.observed(scope, operands)


@dataclass(frozen=True, slots=True)
class Negation:
    """Holds if its part does not; what cannot be answered stays so."""

    pointer: str
    part: "Node"

    def failure(self, scope: Any, operands: Operands) -> Clause | None:
        """As ``Test``'s."""
        failed = self.part.failure(scope, operands)
        if failed is None:
            parts = tuple(self.part.observed(scope, operands))
            return Clause(pointer=self.pointer, operator="~not", parts=parts)
        return failed if failed.error is not None else None

    def observed(self, scope: Any, operands: Operands) -> Iterator[Clause]:
        """As ``Test``'s."""
        yield from self.part.observed(scope, operands)


Node = Test | All | AnyOf | Negation


def clauses_of(node: Node) -> Iterator[Test | AnyOf | Negation]:
    """The clauses that all have to hold, those within lists and ``~and`` one by one."""
    if isinstance(node, All):
        for part in node.parts:
            yield from clauses_of(part)
    else:
        yield node


def shown(value: Any, depth: int = 2) -> str:
    """A value in words that take little room, however large or deep it is."""
    match value:
        case None:
            return "null"
        case str() if len(value) > _SHOWN_CHARS_MAX:
            cut = json.dumps(value[:_SHOWN_CHARS_MAX], ensure_ascii=False)
            return f"{cut}… ({len(value)} characters)"
        case list() if depth:
            items = [shown(item, depth - 1) for item in value[:_SHOWN_ITEMS_MAX]]
            return f"[{_joined(items, len(value))}]"
        case dict() if depth:
            firsts = list(value)[:_SHOWN_ITEMS_MAX]
            fields = [f"{shown(key)}: {shown(value[key], depth - 1)}" for key in firsts]
            return f"{{{_joined(fields, len(value))}}}"
        case list() | dict():
            return "[…]" if isinstance(value, list) else "{…}"
        case _:
            return json.dumps(value, ensure_ascii=False)


def _joined(shown: list[str], count: int) -> str:
    return ", ".join([*shown, f"… ({count} in all)"] if count > len(shown) else shown)
