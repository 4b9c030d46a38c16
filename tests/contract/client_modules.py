"""The modules of ``shared.client.api``, made of the API's routes: ``make client`` writes them.

Each function has the route's path parameters by position, and a body that is a document of its own
(one that may be written as YAML); by name the fields of any other body, and of the query string.
"""

import builtins
import keyword
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from inspect import getdoc, getmodule
from pathlib import Path
from textwrap import indent
from types import UnionType
from typing import Any, Final, get_args, get_origin

from services.api.describe.openapi import openapi_document, tag_of
from services.api.http.bodies import YAML
from services.api.http.route import Media, Route
from services.api.routes import ROUTES

FOLDER: Final = Path(__file__).parents[2] / "shared" / "client" / "api"

_PLACES: Final = {
    "Any": "typing",
    "Asked": "shared.client.asked",
    "Mapping": "collections.abc",
    "Sequence": "collections.abc",
    "Stream": "shared.client.server_sent",
    "UUID": "uuid",
    "body_of": "shared.client.asked",
    "datetime": "datetime",
    "path_of": "shared.client.asked",
    "query_of": "shared.client.asked",
}
_DOCUMENT: Final = "Mapping[str, Any]"
_OF_FORMAT: Final = {"uuid": "UUID | str", "date-time": "datetime"}
_OF_TYPE: Final = {
    "boolean": "bool",
    "integer": "int",
    "null": "None",
    "number": "float",
    "object": _DOCUMENT,
    "string": "str",
}


def main() -> None:
    """Write every module anew."""
    for old in FOLDER.glob("[a-z]*.py"):
        old.unlink()
    for name, text in modules().items():
        (FOLDER / f"{name}.py").write_text(text)


def modules() -> Mapping[str, str]:
    """The text of each module by its name."""
    document = openapi_document(ROUTES, "")
    groups: defaultdict[str, list[Route]] = defaultdict(list)
    for route in ROUTES:
        if route.path.startswith("/v1/") and not route.path.startswith("/v1/hooks/"):
            groups[tag_of(route)].append(route)
    return {
        tag.replace("-", "_"): _formatted(_Module(tag, routes, document).text())
        for tag, routes in groups.items()
    }


