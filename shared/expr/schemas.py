"""JSON Schemas of strangers, within bounds; draft 2020-12 unless ``$schema`` says 6 to 2019-09.

A schema refers only to parts of itself, and never in a circle, so that a check costs at most
``PARTS_MAX`` looks at each part of a value. Nothing is ever fetched, patterns run in linear time,
and no message quotes a value: it may be a secret.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Final, TypeAlias

from jsonschema_rs import RegexOptions, ValidationError, validator_for

from shared.domain.errors import Defect, Invalid, Problem
from shared.expr.patterns import COST_MAX, pattern_cost

Schema: TypeAlias = dict[str, Any] | bool

INVALID_SCHEMA: Final = "INVALID_SCHEMA"
PARTS_MAX: Final = 2_000
PATTERNS_CHARS_MAX: Final = 16_384
"""So long may all patterns of a schema be together: what is made of them is large."""
PATTERNS_COST_MAX: Final = 10_000
"""So much may they cost together, with what Unicode's classes weigh, when a schema is saved; one
that was saved before stays valid."""

FAULTS_MAX: Final = 20
LOOKS_MAX: Final = 10_000
"""At parts of a value, by parts of a schema, while all its faults are looked for."""
CHECK_LOOKS_MAX: Final = 3_000_000
"""While it is checked at all; a tenth of a microsecond each, and nothing else runs meanwhile."""

_UNICODE: Final = re.compile(r"\\[pP]")
_UNICODE_WEIGHT: Final = 14
_TEXT_CHARS_A_LOOK: Final = 100
_CLASS_CHARS_FREE: Final = 60
_FAULT_CHARS_MAX = 200
_DEPTH_MAX = 64
_SELF = "#"
_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")


class JsonSchema:
    """A schema, compiled. Raises Invalid, with the fault's place below ``pointer``."""

    def __init__(self, schema: Schema, pointer: str = "") -> None:
        self._parts = _Extent(schema, pointer).check()
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
        """What is wrong with ``value``, each with its place; at most ``FAULTS_MAX``.

        A value of more than ``CHECK_LOOKS_MAX / parts`` parts, a long text counted as several, is
        not checked, and that is its fault.
        Of a value with more than ``LOOKS_MAX / parts`` parts only the first fault is told: the
        engine finds all of them before it gives one, each with those of every alternative.
        """
        looks = self._parts * _size(value)
        if looks > CHECK_LOOKS_MAX:
            return ["(whole): it is too large to be checked by so large a schema"]
        if self._validator.is_valid(value):
            return []
        if looks > LOOKS_MAX:
            return [_told(self._first_fault(value))]
        return [_told(fault) for fault in islice(self._validator.iter_errors(value), FAULTS_MAX)]

    def _first_fault(self, value: Any) -> ValidationError:
        try:
            self._validator.validate(value)
        except ValidationError as fault:
            return fault
        raise Defect("A value is valid, and is not.")


def check_new(schema: Schema, pointer: str = "") -> None:
    """Refuse a schema that is not to be saved. Raises Invalid as ``JsonSchema``.

    One that is not refused is compiled in a fifth of a second at most: nothing runs meanwhile.
    """
    cost = 0
    # However often a pattern is there, it is compiled once.
    for pattern, place in {said: at for at, said in _patterns(schema, pointer, 0)}.items():
        own = pattern_cost(pattern, _weight)
        cost += own
        if own > COST_MAX or cost > PATTERNS_COST_MAX:
            detail = "The pattern is too costly; shorten it or its counted repetitions {n,m}."
            raise _invalid(place, detail)
    JsonSchema(schema, pointer)


def _weight(atom: str) -> int:
    """How much longer an atom takes to compile than a character, by what classes are made of."""
    return 1 + len(atom) // _CLASS_CHARS_FREE + _UNICODE_WEIGHT * len(_UNICODE.findall(atom))


def _patterns(node: Any, pointer: str, depth: int) -> Iterator[tuple[str, str]]:
    """Each pattern with its place; what is nested too deeply is refused for that."""
    if depth > _DEPTH_MAX or not isinstance(node, list | dict):
        return
    if isinstance(node, dict):
        if isinstance(said := node.get("pattern"), str):
            yield f"{pointer}/pattern", said
        if isinstance(by_name := node.get("patternProperties"), dict):
            for name in by_name:
                yield pointer + _pointer_of(("patternProperties", name)), name
    for key, below in node.items() if isinstance(node, dict) else enumerate(node):
        yield from _patterns(below, pointer + _pointer_of((key,)), depth + 1)


class _Extent:
    """How many parts a schema has once each of its references is written out."""

    def __init__(self, schema: Schema, pointer: str) -> None:
        self._schema = schema
        self._pointer = pointer
        self._pattern_chars = 0
        self._known: dict[str, int] = {}
        self._open: set[str] = {_SELF}

    def check(self) -> int:
        """How many. Raises Invalid."""
        if isinstance(self._schema, dict) and "draft-04" in str(self._schema.get("$schema")):
            raise _invalid(self._pointer, "Use JSON Schema draft 6 or later.")
        return self._parts(self._schema, 0)

    def _parts(self, node: Any, depth: int) -> int:
        if depth > _DEPTH_MAX:
            raise _invalid(self._pointer, f"Nest at most {_DEPTH_MAX} levels, references included.")
        if isinstance(node, list):
            return self._sum(node, depth)
        if not isinstance(node, dict):
            return 0
        if depth and isinstance(node.get("$id"), str):
            raise _invalid(self._pointer, "Only the whole schema may have an $id.")
        self._count_patterns(node)
        below = self._sum(node.values(), depth)
        named = (node[key] for key in _REFERENCES if isinstance(node.get(key), str))
        return self._bounded(1 + below + sum(self._target(name, depth) for name in named))

    def _count_patterns(self, node: dict[str, Any]) -> None:
        by_name, said = node.get("patternProperties"), node.get("pattern")
        patterns = [*by_name] if isinstance(by_name, dict) else []
        patterns += [said] if isinstance(said, str) else []
        self._pattern_chars += sum(map(len, patterns))
        if self._pattern_chars > PATTERNS_CHARS_MAX:
            detail = f"All patterns together may have {PATTERNS_CHARS_MAX} characters."
            raise _invalid(self._pointer, detail)

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


def _size(value: Any) -> int:
    """How many values a value is made of; a long text counts as several."""
    if isinstance(value, str):
        return 1 + len(value) // _TEXT_CHARS_A_LOOK
    within = value.values() if isinstance(value, dict) else value
    return 1 + (sum(map(_size, within)) if isinstance(value, dict | list) else 0)


def _told(fault: ValidationError) -> str:
    return f"{_short(_pointer_of(fault.instance_path)) or '(whole)'}: {_short(fault.message)}"


def _fetch_nothing(uri: str) -> Any:
    raise LookupError(uri)


def _pointer_of(path: Iterable[str | int]) -> str:
    return "".join(f"/{str(key).replace('~', '~0').replace('/', '~1')}" for key in path)


def _short(text: str) -> str:
    return text if len(text) <= _FAULT_CHARS_MAX else f"{text[:_FAULT_CHARS_MAX]}…"


def _invalid(pointer: str, detail: str) -> Invalid:
    return Invalid([Problem(pointer=pointer, code=INVALID_SCHEMA, detail=detail)])
