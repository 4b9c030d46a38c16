"""lodash's functions over lists and objects, as far as Truto gives them to JSONata."""

import math
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import cmp_to_key
from typing import Any, TypeAlias

import orjson

from shared.expr.truto_functions.javascript import (
    as_list,
    found_at,
    is_number,
    is_same,
    is_truthy,
    number_of,
    path_in,
    text_of,
)

Asked: TypeAlias = Callable[[Any], Any]

_NOTHING = object()


def asked_by(wanted: Any) -> Asked:
    """Lodash's iteratee: a property's name, ``{k: v}``, ``[k, v]``, or a function of JSONata."""
    match wanted:
        case None:
            return lambda item: item
        case dict():
            return lambda item: _matches(item, wanted)
        case [path, value]:
            return lambda item: is_same(found_at(item, path, _NOTHING), value)
        case _ if callable(wanted):
            called: Asked = wanted
            return called
        case _:
            return lambda item: found_at(item, wanted)


def _matches(item: Any, wanted: Any) -> bool:
    if isinstance(wanted, dict):
        return isinstance(item, dict) and all(
            key in item and _matches(item[key], value) for key, value in wanted.items()
        )
    return is_same(item, wanted)


def group_by(items: Any = None, key: Any = None) -> dict[str, list[Any]]:
    """``$groupBy``: lists by what ``key`` says of their items."""
    asked = asked_by(key)
    groups: dict[str, list[Any]] = {}
    for item in as_list(items):
        groups.setdefault(_name(asked(item)), []).append(item)
    return groups


def key_by(items: Any = None, key: Any = None) -> dict[str, Any]:
    """``$keyBy``: the last item of each key."""
    asked = asked_by(key)
    return {_name(asked(item)): item for item in as_list(items)}


def _name(value: Any) -> str:
    return "undefined" if value is None else text_of(value)


def find(items: Any = None, wanted: Any = None) -> Any:
    """``$find``: the first item that is as wanted."""
    asked = asked_by(wanted)
    return next((item for item in as_list(items) if is_truthy(asked(item))), None)


def lofilter(items: Any = None, wanted: Any = None) -> list[Any]:
    """``$lofilter``: the items that are as wanted."""
    asked = asked_by(wanted)
    return [item for item in as_list(items) if is_truthy(asked(item))]


def order_by(items: Any = None, keys: Any = None, orders: Any = None) -> list[Any]:
    """``$orderBy``: stable; null comes last, and kinds compare as JavaScript has it."""
    ordered = list(as_list(items))
    wanted = as_list(keys) or [None]
    directions = as_list(orders)
    for index in reversed(range(len(wanted))):
        asked = asked_by(wanted[index])
        values = [asked(item) for item in ordered]
        is_falling = index < len(directions) and directions[index] == "desc"
        if len({rank(value)[0] for value in values if value is not None}) <= 1:
            places = sorted(range(len(values)), key=_ranks(values), reverse=is_falling)
        else:
            places = sorted(range(len(values)), key=_compared(values, -1 if is_falling else 1))
        ordered = [ordered[place] for place in places]
    return ordered


def _ranks(values: list[Any]) -> Callable[[int], tuple[int, Any]]:
    return lambda place: rank(values[place])


def _compared(values: list[Any], sign: int) -> Callable[[int], Any]:
    """Among values of many kinds there is no order, only what sorting with this comes to."""
    return cmp_to_key(lambda one, other: sign * _compare(values[one], values[other]))


def _compare(one: Any, other: Any) -> int:
    """1 where ``one > other`` in JavaScript, -1 where it is less, else 0; null is after all."""
    if one is None or other is None:
        return (one is None) - (other is None)
    one, other = _primitive(one), _primitive(other)
    if not (isinstance(one, str) and isinstance(other, str)):
        one, other = number_of(one), number_of(other)
    return int(one > other) - int(one < other)


def _primitive(value: Any) -> Any:
    return text_of(value) if isinstance(value, list | dict) else value


