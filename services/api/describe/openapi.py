"""The OpenAPI document, made of the routes: what they say of themselves is all that it says."""

import re
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from inspect import getdoc, getmodule
from itertools import pairwise
from typing import Any, Final

from services.api.describe import openapi_parts as parts
from services.api.describe.json_schemas import Schemas, schemas_of
from services.api.describe.openapi_answers import answers_of, is_conditional, refusals
from services.api.describe.workflow_schema import add_words
from services.api.http.route import Media, Route
from shared.domain.principals import Scope

_ABOUT: Final = """\
Events start workflows, and you can see why.

Bodies are JSON, definitions YAML too. Times are RFC 3339 in UTC, durations seconds. A list answers
with a page of `items` and a `next_cursor`, which asks for the page that follows; null at the end.
What is refused is answered with a problem document (RFC 9457), whose `errors` name each fault and
its place. Fields may be added to answers: pass over those that you do not know."""

_PARAMETER: Final = re.compile(r"\{(\w+)\}")
_LISTED: Final = re.compile(r"_(all|recent|open)$")


def openapi_document(routes: Sequence[Route], version: str) -> dict[str, Any]:
    """The document, in OpenAPI 3.1, of ``routes`` in their order."""
    schemas = schemas_of(_kinds(routes))
    add_words(schemas)
    names = _operation_ids(routes)
    paths: dict[str, Any] = {}
    for route, name in zip(routes, names, strict=True):
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, name, schemas)
    for kind in {route.query for route in routes} - {None}:
        del schemas.shared[_name(schemas.of[kind])]
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Turnout",
            "version": version,
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": _tags(routes),
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.shared.items())),
            "parameters": parts.PARAMETERS,
            "headers": parts.HEADERS,
            "responses": refusals(schemas),
            "securitySchemes": parts.SECURITY_SCHEMES,
        },
    }


_APART: Final = frozenset({"decisions"})
"""Modules whose routes are a group of their own, whatever their paths begin with."""


def tag_of(route: Route) -> str:
    """The group that it belongs to."""
    _, first, *rest = route.path.split("/")
    if first == "v1":
        return _module(route) if _module(route) in _APART else rest[0]
    return first if _is_face(first) else _module(route)


def _is_face(tag: str) -> bool:
    """Whether it is what another system's clients ask."""
    return f"/{tag}/" in parts.FORMS


def _module(route: Route) -> str:
    return route.handler.__module__.rpartition(".")[2]


def _tags(routes: Sequence[Route]) -> list[dict[str, str]]:
    """Each group with the first line of its module; those of other systems stand at the end."""
    firsts: dict[str, Route] = {}
    for route in routes:
        firsts.setdefault(tag_of(route), route)
    return [
        {"name": tag, "description": _lines(getdoc(getmodule(route.handler)))[0]}
        for tag, route in sorted(firsts.items(), key=lambda one: _is_face(one[0]))
    ]


def _operation_ids(routes: Sequence[Route]) -> list[str]:
    """A name for each, of its group and its handler.

    The first of several that would have one keeps it: a route that is added renames no other.
    """
    names: dict[str, Route] = {}
    for route in routes:
        verb = _LISTED.sub("", route.handler.__name__)
        words = [part for part in route.path.split("/")[1:] if not part.startswith("{")]
        for more in ("", f"_{words[-1]}", f"_{route.method.lower()}"):
            name = f"{tag_of(route)}_{verb}{more}".replace("-", "_")
            if name not in names and more != f"_{tag_of(route)}":
                break
        names[name] = route
    return [*names]


def _kinds(routes: Sequence[Route]) -> Iterator[Any]:
    """Every type that the document shows."""
    yield from (form.kind for form in (parts.NATIVE, *parts.FORMS.values()))
    for route in routes:
        if route.query is not None:
            yield route.query
        if route.body is not None:
            yield route.body.model
        for kind in route.answers.values():
            if kind is not None and not isinstance(kind, Media):
                yield kind


