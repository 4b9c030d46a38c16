"""The OpenAPI document is one, and says of each route what the route says of itself."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from openapi_spec_validator import OpenAPIV31SpecValidator

from services.api.describe.openapi import openapi_document
from services.api.describe.openapi_parts import FORMS, NATIVE
from services.api.dialects.faces import FACES
from services.api.http.idempotency import keeps_answers
from services.api.http.route import Route
from services.api.routes import ROUTES
from shared.wire.envelope import dumps

DOCUMENT: Mapping[str, Any] = orjson.loads(dumps(openapi_document(ROUTES, "1.2.3")))


def operations() -> Iterator[tuple[Route, Mapping[str, Any]]]:
    """Each route and what is said of it."""
    for route in ROUTES:
        yield route, DOCUMENT["paths"][route.path][route.method.lower()]


def parameters(operation: Mapping[str, Any], place: str) -> dict[str, Any]:
    """The parameters of an operation that stand in the path, or in the query."""
    return {p["name"]: p for p in operation["parameters"] if p.get("in") == place}


def test_it_is_an_openapi_document() -> None:
    """It has the form that OpenAPI's own schema asks for; a fault in it would be seen."""
    OpenAPIV31SpecValidator(DOCUMENT).validate()
    faulty = {**DOCUMENT, "info": {"title": "Turnout"}}
    assert not OpenAPIV31SpecValidator(faulty).is_valid()


def test_it_has_each_route_once() -> None:
    """Every route stands there, and nothing else; each has a name of its own, fit for a program."""
    said = {(m.upper(), path) for path, ms in DOCUMENT["paths"].items() for m in ms}
    assert said == {(route.method, route.path) for route in ROUTES}
    names = [operation["operationId"] for _, operation in operations()]
    assert len(set(names)) == len(names)
    assert [name for name in names if not re.fullmatch(r"[a-z]+(_[a-z]+)+", name)] == []
    assert {
        "executions_list",
        "keys_create",
        "truto_create",
        "hooks_receive_put",
        "workflows_list_versions",
    } <= {*names}


def test_groups_of_other_systems_stand_at_the_end() -> None:
    """Whatever order their routes are in."""
    tags = [tag["name"] for tag in DOCUMENT["tags"]]
    assert len(tags) == len({*tags})
    assert {*tags[-len(FORMS) :]} == {prefix.strip("/") for prefix in FORMS}


def test_each_operation_is_described() -> None:
    """It has a summary and a group; what stands in its path, and each refusal, is explained."""
    groups = {tag["name"] for tag in DOCUMENT["tags"]}
    for route, operation in operations():
        assert len(operation["summary"]) > 8, route
        assert {*operation["tags"]} <= groups
        in_path = parameters(operation, "path")
        assert [*in_path] == re.findall(r"\{(\w+)\}", route.path)
        assert all(one.get("description") for one in in_path.values()), route.path
        assert "default" in operation["responses"]


def test_each_operation_tells_its_answers() -> None:
    """No route leaves open what it answers with."""
    assert [(r.method, r.path) for r in ROUTES if not r.answers] == []
    for route, operation in operations():
        assert {str(status) for status in route.answers} <= operation["responses"].keys()


def test_each_operation_tells_who_may() -> None:
    """The scopes of the route stand with each of the three ways to log in; what is open says so."""
    for route, operation in operations():
        scopes = sorted(route.needs)
        assert operation["x-turnout-scopes"] == scopes
        ways = DOCUMENT["components"]["securitySchemes"] if scopes else ()
        assert operation["security"] == [{way: scopes} for way in ways]
        for scope in scopes:
            assert f"`{scope}`" in operation["description"]
        assert ("401" in operation["responses"]) or not scopes


def test_queries_and_bodies_are_those_of_the_routes() -> None:
    """Each parameter by the name that callers use, none of them null; each body's media types."""
    for route, operation in operations():
        fields = {} if route.query is None else route.query.model_fields
        named = {field.alias or name for name, field in fields.items()}
        in_query = parameters(operation, "query")
        assert {*in_query} == named, route.path
        assert b'"null"' not in dumps(in_query), route.path
        content = operation.get("requestBody", {}).get("content", {})
        assert {*content} == ({*route.body.media} if route.body else set()), route.path


def test_schemas_are_there_once_and_used() -> None:
    """Each by its plain name, and something refers to each."""
    schemas = DOCUMENT["components"]["schemas"]
    assert [name for name in schemas if not re.fullmatch(r"[A-Z][A-Za-z]+", name)] == []
    used = {*re.findall(rb'"#/components/schemas/(\w+)"', dumps(DOCUMENT))}
    assert {name.encode() for name in schemas} == used
    assert len({dumps(schema) for schema in schemas.values()}) == len(schemas)


def test_a_dialect_refuses_in_its_own_form() -> None:
    """With its own documents, and the status that it has for what is unfit; ours are RFC 9457's."""
    responses = DOCUMENT["components"]["responses"]
    forms = {face.prefix: face.form for face in FACES}
    for route, operation in operations():
        form = next((f for p, f in forms.items() if route.path.startswith(p)), NATIVE)
        for answer in operation["responses"].values():
            if "$ref" in answer:
                name = answer["$ref"].rpartition("/")[2]
                assert list(responses[name]["content"]) == [form.media]
                assert name.startswith(form.of)
        assert "422" not in operation["responses"] or form.unfit == 422


def test_headers_are_told_where_they_count() -> None:
    """Each route that keeps answers takes a key, each that changes a definition a condition."""
    for route, operation in operations():
        named = {p["$ref"].rpartition("/")[2] for p in operation["parameters"] if "$ref" in p}
        assert "RequestId" in named
        assert ("Environment" in named) is bool(route.needs)
        assert ("IdempotencyKey" in named) or not keeps_answers(route), route.path
        assert "IdempotencyKey" not in named or route.path.startswith("/v1/")
        assert ("IfMatch" in named) is ("412" in operation["responses"])
        assert ("IfNoneMatch" in named) is ("304" in operation["responses"])
    changed = DOCUMENT["paths"]["/v1/actions/{name}"]["put"]["parameters"]
    assert {"$ref": "#/components/parameters/IfMatch"} in changed
