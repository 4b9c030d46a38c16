"""Drafts, what activates them, and workflows that call each other."""

import asyncio
from typing import Any
from uuid import uuid4

from services.api.resources import ApiResources
from shared.db import live_workflows, workflows
from tests.integration.api.conftest import Client
from tests.integration.api.test_etags import WAITING
from tests.support.works import until

ACTION: dict[str, Any] = {"id": "a", "action": "transform"}
UNFINISHED: dict[str, Any] = {
    "name": "u",
    "draft": True,
    "triggers": [{"event_name": "e"}],
    "run_if": "1 +",
    "steps": [{"id": "a", "action": "nothing", "depends_on": ["z"]}],
}
PLACES = {"/run_if", "/steps/0/action", "/steps/0/depends_on/0"}


def calling(*called: str) -> dict[str, Any]:
    """A workflow that calls others."""
    steps = [
        {"id": f"s{n}", "kind": "subworkflow", "subworkflow": {"workflow_id": one}}
        for n, one in enumerate(called)
    ]
    return {"name": "calls", "steps": steps}


async def test_a_draft_becomes_ready_once_it_has_no_problem(
    client: Client, resources: ApiResources
) -> None:
    """Refused with every problem and never matched; mended, it is ready in a new version."""
    draft = await _send(client, "POST", "/v1/workflows", UNFINISHED, status=201)
    path = f"/v1/workflows/{draft['id']}"
    refusal = await _send(client, "POST", f"{path}/activate", status=422)
    assert {error["pointer"] for error in refusal["errors"]} == PLACES
    assert await _send(client, "GET", path) == draft
    assert await _live(resources) == []
    mended = {**UNFINISHED, "run_if": "payload.a", "steps": [ACTION]}
    still = await _send(client, "PUT", path, mended)
    assert (still["lifecycle"], still["version"], still["problems"]) == ("draft", 2, [])
    assert await _live(resources) == []
    ready = await _send(client, "POST", f"{path}/activate")
    assert (ready["lifecycle"], ready["is_active"], ready["version"]) == ("ready", True, 3)
    assert await _live(resources) == [draft["id"]]
    assert await _send(client, "POST", f"{path}/activate") == ready
    assert (await _send(client, "GET", f"{path}?version=2"))["lifecycle"] == "draft"


async def test_a_workflow_is_switched_off_and_on_in_its_version(
    client: Client, resources: ApiResources
) -> None:
    """Neither makes a version, and the same again changes nothing."""
    document = {"name": "w", "triggers": [{"event_name": "e"}]}
    made = await _send(client, "POST", "/v1/workflows", document, status=201)
    path = f"/v1/workflows/{made['id']}"
    off = await _send(client, "POST", f"{path}/deactivate")
    assert (off["is_active"], off["version"]) == (False, 1)
    assert await _send(client, "POST", f"{path}/deactivate") == off
    assert await _live(resources) == []
    on = await _send(client, "POST", f"{path}/activate")
    assert (on["is_active"], on["version"]) == (True, 1)
    assert await _live(resources) == [made["id"]]
    for verb in ("activate", "deactivate"):
        await _send(client, "POST", f"/v1/workflows/{uuid4()}/{verb}", status=404)


async def test_a_wrong_shape_is_no_draft(client: Client) -> None:
    """What has no shape is refused, with what is wrong in the parts that have one."""
    document = {**UNFINISHED, "steps": [{"id": "a b"}, {"id": "b", "action": "nothing"}]}
    refusal = await _send(client, "POST", "/v1/workflows", document, status=422)
    assert [error["pointer"] for error in refusal["errors"]] == [
        "/steps/0/id",
        "/run_if",
        "/steps/1/action",
    ]


async def test_a_definition_is_checked_without_being_kept(client: Client) -> None:
    """The problems are those of a refusal, for a wrong shape and a wrong content."""
    path = "/v1/workflows/validate"
    assert await _send(client, "POST", path, {"name": "w"}) == {"valid": True, "problems": []}
    found = await _send(client, "POST", path, UNFINISHED)
    assert not found["valid"]
    assert {problem["pointer"] for problem in found["problems"]} == PLACES
    found = await _send(client, "POST", path, {"name": 7, "surprise": 1})
    assert [problem["pointer"] for problem in found["problems"]] == ["/name", "/surprise"]
    assert (await _send(client, "GET", "/v1/workflows"))["items"] == []


