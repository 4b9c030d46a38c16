"""The operators of filters: what each takes, and when it holds.

Every operator holds or does not hold of any JSON value; a value that is absent is null. Equality
is JSON's: 1 equals 1.0, true does not equal 1, the order of an object's keys does not matter.
"""

import operator
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from sys import intern
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from shared.matching.patterns import compile_pattern

VALUES_MAX = 1_000
"""The most values that ``~in`` and ``~nin`` take."""

_SEARCHED_MAX = 64
"""So many texts are looked through one by one: a set of them takes five times the memory."""
_MARK: Final = "\0"
_JOINED_CHARS_MAX: Final = 16
"""For each text. Longer ones are kept once for all the lists that have them."""
_TEXTS: Final = frozenset({str})
_NUMBERS: Final = frozenset({int, float})  # apart from bool, which Python takes for a number


def _itself(operand: Any) -> Any:
    return operand


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """What a clause asks of a value.

    ``takes`` names the operands whose types are ``kinds`` (None: any); ``prepared`` is made of one
    once per clause and raises ``ValueError`` with a sentence for an operand of the right type but
    of no use; ``wanted`` gives the operand again. ``holds`` takes a value and what was prepared:
    one function for all clauses, as one for each would take more memory than all the rest of them.
    """

    name: str
    takes: str
    kinds: AbstractSet[type] | None
    holds: Callable[[Any, Any], bool]
    prepared: Callable[[Any], Any] = _itself
    wanted: Callable[[Any], Any] = _itself
    is_negative: bool = False

    @property
    def is_prepared(self) -> bool:
        """Whether it makes anything of its operand."""
        return self.prepared is not _itself


def _equal(value: Any, operand: Any) -> bool:
    """Equality with ``operand``; its depth, not the value's, bounds the work."""
    if isinstance(operand, str):
        return isinstance(value, str) and value == operand
    if operand is None or isinstance(operand, bool):
        return value is operand
    if isinstance(operand, list):
        is_alike = isinstance(value, list) and len(value) == len(operand)
        return is_alike and all(map(_equal, value, operand))
    if isinstance(operand, dict):
        is_alike = isinstance(value, dict) and value.keys() == operand.keys()
        return is_alike and all(_equal(value[key], item) for key, item in operand.items())
    return _is_number(value) and bool(value == operand)


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    """Numbers with numbers, texts with texts by code point; nothing else is ordered."""

    def holds(value: Any, operand: Any) -> bool:
        is_comparable = _is_text if isinstance(operand, str) else _is_number
        return is_comparable(value) and compare(value, operand)

    return holds


@dataclass(frozen=True, slots=True)
class _Values:
    """A list; of it those that are looked up, and those that are compared one by one."""

    listed: list[Any]
    texts: frozenset[str]
    others: tuple[Any, ...]


_Listed: TypeAlias = str | tuple[str, ...] | _Values
"""A few short texts are one, with marks between them; a few others stay what they are."""


def _values(operand: list[Any]) -> _Listed:
    if len(operand) > VALUES_MAX:
        raise ValueError(f"A list may have {VALUES_MAX} values, this one has {len(operand)}.")
    if _TEXTS.issuperset(map(type, operand)):
        if len(operand) <= _SEARCHED_MAX:
            return _joined(operand) or tuple(map(intern, operand))
        operand = list(map(intern, operand))
    texts = frozenset(item for item in operand if isinstance(item, str))
    return _Values(operand, texts, tuple(item for item in operand if not isinstance(item, str)))


def _joined(texts: list[str]) -> str | None:
    """A mark, and one after each text; None where they are long, or have the mark in them.

    Made and looked through in a fraction of the time that single texts take, and no larger.
    """
    joined = f"{_MARK}{_MARK.join(texts)}{_MARK}"
    is_small = len(joined) <= _JOINED_CHARS_MAX * len(texts) and joined.isascii()
    return joined if is_small and joined.count(_MARK) == len(texts) + 1 else None


