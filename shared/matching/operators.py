"""The operators of filters: what each takes, and when it holds.

Every operator holds or does not hold of any JSON value; a value that is absent is null. Equality
is JSON's: 1 equals 1.0, true does not equal 1, the order of an object's keys does not matter.
"""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from shared.matching.patterns import compile_pattern

Predicate = Callable[[Any], bool]

VALUES_MAX = 1_000
"""The most values that ``~in`` and ``~nin`` take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """What a clause asks of a value.

    ``takes`` names the operands that it ``accepts``; ``predicate`` is made once per clause and
    raises ``ValueError`` with a sentence for an operand of the right type but of no use.
    """

    takes: str
    accepts: Callable[[Any], bool]
    predicate: Callable[[Any], Predicate]
    is_negative: bool = False


def equal_to(operand: Any) -> Predicate:
    """Equality with ``operand``; its depth, not the value's, bounds the work."""
    if operand is None or isinstance(operand, bool):
        return lambda value: value is operand
    if _is_number(operand):
        return lambda value: _is_number(value) and value == operand
    if isinstance(operand, str):
        return lambda value: isinstance(value, str) and value == operand
    if isinstance(operand, list):
        items = [equal_to(item) for item in operand]
        return lambda value: isinstance(value, list) and _all_hold(items, value)
    fields = {key: equal_to(item) for key, item in operand.items()}
    return lambda value: (
        isinstance(value, dict)
        and value.keys() == fields.keys()
        and all(is_equal(value[key]) for key, is_equal in fields.items())
    )


def _all_hold(predicates: list[Predicate], values: list[Any]) -> bool:
    return len(predicates) == len(values) and all(
        holds(value) for holds, value in zip(predicates, values, strict=True)
    )


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any], Predicate]:
    """Numbers with numbers, texts with texts by code point; nothing else is ordered."""

    def predicate(operand: Any) -> Predicate:
        is_comparable = _is_text if isinstance(operand, str) else _is_number
        return lambda value: is_comparable(value) and compare(value, operand)

    return predicate


def _one_of(operand: list[Any]) -> Predicate:
    if len(operand) > VALUES_MAX:
        raise ValueError(f"A list may have {VALUES_MAX} values, this one has {len(operand)}.")
    texts = frozenset(item for item in operand if isinstance(item, str))
    others = [equal_to(item) for item in operand if not isinstance(item, str)]

    def holds(value: Any) -> bool:
        return value in texts if isinstance(value, str) else any(is_(value) for is_ in others)

    return holds


def _containing(operand: Any) -> Predicate:
    is_item = equal_to(operand)

    def holds(value: Any) -> bool:
        if isinstance(value, str):
            return isinstance(operand, str) and operand in value
        return isinstance(value, list) and any(is_item(item) for item in value)

    return holds


def _found_by(operand: str) -> Predicate:
    found_in = compile_pattern(operand)
    return lambda value: isinstance(value, str) and found_in(value)


def _starting(operand: str) -> Predicate:
    return lambda value: isinstance(value, str) and value.startswith(operand)


def _ending(operand: str) -> Predicate:
    return lambda value: isinstance(value, str) and value.endswith(operand)


def _null(operand: bool) -> Predicate:  # noqa: FBT001 - the author's word
    return lambda value: (value is None) is operand


def _empty(operand: bool) -> Predicate:  # noqa: FBT001 - the author's word
    return lambda value: (value is None or value in ("", [], {})) is operand


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_ordered(value: Any) -> bool:
    return _is_text(value) or _is_number(value)


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def _is_bool(value: Any) -> bool:
    return isinstance(value, bool)


def _is_json(_: Any) -> bool:
    return True


def _both(
    name: str, takes: str, accepts: Callable[[Any], bool], predicate: Callable[[Any], Predicate]
) -> dict[str, Operator]:
    return {
        f"~{name}": Operator(takes=takes, accepts=accepts, predicate=predicate),
        f"~n{name}": Operator(takes=takes, accepts=accepts, predicate=predicate, is_negative=True),
    }


def _one(
    name: str, takes: str, accepts: Callable[[Any], bool], predicate: Callable[[Any], Predicate]
) -> dict[str, Operator]:
    return {f"~{name}": Operator(takes=takes, accepts=accepts, predicate=predicate)}


OPERATORS: Mapping[str, Operator] = MappingProxyType(
    _both("eq", "any value", _is_json, equal_to)
    | _one("gt", "a number or a text", _is_ordered, _ordered(operator.gt))
    | _one("gte", "a number or a text", _is_ordered, _ordered(operator.ge))
    | _one("lt", "a number or a text", _is_ordered, _ordered(operator.lt))
    | _one("lte", "a number or a text", _is_ordered, _ordered(operator.le))
    | _both("in", "a list", _is_list, _one_of)
    | _both("regex", "a text", _is_text, _found_by)
    | _both("starts", "a text", _is_text, _starting)
    | _both("ends", "a text", _is_text, _ending)
    | _both("contains", "any value", _is_json, _containing)
    | _one("isnull", "true or false", _is_bool, _null)
    | _one("isempty", "true or false", _is_bool, _empty)
)
"""By their names, which begin with ``~``."""
