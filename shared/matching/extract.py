"""From the conditions of a workflow to what can be looked up of them (``atoms.py``)."""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from operator import itemgetter
from types import MappingProxyType
from typing import Any, Final

from shared.expr import terms
from shared.expr.terms import Hole, Names, Operand, Term, anchored_text
from shared.matching.atoms import (
    ANYTHING,
    Conjuncts,
    Keys,
    Member,
    Prefix,
    Present,
    Span,
    Suffix,
    every,
    some,
)
from shared.matching.clauses import All, AnyOf, Node, Path, Test
from shared.matching.readers import HIGHEST, LOWEST, Key, Reader, key_of, ordinal_of

ReaderOf = Callable[[Path | Names], Reader]
"""Gives the reader of a filter's path, or of names as JSONata reads them; always the same one."""

Asked = Callable[[Reader, Any], Conjuncts]
"""What is asked of the value that a reader finds, given the operand."""

Operands = Sequence[Any]
"""Those of a filter, then the literals of a ``run_if``."""

Taken = Callable[[Operands], Any]
"""Finds the operand."""


class Leaf:
    """What is asked of one value."""

    __slots__ = ("asked", "reader", "taken")

    def __init__(self, asked: Asked, reader: Reader, taken: Taken) -> None:
        self.asked = asked
        self.reader = reader
        self.taken = taken

    def conjuncts(self, operands: Operands) -> Conjuncts:
        """What it asks."""
        return self.asked(self.reader, self.taken(operands))


class Joint:
    """What is asked by several, of which each or one has to hold."""

    __slots__ = ("join", "parts")

    def __init__(self, join: Callable[[Sequence[Conjuncts]], Conjuncts], *parts: "Part") -> None:
        self.join = join
        self.parts = parts

    def conjuncts(self, operands: Operands) -> Conjuncts:
        """What it asks."""
        return self.join(conjuncts_of(self.parts, operands))


Part = Leaf | Joint

_NOTHING: Final = Joint(every)


def conjuncts_of(parts: Sequence[Part], operands: Operands) -> Sequence[Conjuncts]:
    """What each asks."""
    return [part.conjuncts(operands) for part in parts]


def part_of_filter(node: Node, reader_of: ReaderOf) -> Part:
    """What a filter asks."""
    match node:
        case Test():
            return _of_test(node, reader_of)
        case All():
            return Joint(every, *[part_of_filter(part, reader_of) for part in node.parts])
        case AnyOf():
            return Joint(some, *[part_of_filter(part, reader_of) for part in node.parts])
        case _:
            return _NOTHING


def _of_test(test: Test, reader_of: ReaderOf) -> Part:
    """What a clause of a filter asks; of a negative one only what its opposite would not find."""
    asked, at, operator = _ASKED.get(test.operator.name), test.at, test.operator
    if asked is None:
        return _NOTHING
    if operator.is_prepared:
        return Leaf(asked, reader_of(test.path), lambda given: operator.wanted(given[at]))
    return Leaf(asked, reader_of(test.path), itemgetter(at))


def equal(reader: Reader, value: Any) -> Conjuncts:
    """The value is this one."""
    if type(value) in _NO_SCALARS:
        return _there(reader)
    return ((Keys(reader, (key_of(value),)),),)


def one_of(reader: Reader, values: Collection[Any]) -> Conjuncts:
    """The value is one of these."""
    if not values:
        return ()
    if not _NO_SCALARS.isdisjoint(map(type, values)):
        return ANYTHING if None in values else _there(reader)
    return ((Keys(reader, tuple(dict.fromkeys(map(key_of, values)))),),)


def row_of(values: Collection[Any]) -> tuple[Key, ...]:
    """The keys of some values, each once; nothing where one of them is null or no scalar."""
    kinds = set(map(type, values))
    if kinds == _TEXTS:
        return tuple(dict.fromkeys(values))
    return tuple(dict.fromkeys(map(key_of, values))) if kinds.isdisjoint(_NO_VALUES) else ()


def _there(reader: Reader) -> Conjuncts:
    return ((Present(reader),),)


def _there_if(holds: bool, reader: Reader) -> Conjuncts:  # noqa: FBT001 - what it is about
    return _there(reader) if holds else ANYTHING