def _listed(values: _Listed) -> list[Any]:
    if isinstance(values, str):
        return values[1:-1].split(_MARK)
    return list(values) if isinstance(values, tuple) else values.listed


def _one_of(value: Any, values: _Listed) -> bool:
    if isinstance(values, str):
        is_short = isinstance(value, str) and len(value) < len(values)
        return is_short and _MARK not in value and f"{_MARK}{value}{_MARK}" in values
    if isinstance(values, tuple):
        return isinstance(value, str) and value in values
    if isinstance(value, str):
        return value in values.texts
    return any(_equal(value, other) for other in values.others)


@dataclass(frozen=True, slots=True)
class _Pattern:
    """A regular expression, and its search."""

    text: str
    found_in: Callable[[str], bool]


def _pattern(text: str) -> _Pattern:
    return _Pattern(text, compile_pattern(text))


def _text_of(pattern: _Pattern) -> str:
    return pattern.text


def _containing(value: Any, operand: Any) -> bool:
    if isinstance(value, str):
        return isinstance(operand, str) and operand in value
    return isinstance(value, list) and any(_equal(item, operand) for item in value)


def _found_by(value: Any, pattern: _Pattern) -> bool:
    return isinstance(value, str) and pattern.found_in(value)


def _starting(value: Any, operand: str) -> bool:
    return isinstance(value, str) and value.startswith(operand)


def _ending(value: Any, operand: str) -> bool:
    return isinstance(value, str) and value.endswith(operand)


def _null(value: Any, operand: bool) -> bool:  # noqa: FBT001 - the author's word
    return (value is None) is operand


def _empty(value: Any, operand: bool) -> bool:  # noqa: FBT001 - the author's word
    return (value is None or value in ("", [], {})) is operand


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_number(value: Any) -> bool:
    return type(value) in _NUMBERS


_Prepared: TypeAlias = tuple[Callable[[Any], Any], Callable[[Any], Any]]

_ANY: Final = ("any value", None)
_ORDERED: Final = ("a number or a text", frozenset({str, int, float}))
_LIST: Final = ("a list", frozenset({list}))
_TEXT: Final = ("a text", frozenset({str}))
_BOOL: Final = ("true or false", frozenset({bool}))


def _one(
    name: str,
    operand: tuple[str, AbstractSet[type] | None],
    holds: Callable[[Any, Any], bool],
    prepared: _Prepared = (_itself, _itself),
    *,
    is_negative: bool = False,
) -> Operator:
    takes, kinds = operand
    made, wanted = prepared
    return Operator(
        name=name, takes=takes, kinds=kinds, holds=holds,
        prepared=made, wanted=wanted, is_negative=is_negative,
    )  # fmt: skip


def _both(
    name: str,
    operand: tuple[str, AbstractSet[type] | None],
    holds: Callable[[Any, Any], bool],
    prepared: _Prepared = (_itself, _itself),
) -> tuple[Operator, Operator]:
    return (
        _one(f"~{name}", operand, holds, prepared),
        _one(f"~n{name}", operand, holds, prepared, is_negative=True),
    )


_ALL: Final = (
    *_both("eq", _ANY, _equal),
    _one("~gt", _ORDERED, _ordered(operator.gt)),
    _one("~gte", _ORDERED, _ordered(operator.ge)),
    _one("~lt", _ORDERED, _ordered(operator.lt)),
    _one("~lte", _ORDERED, _ordered(operator.le)),
    *_both("in", _LIST, _one_of, (_values, _listed)),
    *_both("regex", _TEXT, _found_by, (_pattern, _text_of)),
    *_both("starts", _TEXT, _starting),
    *_both("ends", _TEXT, _ending),
    *_both("contains", _ANY, _containing),
    _one("~isnull", _BOOL, _null),
    _one("~isempty", _BOOL, _empty),
)

OPERATORS: Final[Mapping[str, Operator]] = MappingProxyType({each.name: each for each in _ALL})
"""By their names, which begin with ``~``."""
