"""Sixtyfour's routes of workflows: the calls of its own documentation, word for word."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from services.api.routes import ROUTES
from tests.integration.api.conftest import Client, Serve
from tests.integration.api.dialects.sixtyfour import Sixtyfour, block, described

SEED: dict[str, Any] = {
    "workflow_name": "<string>",
    "workflow_description": "<string>",
    "workflow_definition": {
        "blocks": [
            {
                "sequence_number": 123,
                "block_type": "<string>",
                "block_name": "<string>",
                "specs": {},
                "block_id": "<string>",
            }
        ],
        "edges": [
            {"from_block_id": "<string>", "to_block_id": "<string>", "condition": "<string>"}
        ],
    },
    "id": "<string>",
}
GRAPH: dict[str, Any] = {
    "blocks": [
        block(2, "filter", {"filters": [{"column": "a", "operator": "greater", "value": 1}]}),
        block(1, "webhook", block_id="in", colour="kept"),
    ],
    "edges": [],
}


@pytest.fixture
def sixtyfour(client: Client) -> Sixtyfour:
    """Sixtyfour's API."""
    return Sixtyfour(client)


def test_every_described_route_is_there_with_its_parameters() -> None:
    """Paths, methods, parameters of the query and which of them are required; but for secrets."""
    ours = {(route.method, route.path): route for route in ROUTES}
    for path, methods in described()["paths"].items():
        if path.startswith("/webhooks"):
            continue
        own = path.replace("/job-status/{job_id}", "/job-status/{run_id}")
        for method, operation in methods.items():
            route = ours[(method.upper(), f"/sixtyfour{own}")]
            wanted = {p["name"]: p for p in operation.get("parameters", ()) if p["in"] == "query"}
            assert route.query is not None
            assert wanted.keys() <= route.query.model_fields.keys(), path
            for name, parameter in wanted.items():
                assert route.query.model_fields[name].is_required() == parameter["required"]
            assert ("requestBody" in operation) == (route.body is not None), path


async def test_the_documented_request_is_saved_as_a_draft(sixtyfour: Sixtyfour) -> None:
    """With every documented field; its placeholders are told of at their places, and it is kept."""
    created = await sixtyfour.ask("POST", "/workflows/create_workflow", SEED)
    fields = described()["components"]["schemas"]["WorkflowResponse"]["properties"]
    assert fields.keys() <= created.keys()
    assert (created["name"], created["status"]) == ("<string>", "draft")
    assert created["workflow_definition"] == SEED["workflow_definition"]
    places = {problem["pointer"] for problem in created["problems"]}
    assert places >= {
        "/workflow_definition/blocks/0/block_name",
        "/workflow_definition/edges/0",
        "/workflow_definition/edges/0/condition",
    }
    shown = await sixtyfour.ask("GET", f"/workflows/{created['id']}", described_as=_ONE)
    assert shown == created
    again = await sixtyfour.ask("POST", "/workflows/create_workflow", SEED)
    assert again == created


async def test_a_draft_does_not_run_and_becomes_ready(sixtyfour: Sixtyfour) -> None:
    """409 says what it lacks; with the placeholders filled in it is ready."""
    draft = await sixtyfour.ask("POST", "/workflows/create_workflow", SEED)
    which = {"workflow_id": draft["id"]}
    refusal = await sixtyfour.ask("POST", "/workflows/run", {}, query=which, status=409)
    assert "/workflow_definition/blocks/0/block_name" in refusal["detail"]
    filled = await sixtyfour.ask(
        "POST", "/workflows/update_workflow", {"workflow_definition": GRAPH}, query=which
    )
    assert (filled["status"], filled["id"]) == ("ready", draft["id"])
    assert "problems" not in filled
    assert filled["workflow_definition"] == GRAPH
    assert (filled["name"], filled["created_at"]) == ("<string>", draft["created_at"])


async def test_a_draft_that_is_sent_back_mended_is_ready(sixtyfour: Sixtyfour) -> None:
    """What only answers say is not its author's: no problem of the draft stays, nor its step."""
    draft = await sixtyfour.ask("POST", "/workflows/create_workflow", SEED)
    which = {"workflow_id": draft["id"]}
    update = "/workflows/update_workflow"
    assert await sixtyfour.ask("POST", update, draft, query=which) == draft
    mended = {**draft, "workflow_definition": GRAPH}
    ready = await sixtyfour.ask("POST", update, mended, query=which)
    assert (ready["status"], ready["step"], "problems" in ready) == ("ready", "complete", False)
    assert await sixtyfour.ask("POST", update, ready, query=which) == ready
    told = await sixtyfour.ask("POST", update, {"step": "mine"}, query=which)
    assert await sixtyfour.ask("POST", update, {"step": None}, query=which) == told
    assert told["step"] == "mine"
    await sixtyfour.ask("POST", update, {"step": 5}, query=which, status=422)


async def test_an_update_makes_what_there_is_not(sixtyfour: Sixtyfour) -> None:
    """Under the id that is named; null and absent fields stay as they were."""
    which = {"workflow_id": str(uuid4())}
    body: dict[str, Any] = {"workflow_name": "mine", "workflow_definition": None}
    made = await sixtyfour.ask("POST", "/workflows/update_workflow", body, query=which)
    assert (made["id"], made["name"]) == (which["workflow_id"], "mine")
    assert made["workflow_definition"] == {"blocks": [], "edges": []}
    change = {"workflow_definition": GRAPH}
    await sixtyfour.ask("POST", "/workflows/update_workflow", change, query=which)
    last = await sixtyfour.ask(
        "POST", "/workflows/update_workflow", {"workflow_description": "x"}, query=which
    )
    assert (last["name"], last["description"]) == ("mine", "x")
    assert last["workflow_definition"] == GRAPH