class _Module:
    """One module while it is written: what it imports shows as its functions are made."""

    def __init__(self, tag: str, routes: Sequence[Route], document: Mapping[str, Any]) -> None:
        self._tag = tag.replace("-", "_")
        self._routes = routes
        self._paths = document["paths"]
        self._schemas = document["components"]["schemas"]
        self._names: dict[str, str] = {}

    def text(self) -> str:
        functions = "\n\n".join(self._function(route) for route in self._routes)
        about = (getdoc(getmodule(self._routes[0].handler)) or "").partition("\n")[0]
        imports = (f"from {place} import {name}" for name, place in sorted(self._names.items()))
        head = f'"""{about.removesuffix(".")}.\n\nMade by ``make client``.\n"""'
        return "\n".join((head, "", *imports, "", "", functions))

    def _function(self, route: Route) -> str:
        operation = self._paths[route.path][route.method.lower()]
        name = _safe(operation["operationId"].removeprefix(f"{self._tag}_"))
        in_path = [p for p in operation["parameters"] if p.get("in") == "path"]
        in_query = [p for p in operation["parameters"] if p.get("in") == "query"]
        by_place = [f"{_safe(p['name'])}: {self._kind(p['schema'])}" for p in in_path]
        by_name: list[str] = []
        fields = self._fields(route)
        if "document" in fields:
            by_place.append(fields["document"])
        else:
            by_name += fields.values()
        by_name += [self._parameter(p) for p in in_query]
        by_name.sort(key=lambda one: "=" in one)
        given = ", ".join([*by_place, *(["*", *by_name] if by_name else [])])
        path = f'"{route.path[1:]}"'
        if in_path:
            parts = ", ".join(_safe(p["name"]) for p in in_path)
            path = f"{self._used('path_of')}({path}, {parts})"
        query = f"{self._used('query_of')}({_passed(p['name'] for p in in_query)})"
        body = ""
        if "document" in fields:
            body = ", body=document"
        elif fields:
            body = f", body={self._used('body_of')}({_passed(fields)})"
        return (
            f"def {name}({given}) -> {self._used('Asked')}[{self._answer(route)}]:\n"
            f'    """{_about(route)}"""\n'
            f'    return Asked(method="{route.method}", path={path}, query={query}{body})\n'
        )

    def _fields(self, route: Route) -> dict[str, str]:
        """The parameters that make the body, by the names of its fields."""
        if route.body is None:
            return {}
        operation = self._paths[route.path][route.method.lower()]
        schema = self._whole(next(iter(operation["requestBody"]["content"].values()))["schema"])
        if route.body.media & YAML or "properties" not in schema:
            kind = self._kind(schema) if schema.get("type") == "array" else _DOCUMENT
            self._see(kind)
            return {"document": f"document: {kind}"}
        required = schema.get("required", ())
        return {
            name: f"{_safe(name)}: {self._given(field, is_required=name in required)}"
            for name, field in schema["properties"].items()
        }

    def _parameter(self, parameter: Mapping[str, Any]) -> str:
        kind = self._given(parameter["schema"], is_required=parameter["required"])
        return f"{_safe(parameter['name'])}: {kind}"

    def _given(self, schema: Mapping[str, Any], *, is_required: bool) -> str:
        kind = self._kind(schema)
        if is_required:
            return kind
        return f"{kind} = None" if kind == "Any" or "None" in kind else f"{kind} | None = None"

    def _kind(self, schema: Mapping[str, Any]) -> str:
        """The type of what ``schema`` describes, as callers write it."""
        whole = self._whole(schema)
        shapes = whole.get("anyOf") or whole.get("oneOf")
        if shapes:
            kinds = dict.fromkeys(self._kind(shape) for shape in shapes)
            kind = "Any" if "Any" in kinds else " | ".join(sorted(kinds, key=lambda k: k == "None"))
        elif whole.get("type") == "array":
            kind = f"Sequence[{self._kind(whole.get('items', {}))}]"
        else:
            of_type = _OF_TYPE.get(whole.get("type", ""), "Any")
            kind = _OF_FORMAT.get(whole.get("format", ""), of_type)
        self._see(kind)
        return kind

    def _whole(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        while "$ref" in schema:
            schema = self._schemas[schema["$ref"].rpartition("/")[2]]
        return schema

    def _answer(self, route: Route) -> str:
        kinds = dict.fromkeys((route.answers or {}).values())
        return " | ".join(dict.fromkeys(self._written(kind) for kind in kinds))

    def _written(self, kind: Any) -> str:
        """The name of a document's type, which the module then imports."""
        origin, parts = get_origin(kind) or kind, get_args(kind)
        if kind is None:
            return "None"
        if isinstance(kind, Media):
            return self._used("Stream")
        if origin is UnionType:
            return " | ".join(self._written(part) for part in parts)
        self._names[origin.__name__] = origin.__module__
        listed = ", ".join(self._written(part) for part in parts)
        return f"{origin.__name__}[{listed}]" if parts else str(origin.__name__)

    def _see(self, kind: str) -> None:
        for name in _PLACES:
            if name in kind:
                self._used(name)

    def _used(self, name: str) -> str:
        self._names[name] = _PLACES[name]
        return name


def _safe(name: str) -> str:
    """A name that means nothing else."""
    is_taken = keyword.iskeyword(name) or hasattr(builtins, name)
    return f"{name}_" if is_taken else name


def _passed(names: Iterator[str] | Mapping[str, str]) -> str:
    return ", ".join(f"{_safe(name)}={_safe(name)}" for name in names)


def _about(route: Route) -> str:
    first, _, rest = (getdoc(route.handler) or "").partition("\n")
    if not rest.strip():
        return first
    return f"{first}\n\n{indent(rest.strip(), '    ')}\n    "


def _formatted(text: str) -> str:
    for arguments in (("check", "--fix", "--select", "I"), ("format",)):
        command = [sys.executable, "-m", "ruff", *arguments, "--quiet"]
        command += ["--stdin-filename", "shared/client/api/one.py", "-"]
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
        text = done.stdout
    return text


if __name__ == "__main__":
    main()