def _operation(route: Route, name: str, schemas: Schemas) -> dict[str, Any]:
    first, rest = _lines(getdoc(route.handler))
    scopes = sorted(route.needs)
    operation: dict[str, Any] = {
        "operationId": name,
        "tags": [tag_of(route)],
        "summary": first,
        "description": "\n\n".join(filter(None, (rest, _needs(scopes)))),
        "parameters": [*_in_path(route), *_in_query(route, schemas), *_in_headers(route)],
        "responses": answers_of(route, schemas),
        "security": [{scheme: scopes} for scheme in parts.SECURITY_SCHEMES] if scopes else [],
        "x-turnout-scopes": scopes,
    }
    if route.body is not None:
        schema = schemas.of[route.body.model]
        operation["requestBody"] = {
            "required": not route.body.is_optional,
            "content": {media: {"schema": schema} for media in sorted(route.body.media)},
        }
    return operation


def _lines(text: str | None) -> tuple[str, str]:
    """The first line of a docstring, and the rest, with Markdown's marks for code."""
    first, _, rest = (text or "").replace("``", "`").partition("\n")
    return first.removesuffix("."), rest.strip()


def _needs(scopes: Sequence[str]) -> str:
    listed = " and ".join(f"`{scope}`" for scope in scopes)
    return f"Needs the scope {listed}." if listed else "Open to all."


def _in_path(route: Route) -> Iterator[dict[str, Any]]:
    for before, segment in pairwise(route.path.split("/")):
        for name in _PARAMETER.findall(segment):
            own = parts.IN_PATH.get(f"{{{name}}}")
            about, schema = own or parts.IN_PATH.get(before, ("", {"type": "string"}))
            yield _parameter(name, "path", about, schema, required=True)


def _in_query(route: Route, schemas: Schemas) -> Iterator[dict[str, Any]]:
    if route.query is None:
        return
    model = schemas.shared[_name(schemas.of[route.query])]
    for name, schema in model.get("properties", {}).items():
        required = name in model.get("required", ())
        yield _parameter(
            name, "query", schema.get("description", ""), _given(schema), required=required
        )


def _parameter(
    name: str, place: str, about: str, schema: Mapping[str, Any], *, required: bool
) -> dict[str, Any]:
    parameter = {"name": name, "in": place, "required": required, "schema": schema}
    return {**parameter, "description": about} if about else parameter


def _given(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of what stands in a query string: there is no null, it is left out."""
    given = {k: v for k, v in schema.items() if k not in ("anyOf", "description")}
    given |= {_BOUNDS[k]: given.pop(k) for k in _BOUNDS.keys() & given.keys()}
    if given.get("default", ...) is None:
        del given["default"]
    shapes = [shape for shape in schema.get("anyOf", ()) if shape != {"type": "null"}]
    return {**given, **(shapes[0] if len(shapes) == 1 else {"anyOf": shapes} if shapes else {})}


# How pydantic writes the bounds of what it turns into a number itself.
_BOUNDS: Final = {"ge": "minimum", "le": "maximum"}


def _in_headers(route: Route) -> Iterator[dict[str, str]]:
    named = ["RequestId"]
    if route.needs:
        named.append("Environment")
    if _takes_key(route):
        named.append("IdempotencyKey")
    if is_conditional(route):
        named.append("IfMatch")
    if HTTPStatus.NOT_MODIFIED in route.answers:
        named.append("IfNoneMatch")
    yield from ({"$ref": f"#/components/parameters/{name}"} for name in named)


def _takes_key(route: Route) -> bool:
    """Whether ``Idempotency-Key`` names what it does: it changes something, and is no worker's."""
    if not route.path.startswith("/v1/") or route.path.startswith("/v1/tasks/"):
        return False
    return not route.needs or (route.method != "GET" and Scope.READ not in route.needs)


def _name(schema: Mapping[str, Any]) -> str:
    """The name of what a schema refers to."""
    name: str = schema["$ref"].rpartition("/")[2]
    return name
