"""Reading JSON of strangers: what Postgres, Kafka and the expression engines can all carry.

orjson refuses bad UTF-8, a byte order mark, lone surrogates, NaN, and numbers beyond a double. Of
a key given twice the last counts, as in every other reader of the same document; where somebody
writes by hand, ``check_keys`` refuses it.
"""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import orjson

from shared.domain.errors import Invalid, Problem

WRITABLE_DEPTH_MAX: Final = 200
"""Levels of what can be written again, with some around it: orjson reads more than it writes."""


class JsonFault(StrEnum):
    """What a document can be refused for, whatever it says."""

    UNREADABLE = "UNREADABLE"
    TOO_LARGE = "TOO_LARGE"
    TOO_DEEP = "TOO_DEEP"
    TOO_MANY_KEYS = "TOO_MANY_KEYS"
    NUL_CHARACTER = "NUL_CHARACTER"


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonLimits:
    """How large a document may be; ``depth_max`` counts the levels of objects and arrays."""

    body_bytes_max: int = 262_144
    depth_max: int = 64
    keys_max: int = 10_000


def read_json(raw: bytes, limits: JsonLimits) -> Any:
    """The value of a document. Raises Invalid with one JsonFault."""
    if len(raw) > limits.body_bytes_max:
        raise invalid("", JsonFault.TOO_LARGE, f"Send at most {limits.body_bytes_max} bytes.")
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise _unreadable(error, limits) from None
    check_value(raw, value, limits)
    return value


def check_value(raw: bytes, value: Any, limits: JsonLimits) -> None:
    """Raises Invalid when ``value``, which ``raw`` stands for, is more than may be read."""
    # Counting bytes takes a microsecond and never says too few; only then is it worth to look.
    if raw.count(b"{") + raw.count(b"[") > limits.depth_max or raw.count(b":") > limits.keys_max:
        _check_extent(value, limits)
    if b"\\u0000" in raw:
        _check_texts(value)


def check_keys(raw: bytes) -> None:
    """Raises Invalid for the first key that an object has twice; ``raw`` was read before."""
    try:
        found = json.loads(raw, object_pairs_hook=_keyed, parse_int=str, parse_float=str)
    except RecursionError:  # what was read is not deep: another value of the same key was left out
        raise invalid("", JsonFault.UNREADABLE, "A key stands there twice.") from None
    path = _path_to_twice(found)
    if path is not None:
        place = pointer_of(path)
        raise invalid(place, JsonFault.UNREADABLE, f"'{str(path[-1])[:64]}' stands there twice.")


def check_writable(raw: bytes, value: Any) -> None:
    """Raises Invalid when ``value``, read from ``raw``, has more than ``WRITABLE_DEPTH_MAX``."""
    if raw.count(b"{") + raw.count(b"[") > WRITABLE_DEPTH_MAX:
        _check_extent(value, JsonLimits(depth_max=WRITABLE_DEPTH_MAX, keys_max=len(raw)))


def invalid(pointer: str, code: str, detail: str) -> Invalid:
    """The error of a document with one fault."""
    return Invalid([Problem(pointer=pointer, code=code, detail=detail)])


def pointer_of(path: Iterable[str | int]) -> str:
    """The RFC 6901 pointer of a path of keys and indexes."""
    return "".join(f"/{str(key).replace('~', '~0').replace('/', '~1')}" for key in path)


def _unreadable(error: orjson.JSONDecodeError, limits: JsonLimits) -> Invalid:
    if "depth limit" in error.msg:
        return _too_deep(limits)
    return invalid("", JsonFault.UNREADABLE, f"This is not JSON: {error}.")


def _too_deep(limits: JsonLimits) -> Invalid:
    return invalid("", JsonFault.TOO_DEEP, f"Nest at most {limits.depth_max} levels.")


def _check_extent(value: Any, limits: JsonLimits) -> None:
    depth = keys = 0
    level = [value]
    while level := [node for node in level if isinstance(node, _NESTS)]:
        depth += 1
        if depth > limits.depth_max:
            raise _too_deep(limits)
        level, above = [], level
        for node in above:
            keys += len(node) if isinstance(node, dict) else 0
            level += node.values() if isinstance(node, dict) else node
        if keys > limits.keys_max:
            raise invalid("", JsonFault.TOO_MANY_KEYS, f"Use at most {limits.keys_max} keys.")


_NESTS: Final = (dict, list)
"""A tuple: each value of a document is asked for it, and a union would be made each time."""


@dataclass(frozen=True, slots=True)
class _Twice:
    """An object that has a key twice."""

    key: str


def _keyed(pairs: list[tuple[str, Any]]) -> dict[str, Any] | _Twice:
    keyed = dict(pairs)
    if len(keyed) == len(pairs):
        return keyed
    times = Counter(key for key, _ in pairs)
    return _Twice(times.most_common(1)[0][0])


def _path_to_twice(value: Any) -> tuple[str | int, ...] | None:
    if isinstance(value, _Twice):
        return (value.key,)
    for key, child in _children(value):
        path = _path_to_twice(child)
        if path is not None:
            return (key, *path)
    return None


def _check_texts(value: Any) -> None:
    path = _path_to_nul(value)
    if path is not None:
        raise invalid(
            pointer_of(path),
            JsonFault.NUL_CHARACTER,
            "Texts must not hold the character U+0000.",
        )


def _path_to_nul(value: Any) -> tuple[str | int, ...] | None:
    """Where the first text with U+0000 is; for a key, the object that has it."""
    if isinstance(value, str):
        return () if "\0" in value else None
    if isinstance(value, dict) and any("\0" in key for key in value):
        return ()
    for key, child in _children(value):
        path = _path_to_nul(child)
        if path is not None:
            return (key, *path)
    return None


def _children(value: Any) -> Iterable[tuple[str | int, Any]]:
    if isinstance(value, dict):
        return value.items()
    return enumerate(value) if isinstance(value, list) else ()
