"""Requests that mean badly: every place of every route, with everything of the corpora."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any, Final
from urllib.parse import quote

import orjson

from services.api.describe.openapi_examples import example_of
from services.api.http.route import Route
from services.api.routes import ROUTES
from tests.integration.api.test_id_swap import BODIES, NAME
from tests.support.corpora import documents, json_text, texts, values

SEED: Final = 6

HEADERS: Final = (
    *("Idempotency-Key", "If-Match", "If-None-Match", "X-Turnout-Environment", "Prefer"),
    *("traceparent", "tracestate", "Last-Event-ID", "Content-Type", "Content-Encoding", "Accept"),
    *("Accept-Encoding", "X-Request-Id", "Range", "Cookie", "X-HTTP-Method-Override", "x-api-key"),
    *("ce-id", "ce-type", "ce-source", "ce-time", "ce-specversion", "ce-environmentid"),
    "webhook-id",
)

FLOW: Final[Any] = {
    "name": "w",
    "triggers": [{"event_name": "never"}],
    "filters": {"all": [{"path": "payload.a", "op": "eq", "value": 1}]},
    "run_if": "payload.a = 1",
    "input_schema": {"type": "object", "properties": {"a": {"pattern": "a+"}}},
    "steps": [
        {"id": "a", "action": "transform", "input": {"lang": "jsonata", "src": "payload"}},
        {"id": "b", "action": "http_request", "input": {"url": "http://a.test/", "method": "GET"}},
        {"id": "c", "kind": "form", "form": {"schema": {"type": "string", "format": "x"}}},
    ],
}
CLOUD_EVENT: Final = {
    "specversion": "1.0",
    "id": "1",
    "source": "/s",
    "type": "never",
    "subject": "s",
    "time": "2026-11-22T10:00:00Z",
    "data": {"a": 1},
}
ENDPOINT: Final = {
    "name": "e",
    "event_type": "never",
    "subject_from": "body.a",
    "auth": {"preset": "hmac", "header": "X-S", "secrets": ["a"], "signed": "body"},
}
_ALTOSTRAT: Final = {
    "name": "w",
    "authorization_id": "auth_1",
    "schedule_type": "weekly",
    "schedule_value": "mon 06:30",
    "nodes": [
        {"id": "t", "type": "webhook_trigger", "data": {"componentId": "webhook_trigger"}},
        {
            "id": "a",
            "type": "switch",
            "data": {"value": "{{ t.n }}", "cases": [{"id": "x", "operator": "is", "value": "1"}]},
        },
        {
            "id": "b",
            "type": "webhook",
            "data": {"url": "https://x.example", "headers": [{"key": "A", "value": "{{ t }}"}]},
        },
    ],
    "edges": [{"id": "e", "source": "t", "target": "a", "sourceHandle": None}],
}
_SUBSCRIPTION: Final[Mapping[str, Any]] = {
    "name": "n",
    "url": "https://x.example/",
    "kinds": ["step.*", "execution.failed"],
    "workflow_id": NAME,
    "filters": {"data.step_id": {"~in": ["a", "b"]}},
    "headers": {"X-Team": "{{secrets.none}}"},
}
_TRUTO_WEBHOOK: Final[Mapping[str, Any]] = {
    "label": "l",
    "target_url": "https://x.example/",
    "event_types": ["workflow_step:*"],
}
RICH: Final[Mapping[tuple[str, str], Any]] = {
    ("POST", "/altostrat/workflows"): _ALTOSTRAT,
    ("POST", "/altostrat/workflows/validate"): _ALTOSTRAT,
    ("PUT", "/altostrat/workflows/{flow_id}"): {"description": "d", "schedule_type": "daily"},
    ("POST", "/altostrat/workflows/test-node"): {
        "node": {
            "id": "a",
            "type": "logical_group",
            "data": {
                "conditions": [{"type": "number", "value": "{{ n }}", "operator": "is_empty"}]
            },
        },
        "context": {"n": 1},
    },
    ("POST", "/altostrat/workflows/vault"): {
        "name": "CRM",
        "secret": "s",
        "expires_at": "2099-01-01T00:00:00Z",
    },
    **{("POST", f"/v1/workflows{end}"): FLOW for end in ("", "/validate", "/lint", "/{id}/diff")},
    ("PUT", "/v1/workflows/{id}"): FLOW,
    ("POST", "/v1/workflows/dry-run"): {"document": FLOW, "event": {"event": "never"}},
    ("POST", "/v1/workflows/{id}/dry-run"): {"event": CLOUD_EVENT},
    ("POST", "/v1/events"): CLOUD_EVENT,
    ("POST", "/v1/events/batch"): [CLOUD_EVENT, {"event": "never", "payload": {"a": 1}}],
    ("POST", "/v1/events/replay"): {"preview": True, "workflow_ids": [NAME], "type": "never"},
    ("POST", "/v1/executions/bulk"): {"do": "cancel", "ids": [NAME], "preview": True},
    ("POST", "/v1/webhook-subscriptions"): {
        **_SUBSCRIPTION,
        "format": "native",
        "signing": "truto",
    },
    ("PATCH", "/v1/webhook-subscriptions/{id}"): {**_SUBSCRIPTION, "is_active": True},
    ("POST", "/truto/webhook"): _TRUTO_WEBHOOK,
    ("PATCH", "/truto/webhook/{id}"): {**_TRUTO_WEBHOOK, "is_active": True},
    ("POST", "/v1/webhook-endpoints"): ENDPOINT,
    ("PUT", "/v1/webhook-endpoints/{id}"): ENDPOINT,
    ("POST", "/v1/hooks/{token}"): {"a": {"b": [1, "x"]}},
    ("PUT", "/v1/hooks/{token}"): {"a": {"b": [1, "x"]}},
    ("POST", "/truto/workflow"): {"config": {"trigger": {"name": "x"}, "steps": [{"name": "a"}]}},
    ("PATCH", "/truto/workflow/{id}"): {"config": {"steps": [{"name": "a"}]}, "label": "x"},
    ("POST", "/sixtyfour/workflows/create_workflow"): {
        "workflow_name": "w",
        "workflow_description": "d",
        "workflow_definition": {
            "blocks": [
                {
                    "sequence_number": 1,
                    "block_type": "t",
                    "block_name": "filter",
                    "specs": {"filters": [{"column": "a", "operator": "matches", "value": "a+"}]},
                    "block_id": "a",
                }
            ],
            "edges": [{"from_block_id": "a", "to_block_id": "a", "condition": "$count(rows) > 1"}],
        },
    },
    **{
        at: {"parameters": {"a": {"b": [1, "x"]}}}
        for at in (
            ("POST", "/transactionlink/parameters"),
            ("PUT", "/transactionlink/parameters/{parameters_id}"),
        )
    },
    ("POST", "/transactionlink/workflows"): {
        "workflowDefinitionId": NAME,
        "locale": "en",
        "parameters": {"a": 1},
        "expiresAt": None,
        "recordId": None,
    },
}


@dataclass(frozen=True, slots=True)
class Attack:
    """One request: what of it means badly, and all of it; ``path`` has its query."""

    route: Route
    kind: str
    path: str
    headers: Sequence[tuple[str, bytes]] = ()
    body: bytes | None = None


Kind = tuple[Sequence[Any], Sequence[Any], Callable[[Any, Any], Attack]]
"""Places, what is put there, and how."""

_TYPED: Final = (("Content-Type", b"application/json"),)


def attacks(ids: Mapping[str, str], each: int | None, start: int = SEED) -> Iterator[Attack]:
    """``each`` so many for each kind of place of each route, drawn; None: all that there are.

    ``ids`` is what stands in paths, and is there. What ends things comes last.
    """
    chance = Random(start)
    for route in sorted(ROUTES, key=lambda r: (bool(r.needs), r.method == "DELETE")):
        for places, payloads, made in _kinds(route, ids):
            whole = len(places) * len(payloads)
            count = whole if each is None else min(each, whole)
            for number in sorted(chance.sample(range(whole), count)):
                place, payload = divmod(number, len(payloads))
                yield made(places[place], payloads[payload])


def _kinds(route: Route, ids: Mapping[str, str]) -> Iterator[Kind]:
    at, plain, written = _path(route, ids), _plain(route), texts()
    body = None if plain is None else orjson.dumps(plain)
    whole = Attack(route, "", at, _TYPED, body)

    def named(name: str, text: str) -> Attack:
        return replace(whole, kind="query", path=f"{at}?{quote(name)}={_quoted(text)}")

    def headed(name: str, text: str) -> Attack:
        kept = (header for header in _TYPED if header[0] != name)
        raw = text.encode("utf-8", "surrogatepass")
        return replace(whole, kind="header", headers=[*kept, (name, raw)])

    def placed(part: str, text: str) -> Attack:
        return replace(whole, kind="path", path=_path(route, ids, {part: _quoted(text)}))

    parts = [part for part in route.path.split("/") if part.startswith("{")]
    if parts:
        yield parts, written, placed
    fields = () if route.query is None else route.query.model_fields.items()
    yield [*(field.alias or name for name, field in fields), "surprise"], written, named
    yield HEADERS, written, headed
    if plain is not None:
        yield from _kinds_of_bodies(whole, plain)


def _kinds_of_bodies(whole: Attack, plain: Any) -> Iterator[Kind]:
    def sent(_: None, raw: bytes) -> Attack:
        return replace(whole, kind="document", body=raw)

    def filled(place: Sequence[str | int], raw: bytes) -> Attack:
        body = orjson.dumps(put(plain, place, orjson.Fragment(raw)))
        return replace(whole, kind="field", body=body)

    def named(_: None, text: str) -> Attack:
        rest = orjson.dumps({"a": 1, **(plain if isinstance(plain, dict) else {})})[1:]
        return replace(whole, kind="name", body=b"{%b:1,%b" % (json_text(text), rest))

    yield [None], [*documents().values()], sent
    yield [*_places(whole.route, plain)], values(), filled
    yield [None], texts(), named


def _plain(route: Route) -> Any:
    """A body that the route takes, or nearly; None: it takes none."""
    if route.body is None:
        return None
    at = route.method, route.path
    if at in RICH or at in BODIES:
        return RICH[at] if at in RICH else BODIES[at]
    schema = route.body.model.model_json_schema()
    return example_of(schema, schema.get("$defs", {}))


def _places(route: Route, plain: Any) -> Iterator[tuple[str | int, ...]]:
    """Everywhere in a body, and each field that the route knows."""
    yield ()
    yield from within(plain)
    assert route.body is not None
    for name, field in route.body.model.model_fields.items():
        if name != "root" and isinstance(plain, dict) and name not in plain:
            yield (field.alias or name,)


def within(node: Any) -> Iterator[tuple[str | int, ...]]:
    """Every place within an object or a list."""
    parts = node.items() if isinstance(node, dict) else enumerate(node)
    for name, part in parts:
        yield (name,)
        if isinstance(part, dict | list):
            yield from ((name, *inner) for inner in within(part))


def put(node: Any, place: Sequence[str | int], value: Any) -> Any:
    """The same, with ``value`` at a place."""
    if not place:
        return value
    first, *rest = place
    if isinstance(node, list):
        return [put(n, rest, value) if i == first else n for i, n in enumerate(node)]
    return {**node, first: put(node.get(first), rest, value)}


def _path(route: Route, ids: Mapping[str, str], given: Mapping[str, str] | None = None) -> str:
    parts: list[str] = []
    words = route.path.split("/")
    for before, word in zip(["", *words], words, strict=False):
        known = ids.get(word, ids.get(before, word)) if word.startswith("{") else word
        parts.append((given or {}).get(word, known))
    return "/".join(parts)


def _quoted(text: str) -> str:
    return quote(text.encode("utf-8", "surrogatepass"), safe="")