def rank(value: Any) -> tuple[int, Any]:
    """The place of a value among values of any kind: numbers, texts, objects, nothing."""
    if is_number(value) or isinstance(value, bool):
        return (0, value)
    if isinstance(value, str):
        return (1, value)
    return (3, 0) if value is None else (2, 0)


def pick(holder: Any = None, *paths: Any) -> dict[str, Any]:
    """``$pick``: a copy with these paths only."""
    picked: dict[str, Any] = {}
    for path in _paths(paths):
        value = found_at(holder, path, _NOTHING)
        if value is _NOTHING:
            continue
        *above, last = path_in(holder, path)
        place = picked
        for part in above:
            place = place.setdefault(part, {})
        place[last] = value
    return picked


def omit(holder: Any = None, *paths: Any) -> dict[str, Any]:
    """``$omit``: a copy without these paths."""
    if not isinstance(holder, dict):
        return {}
    kept = deepcopy(holder)
    for path in _paths(paths):
        *above, last = path_in(holder, path)
        place = found_at(kept, above) if above else kept
        if isinstance(place, dict):
            place.pop(last, None)
    return kept


def _paths(paths: tuple[Any, ...]) -> Iterator[Any]:
    for path in paths:
        yield from as_list(path)


def values(holder: Any = None) -> list[Any]:
    """``$values``: of an object, a list or a text; of nothing, none."""
    if isinstance(holder, dict):
        return list(holder.values())
    return list(holder) if isinstance(holder, list | str) else []


def compact(items: Any = None) -> list[Any]:
    """``$compact``: without what JavaScript takes for false."""
    return [item for item in as_list(items) if is_truthy(item)]


def chunk(items: Any = None, size: Any = None) -> list[list[Any]]:
    """``$chunk``: lists of ``size`` items, one if it is not said."""
    wanted = 1 if size is None else number_of(size)
    length = int(wanted) if math.isfinite(wanted) else 0
    whole = as_list(items)
    return [whole[at : at + length] for at in range(0, len(whole), length)] if length > 0 else []


def difference(items: Any = None, *others: Any) -> list[Any]:
    """``$difference``: the items that no other list has."""
    gone = {_told(other) for listed in others if isinstance(listed, list) for other in listed}
    return [item for item in items if _told(item) not in gone] if isinstance(items, list) else []


def _told(item: Any) -> bytes:
    return orjson.dumps(item, option=orjson.OPT_SORT_KEYS)


def flatten(items: Any = None) -> list[Any]:
    """``$flatten``: one level."""
    return flatten_depth(items, 1)


def flatten_deep(items: Any = None) -> list[Any]:
    """``$flattenDeep``: every level."""
    return flatten_depth(items, math.inf)


def flatten_depth(items: Any = None, depth: Any = None) -> list[Any]:
    """``$flattenDepth``: so many levels, one if it is not said."""
    return list(_flat(as_list(items), 1 if depth is None else number_of(depth)))


def _flat(items: list[Any], depth: float) -> Iterator[Any]:
    for item in items:
        if isinstance(item, list) and depth >= 1:
            yield from _flat(item, depth - 1)
        else:
            yield item


def remove_empty(value: Any = None) -> Any:
    """``$removeEmpty``: a list or a text that has a length, else nothing; so of any object."""
    return value if isinstance(value, list | str) and value else None


def remove_empty_items(items: Any = None) -> Any:
    """``$removeEmptyItems``: without what is false or empty; anything but a list as it is."""
    return [item for item in items if item] if isinstance(items, list) else items


def first_non_empty(*given: Any) -> Any:
    """``$firstNonEmpty``: the first that is there and not null."""
    return next((one for one in given if one is not None), None)


def zip_sql_response(columns: Any = None, rows: Any = None, key: Any = None) -> list[Any]:
    """``$zipSqlResponse``: rows as objects, named by what each column has at ``key``."""
    names = [text_of(column[text_of(key)]) for column in as_list(columns)]
    return [
        {name: row[index] for index, name in enumerate(names) if index < len(row)}
        for row in as_list(rows)
    ]
