"""Examples: the least that a schema takes, and the command line that sends it."""

from collections.abc import Iterator, Mapping, Sequence
from shlex import quote
from typing import Any, Final

import orjson

Json = Mapping[str, Any]

_ID: Final = "4a4de828-f4c9-4bea-8ef4-2d705aec43bc"
_TIME: Final = "2026-11-22T10:00:00Z"
_OF_FORMAT: Final = {"uuid": _ID, "date-time": _TIME}
_OF_TYPE: Final[Json] = {"integer": 1, "number": 1, "boolean": True, "null": None}
_DEPTH_MAX: Final = 8


def example_of(schema: Json, schemas: Json, depth: int = 0) -> Any:
    """A value that has the shape of ``schema``: what is required, and no more."""
    if "$ref" in schema:
        return example_of(schemas[schema["$ref"].rpartition("/")[2]], schemas, depth)
    told = [schema[word] for word in ("const", "default") if word in schema]
    told += [schema[word][0] for word in ("examples", "enum") if word in schema]
    if told:
        return told[0]
    shapes = schema.get("anyOf") or schema.get("allOf")
    if shapes:
        return example_of(shapes[0], schemas, depth)
    return _plain(schema, schemas, depth + 1)


def _plain(schema: Json, schemas: Json, depth: int) -> Any:
    match schema.get("type"):
        case "object" if depth < _DEPTH_MAX:
            fields, required = schema.get("properties", {}), schema.get("required", ())
            return {name: example_of(fields.get(name, {}), schemas, depth) for name in required}
        case "array":
            least = 1 if schema.get("minItems") else 0
            return [example_of(schema.get("items", {}), schemas, depth) for _ in range(least)]
        case "string":
            return _OF_FORMAT.get(schema.get("format", ""), "x")
        case kind:
            return _OF_TYPE.get(str(kind), {})


def curl_of(method: str, path: str, operation: Json, schemas: Json) -> str:
    """The command that asks for an operation, with everything it cannot do without."""
    return " \\\n  ".join(_words(method, path, operation, schemas))


def _words(method: str, path: str, operation: Json, schemas: Json) -> Iterator[str]:
    verb = "" if method == "get" else f" -X {method.upper()}"
    required = [p for p in operation["parameters"] if p.get("required")]
    for parameter in required:
        if parameter["in"] == "path":
            shown = str(example_of(parameter["schema"], schemas))
            path = path.replace(f"{{{parameter['name']}}}", shown)
    query = "&".join(_pairs([p for p in required if p["in"] == "query"], schemas))
    yield f'curl{verb} "$TURNOUT_URL{path}{"?" if query else ""}{query}"'
    if operation["security"]:
        yield '-H "Authorization: Bearer $TURNOUT_TOKEN"'
    content: Json = operation.get("requestBody", {}).get("content", {})
    for media, body in content.items():
        example = example_of(body["schema"], schemas)
        yield f"-H {quote(f'Content-Type: {media}')}"
        yield f"--data {quote(orjson.dumps(example).decode())}"
        return


def _pairs(parameters: Sequence[Json], schemas: Json) -> Iterator[str]:
    for parameter in parameters:
        yield f"{parameter['name']}={example_of(parameter['schema'], schemas)}"