async def test_what_is_ready_stays_as_it_is(sixtyfour: Sixtyfour) -> None:
    """An edit that would break it is refused, with the place."""
    created = await sixtyfour.create(workflow_definition=GRAPH)
    which = {"workflow_id": created["id"]}
    broken = {"workflow_definition": {"blocks": [block(1, "no_such")], "edges": []}}
    path = "/workflows/update_workflow"
    refusal = await sixtyfour.ask("POST", path, broken, query=which, status=422)
    at = ["body", "workflow_definition", "blocks", 0, "block_name"]
    assert [fault["loc"] for fault in refusal["detail"]] == [at]
    shown = await sixtyfour.ask("GET", f"/workflows/{created['id']}", described_as=_ONE)
    assert shown == created


async def test_a_deleted_workflow_is_told_once_more(sixtyfour: Sixtyfour) -> None:
    """Then it is 404; the list is without graphs."""
    created = await sixtyfour.create(workflow_definition=GRAPH)
    (listed,) = await sixtyfour.ask("GET", "/workflows")
    assert listed == {**created, "workflow_definition": None}
    which = {"workflow_id": created["id"]}
    deleted = await sixtyfour.ask("POST", "/workflows/delete_workflow", query=which)
    assert deleted == created
    await sixtyfour.ask("POST", "/workflows/delete_workflow", query=which, status=404)
    await sixtyfour.ask("GET", f"/workflows/{created['id']}", status=404)
    assert await sixtyfour.ask("GET", "/workflows") == []


async def test_the_same_request_again_changes_nothing(sixtyfour: Sixtyfour) -> None:
    """An id makes the creation idempotent, also at the same time; another content is refused."""
    for id_ in (str(uuid4()), "mine"):
        asked = {"id": id_, "workflow_definition": GRAPH}
        made = await asyncio.gather(*(sixtyfour.create(**asked) for _ in range(4)))
        assert all(each == made[0] for each in made)
        body = {"workflow_name": "other", "workflow_description": "", **asked}
        await sixtyfour.ask("POST", "/workflows/create_workflow", body, status=409)


async def test_blocks_are_ours_and_the_environments(sixtyfour: Sixtyfour) -> None:
    """An action is a block, with what its input says of specs."""
    specs = {"type": "object", "required": ["mode"]}
    spec = {"transport": "worker", "input_schema": {"properties": {"specs": specs}}}
    async with sixtyfour.client.put("/v1/actions/find_email", json=spec) as answer:
        assert answer.status == 201
    found = await sixtyfour.ask("GET", "/workflows/blocks")
    schemas = {each["block_name"]: each["specs_schema"] for each in found}
    assert schemas["find_email"] == specs
    assert "filters" in schemas["filter"]["properties"]
    assert schemas.keys() >= {"webhook", "deduplicate", "remove_columns", "outgoing_webhook"}


@pytest.mark.parametrize(
    ("fields", "loc"),
    [
        ({"workflow_name": None}, ["body", "workflow_name"]),
        ({"workflow_definition": {"blocks": []}}, ["body", "workflow_definition", "edges"]),
        (
            {"workflow_definition": {"blocks": [{}], "edges": []}},
            ["body", "workflow_definition", "blocks", 0, "sequence_number"],
        ),
        (
            {
                "workflow_definition": {
                    "blocks": [block(1, "filter", {"filters": [{"column": "a"}]})],
                    "edges": [],
                }
            },
            ["body", "workflow_definition", "blocks", 0, "specs", "filters", 0, "operator"],
        ),
        ({"workflow_definition": 7}, ["body", "workflow_definition"]),
    ],
)
async def test_what_has_another_shape_is_refused_at_its_place(
    sixtyfour: Sixtyfour, fields: dict[str, Any], loc: list[object]
) -> None:
    """422, as FastAPI says it."""
    body = {"workflow_name": "w", "workflow_description": "d", "workflow_definition": GRAPH}
    refusal = await sixtyfour.ask(
        "POST", "/workflows/create_workflow", {**body, **fields}, status=422
    )
    assert loc in [fault["loc"] for fault in refusal["detail"]]


async def test_every_refusal_is_in_its_form(sixtyfour: Sixtyfour, serve: Serve) -> None:
    """Strangers, paths that are not there, other methods, other media, bad queries."""
    await sixtyfour.ask("GET", "/nothing", status=404)
    await sixtyfour.ask("PUT", "/workflows", status=405)
    await sixtyfour.ask("POST", "/workflows/run", {}, status=422)
    await sixtyfour.ask("GET", "/workflows/runs", query={"limit": "501"}, status=422)
    await sixtyfour.ask("GET", "/workflows/runs", query={"status": "lost"}, status=422)
    await sixtyfour.ask("POST", "/workflows/cancel", status=422)
    post = sixtyfour.client.post("/sixtyfour/workflows/create_workflow", data=b"{")
    async with post as answer:
        assert (answer.status, list(await answer.json())) == (415, ["detail"])
    stranger = Sixtyfour(await serve("a-secret-of-16-chars"))
    await stranger.ask("GET", "/workflows", status=401)


async def test_another_systems_workflow_is_not_there(sixtyfour: Sixtyfour) -> None:
    """404, and its own document is told where it belongs."""
    async with sixtyfour.client.post("/v1/workflows", json={"name": "w", "steps": []}) as answer:
        native = (await answer.json())["id"]
    await sixtyfour.ask("GET", f"/workflows/{native}", status=404)
    refusal = await sixtyfour.ask(
        "POST", "/workflows/create_workflow", {"trigger_name": "x", "config": {}}, status=422
    )
    assert refusal["detail"][0]["type"] == "other_dialect"


_ONE = "/workflows/{workflow_id}"
