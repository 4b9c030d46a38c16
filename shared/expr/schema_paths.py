"""What a JSON Schema says of one place in the values that it describes."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from shared.expr.schemas import Schema

REFERENCES_MAX: Final = 32

_SCALARS: Final = frozenset({"string", "number", "integer", "boolean", "null"})
_UNSURE: Final = frozenset(
    {
        *("anyOf", "oneOf", "allOf", "not", "if", "then", "else", "dependentSchemas"),
        *("patternProperties", "unevaluatedProperties", "prefixItems", "$dynamicRef"),
        *("$recursiveRef", "dependencies"),
    }
)
"""With one of these a part of a schema does not say by itself what may be there."""


class Absent(NamedTuple):
    """The schema names nothing of this name; ``known`` is what it names beside it."""

    path: tuple[str, ...]
    known: Sequence[str]


def described(schema: Schema, path: Sequence[str]) -> Mapping[str, Any] | Absent | None:
    """The part of a valid schema for ``path``; None: it does not say what may be there.

    A path goes through lists as JSONata's do, with places in them or without. An object that names
    its properties is taken to have no others, unless it says that it may.
    """
    node: Any = schema
    for depth, name in enumerate(path):
        node, is_item = _entered(schema, node, name)
        if is_item:
            continue
        if not isinstance(node, dict):
            return None
        properties = node.get("properties")
        if isinstance(properties, dict) and name in properties:
            node = properties[name]
        elif node.get("additionalProperties", False) is not False:
            return None
        elif isinstance(properties, dict) or types_of(node) <= _SCALARS:
            return Absent(tuple(path[: depth + 1]), sorted(properties or ()))
        else:
            return None
    part: Mapping[str, Any] | None = _resolved(schema, node)
    return part


def types_of(part: Mapping[str, Any]) -> frozenset[str]:
    """The types that a part of a schema allows; ``any`` where it does not say."""
    said = part.get("type", "any")
    return frozenset([said] if isinstance(said, str) else said)


def _entered(schema: Schema, node: Any, name: str) -> tuple[Any, bool]:
    """What ``name`` is looked up in, through lists; or the item, where it is a place in one."""
    for _ in range(REFERENCES_MAX):
        node = _resolved(schema, node)
        if not isinstance(node, dict) or types_of(node) != {"array"}:
            return node, False
        node = node.get("items")
        if name.lstrip("-").isdecimal():
            return node, True
    return None, False


def _resolved(schema: Schema, node: Any) -> Any:
    """``node``, or what it refers to; None where it does not say what may be there."""
    for _ in range(REFERENCES_MAX):
        if not isinstance(node, dict) or _UNSURE & node.keys():
            return None
        if "$ref" not in node:
            return node
        start, *parts = node["$ref"].split("/")
        node = schema if start == "#" else None
        for part in parts:
            key = part.replace("~1", "/").replace("~0", "~")
            node = node.get(key) if isinstance(node, dict) else None
    return None
