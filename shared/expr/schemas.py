"""JSON Schemas of strangers, within bounds; draft 2020-12 unless ``$schema`` says 6 to 2019-09.

A schema refers only to parts of itself, and never in a circle, so that a check costs at most
``PARTS_MAX`` looks at each part of a value. Nothing is ever fetched, patterns run in linear time,
and no message quotes a value: it may be a secret.
"""

from collections.abc import Iterable
from itertools import islice
from typing import Any, Final, TypeAlias

from jsonschema_rs import RegexOptions, ValidationError, validator_for

from shared.domain.errors import Invalid, Problem

Schema: TypeAlias = dict[str, Any] | bool

INVALID_SCHEMA: Final = "INVALID_SCHEMA"
PARTS_MAX: Final = 2_000
FAULTS_MAX: Final = 20

_FAULT_CHARS_MAX = 200
_DEPTH_MAX = 64
_SELF = "#"
_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")


class JsonSchema:
    """A schema, compiled. Raises Invalid, with the fault's place below ``pointer``."""

    def __init__(self, schema: Schema, pointer: str = "") -> None:
        _Extent(schema, pointer).check()
        try:
            self._validator = validator_for(
                schema,
                retriever=_fetch_nothing,
                pattern_options=RegexOptions(),
                mask="the value",
            )
        except ValidationError as error:
            at = f"{pointer}{_pointer_of(error.instance_path)}"
            raise _invalid(at, f"This is not a JSON Schema: {_short(error.message)}.") from None

    def faults(self, value: Any) -> list[str]:
        """What is wrong with ``value``, each with its place; at most ``FAULTS_MAX``."""
        return [
            f"{_short(_pointer_of(fault.instance_path)) or '(whole)'}: {_short(fault.message)}"
            for fault in islice(self._validator.iter_errors(value), FAULTS_MAX)
        ]


class _Extent:
    """How many parts a schema has once each of its references is written out."""

    def __init__(self, schema: Schema, pointer: str) -> None:
        self._schema = schema
        self._pointer = pointer
        self._known: dict[str, int] = {}
        self._open: set[str] = {_SELF}

    def check(self) -> None:
        """Raises Invalid."""
        if isinstance(self._schema, dict) and "draft-04" in str(self._schema.get("$schema")):
            raise _invalid(self._pointer, "Use JSON Schema draft 6 or later.")
        self._parts(self._schema, 0)

    def _parts(self, node: Any, depth: int) -> int:
        if depth > _DEPTH_MAX:
            raise _invalid(self._pointer, f"Nest at most {_DEPTH_MAX} levels, references included.")
        if isinstance(node, list):
            return self._sum(node, depth)
        if not isinstance(node, dict):
            return 0
        if depth and isinstance(node.get("$id"), str):
            raise _invalid(self._pointer, "Only the whole schema may have an $id.")
        below = self._sum(node.values(), depth)
        named = (node[key] for key in _REFERENCES if isinstance(node.get(key), str))
        return self._bounded(1 + below + sum(self._target(name, depth) for name in named))

    def _sum(self, nodes: Iterable[Any], depth: int) -> int:
        return self._bounded(sum(self._parts(node, depth + 1) for node in nodes))

    def _target(self, name: str, depth: int) -> int:
        if name in self._open:
            raise _invalid(self._pointer, f"'{_short(name)}' leads back to itself; write it out.")
        if name not in self._known:
            self._open.add(name)
            self._known[name] = self._parts(self._found(name), depth + 1)
            self._open.remove(name)
        return self._known[name]

    def _found(self, name: str) -> Any:
        """What stands where a reference points; the escapes of a pointer in a URI are no more."""
        node: Any = self._schema
        start, *path = name.split("/")
        for part in path if start == _SELF else (None,):
            key = part and part.replace("~1", "/").replace("~0", "~")
            if isinstance(node, list) and key and key.isascii() and key.isdecimal():
                node = dict(enumerate(node)).get(int(key[:9]))
            else:
                node = node.get(key) if isinstance(node, dict) else None
            if node is None:
                detail = f"'{_short(name)}' is not here; refer only to parts of this schema, as #/…"
                raise _invalid(self._pointer, f"{detail}.")
        return node

    def _bounded(self, parts: int) -> int:
        if parts > PARTS_MAX:
            detail = f"Use at most {PARTS_MAX} parts, each reference counted as what it refers to."
            raise _invalid(self._pointer, detail)
        return parts


def _fetch_nothing(uri: str) -> Any:
    raise LookupError(uri)


def _pointer_of(path: Iterable[str | int]) -> str:
    return "".join(f"/{str(key).replace('~', '~0').replace('/', '~1')}" for key in path)


def _short(text: str) -> str:
    return text if len(text) <= _FAULT_CHARS_MAX else f"{text[:_FAULT_CHARS_MAX]}…"


def _invalid(pointer: str, detail: str) -> Invalid:
    return Invalid([Problem(pointer=pointer, code=INVALID_SCHEMA, detail=detail)])