async def test_every_field_comes_back_as_it_was_sent(client: Client) -> None:
    """Edges say ``from`` and ``to``, a form its ``schema``; whole numbers stand for times."""
    steps = [
        {"id": "f", "kind": "form", "form": {"schema": {"type": "object"}, "timeout_s": 60}},
        {"id": "g", "action": "transform", "retry": {"backoff": 2}, "ext": {"position": {"x": 1}}},
    ]
    edges = [{"id": "e", "from": "f", "to": "g", "handle": "timeout", "condition": "payload.a"}]
    document = {"name": "w", "key": "K", "steps": steps, "edges": edges, "metadata": {"a": None}}
    made = await _send(client, "POST", "/v1/workflows", document, status=201)
    assert made["edges"][0].items() >= edges[0].items()
    assert made["steps"][0]["form"]["schema"] == {"type": "object"}
    assert made["steps"][1]["ext"] == {"position": {"x": 1}}
    assert (made["key"], made["metadata"]) == ("K", {"a": None})
    assert await _send(client, "PUT", f"/v1/workflows/{made['id']}", made) == made


async def test_workflows_must_not_call_each_other_in_a_ring(client: Client) -> None:
    """However the ring is closed: by a PUT, or by activating a draft; the sentence names it.

    A draft keeps nobody from calling it.
    """
    last = await _send(client, "POST", "/v1/workflows", {"name": "last"}, status=201)
    middle = {**calling(last["id"]), "name": "middle"}
    second = await _send(client, "POST", "/v1/workflows", middle, status=201)
    path = f"/v1/workflows/{last['id']}"
    closing = {**calling(second["id"]), "name": "last"}
    refusal = await _send(client, "PUT", path, closing, status=422)
    (error,) = refusal["errors"]
    assert error["pointer"] == "/steps/0/subworkflow/workflow_id"
    assert "'last' calls 'middle' calls itself again" in error["detail"]
    draft = await _send(client, "PUT", path, {**closing, "draft": True})
    assert [problem["code"] for problem in draft["problems"]] == ["SUBWORKFLOW_CYCLE"]
    await _send(client, "POST", f"{path}/activate", status=422)
    await _send(client, "PUT", f"/v1/workflows/{second['id']}", {**middle, "name": "still"})
    await _send(client, "PUT", f"/v1/workflows/{second['id']}", {"name": "middle"})
    await _send(client, "POST", f"{path}/activate")


async def test_of_two_halves_of_a_ring_one_is_taken(
    client: Client, resources: ApiResources
) -> None:
    """Each is right as long as the other is a draft; whoever comes second is refused."""
    ids = [str(uuid4()) for _ in range(2)]
    for one in ids:
        await _send(client, "PUT", f"/v1/workflows/{one}", {"name": "d", "draft": True}, status=201)

    async def close(one: str, other: str) -> int:
        async with client.put(f"/v1/workflows/{one}", json=calling(other)) as answer:
            return answer.status

    async with (
        asyncio.TaskGroup() as tasks,
        resources.engine() as conn,
        conn.transaction(),
    ):
        await workflows.lock_changes(conn)
        halves = [tasks.create_task(close(*pair)) for pair in (ids, ids[::-1])]
        await until(resources.pool, WAITING, 2)
    assert sorted(half.result() for half in halves) == [200, 422]


async def _live(resources: ApiResources) -> list[str]:
    async with resources.engine() as conn:
        return [str(w.workflow_id) async for batch in live_workflows.list_live(conn) for w in batch]


async def _send(
    client: Client, method: str, path: str, body: Any = None, *, status: int = 200
) -> dict[str, Any]:
    async with client.request(method, path, json=body) as answer:
        document: dict[str, Any] = await answer.json(content_type=None)
    assert answer.status == status, document
    return document
