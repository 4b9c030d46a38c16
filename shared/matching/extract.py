"""From the conditions of a workflow to what can be looked up of them (``atoms.py``)."""

from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType
from typing import Any, Final

from shared.expr import terms
from shared.expr.terms import Names, Term, anchored_text, term_of
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
from shared.matching.filters import Filter
from shared.matching.readers import HIGHEST, LOWEST, Reader, key_of, ordinal_of

ReaderOf = Callable[[Path | Names], Reader]
"""Gives the reader of a filter's path, or of names as JSONata reads them; always the same one."""


def conjuncts_of(filter_: Filter | None, run_if: str | None, reader_of: ReaderOf) -> Conjuncts:
    """What an event must be like for both to hold; ``ANYTHING`` where that cannot be looked up."""
    parts: list[Conjuncts] = []
    if filter_ is not None:
        parts.append(_of_node(filter_.root, reader_of))
    if run_if is not None:
        parts.append(_of_term(term_of(run_if), reader_of))
    return every(parts)


def _of_node(node: Node, reader_of: ReaderOf) -> Conjuncts:
    match node:
        case Test():
            return _of_test(node, reader_of)
        case All():
            return every([_of_node(part, reader_of) for part in node.parts])
        case AnyOf():
            return some([_of_node(part, reader_of) for part in node.parts])
        case _:
            return ANYTHING


def _of_test(test: Test, reader_of: ReaderOf) -> Conjuncts:
    """What a clause of a filter asks; of a negative one only what its opposite would not find."""
    asked = _ASKED.get(test.operator.name)
    return ANYTHING if asked is None else asked(reader_of(test.path), test.wanted)


def _equal(reader: Reader, value: Any) -> Conjuncts:
    if type(value) in _NO_SCALARS:
        return _there(reader)
    return ((Keys(reader=reader, keys=(key_of(value),)),),)


def _one_of(reader: Reader, values: Collection[Any]) -> Conjuncts:
    if not values:
        return ()
    kinds = set(map(type, values))
    if not kinds.isdisjoint(_NO_SCALARS):
        return ANYTHING if None in values else _there(reader)
    keys = values if kinds == _TEXTS else map(key_of, values)
    return ((Keys(reader=reader, keys=tuple(dict.fromkeys(keys))),),)


def _there(reader: Reader) -> Conjuncts:
    return ((Present(reader=reader),),)


def _there_if(holds: bool, reader: Reader) -> Conjuncts:  # noqa: FBT001 - what it is about
    return _there(reader) if holds else ANYTHING


def _null(reader: Reader, wanted: Any) -> Conjuncts:
    return ((Keys(reader=reader, keys=(None,)),),) if wanted else _there(reader)


def _beginning(reader: Reader, text: str) -> Conjuncts:
    return ((Prefix(reader=reader, text=text),),) if text else _there(reader)


def _ending(reader: Reader, text: str) -> Conjuncts:
    return ((Suffix(reader=reader, text=text),),) if text else _there(reader)


def _containing(reader: Reader, wanted: Any) -> Conjuncts:
    return ((Member(reader=reader, key=wanted),),) if isinstance(wanted, str) else _there(reader)


_TEXTS: Final = frozenset({str})
_NO_SCALARS: Final = frozenset({dict, list})
_BELOW: Final = frozenset({"<", "<="})


def _span(reader: Reader, operator: str, bound: Any) -> Conjuncts:
    place = ordinal_of(bound)
    if place is None:
        return _there(reader)
    is_text, at = place
    low, high = (LOWEST, at) if operator in _BELOW else (at, HIGHEST)
    return ((Span(reader=reader, is_text=is_text, low=low, high=high),),)


_ASKED: Final[Mapping[str, Callable[[Reader, Any], Conjuncts]]] = MappingProxyType(
    {
        "~eq": _equal,
        "~in": _one_of,
        "~gt": lambda reader, wanted: _span(reader, ">", wanted),
        "~gte": lambda reader, wanted: _span(reader, ">=", wanted),
        "~lt": lambda reader, wanted: _span(reader, "<", wanted),
        "~lte": lambda reader, wanted: _span(reader, "<=", wanted),
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


def _of_term(term: Term, reader_of: ReaderOf) -> Conjuncts:
    match term:
        case terms.Every():
            return every([_of_term(part, reader_of) for part in term.parts])
        case terms.Some():
            return some([_of_term(part, reader_of) for part in term.parts])
        case _:
            return _of_path(term, reader_of(term.path))


def _of_path(term: Term, reader: Reader) -> Conjuncts:
    match term:
        case terms.Compared(operator="=", literal=literal):
            return _equal(reader, literal)
        case terms.Compared(operator=operator, literal=literal):
            # Engines order other texts by code units, and ours by code points.
            is_ordered = not isinstance(literal, str) or literal.isascii()
            return _span(reader, operator, literal) if is_ordered else _there(reader)
        case terms.OneOf(literals=literals):
            return _one_of(reader, literals)
        case terms.Holds(literal=literal):
            return ((Member(reader=reader, key=key_of(literal)),),)
        case terms.Starts(text=text):
            return _beginning(reader, text)
        case _:
            return _there(reader)