def _null(reader: Reader, wanted: Any) -> Conjuncts:
    return ((Keys(reader, (None,)),),) if wanted else _there(reader)


def _beginning(reader: Reader, text: str) -> Conjuncts:
    return ((Prefix(reader, text),),) if text else _there(reader)


def _ending(reader: Reader, text: str) -> Conjuncts:
    return ((Suffix(reader, text),),) if text else _there(reader)


def _containing(reader: Reader, wanted: Any) -> Conjuncts:
    return ((Member(reader=reader, key=wanted),),) if isinstance(wanted, str) else _there(reader)


_TEXTS: Final = frozenset({str})
_NO_SCALARS: Final = frozenset({dict, list})
_NO_VALUES: Final = frozenset({dict, list, type(None)})


def above(reader: Reader, bound: Any) -> Conjuncts:
    """The value is at least this, about."""
    place = ordinal_of(bound)
    if place is None:
        return _there(reader)
    return ((Span(reader, place[0], place[1], HIGHEST),),)


def below(reader: Reader, bound: Any) -> Conjuncts:
    """The value is at most this, about."""
    place = ordinal_of(bound)
    if place is None:
        return _there(reader)
    return ((Span(reader, place[0], LOWEST, place[1]),),)


def between(reader: Reader, bounds: tuple[Any, Any]) -> Conjuncts:
    """Above the first and below the second."""
    low, high = map(ordinal_of, bounds)
    if low is None or high is None or low[0] is not high[0]:
        return every([above(reader, bounds[0]), below(reader, bounds[1])])
    span = Span(reader, low[0], low[1], high[1])
    return ((span,),) if span.is_possible else ()


def _ordered(operator: str, reader: Reader, literal: Any) -> Conjuncts:
    # Engines order other texts by code units, and ours by code points.
    is_ordered = not isinstance(literal, str) or literal.isascii()
    return _BOUNDED[operator](reader, literal) if is_ordered else _there(reader)


def _holding(reader: Reader, literal: Any) -> Conjuncts:
    return ((Member(reader=reader, key=key_of(literal)),),)


_BOUNDED: Final[Mapping[str, Asked]] = MappingProxyType(
    {">": above, ">=": above, "<": below, "<=": below}
)
_ASKED: Final[Mapping[str, Asked]] = MappingProxyType(
    {
        "~eq": equal,
        "~in": one_of,
        "~gt": above,
        "~gte": above,
        "~lt": below,
        "~lte": below,
        "~starts": _beginning,
        "~ends": _ending,
        "~contains": _containing,
        "~regex": lambda reader, wanted: _beginning(reader, anchored_text(wanted)),
        "~isnull": _null,
        "~isempty": lambda reader, wanted: _there_if(not wanted, reader),
        "~neq": lambda reader, wanted: _there_if(wanted is None, reader),
        "~nin": lambda reader, wanted: _there_if(None in wanted, reader),
    }
)


def part_of_term(term: Term, reader_of: ReaderOf, first: int) -> Part:
    """What a condition asks, whose literals are the operands from the ``first`` on."""
    match term:
        case terms.Every():
            return Joint(every, *[part_of_term(part, reader_of, first) for part in term.parts])
        case terms.Some():
            return Joint(some, *[part_of_term(part, reader_of, first) for part in term.parts])
        case _:
            return _of_path(term, reader_of(term.path), first)


def _of_path(term: Term, reader: Reader, first: int) -> Part:
    match term:
        case terms.Compared(operator="=", literal=literal):
            return Leaf(equal, reader, _taken(literal, first))
        case terms.Compared(operator=operator, literal=literal):
            return Leaf(partial(_ordered, operator), reader, _taken(literal, first))
        case terms.OneOf(literals=literals):
            takers = [_taken(literal, first) for literal in literals]
            return Leaf(one_of, reader, lambda given: [taken(given) for taken in takers])
        case terms.Holds(literal=literal):
            return Leaf(_holding, reader, _taken(literal, first))
        case terms.Starts(text=text):
            return Leaf(_beginning, reader, lambda _: text)
        case _:
            return Leaf(lambda reader, _: _there(reader), reader, lambda _: None)


def _taken(operand: Operand, first: int) -> Taken:
    if not isinstance(operand, Hole):
        return lambda _: operand
    at = first + operand.at
    return (lambda given: -given[at]) if operand.is_negated else itemgetter(at)
