"""The native routes of workflows."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from services.api.resources import ApiResources
from shared.db import live_workflows, workflows
from shared.domain.errors import NotFound
from shared.domain.ids import WorkflowId
from tests.integration.api.conftest import Client
from tests.integration.api.test_etags import WAITING
from tests.support.works import until

NATIVE: dict[str, Any] = {
    "name": "Greet",
    "triggers": [{"event_name": "user:created"}],
    "run_if": "payload.age > 17",
    "steps": [
        {"id": "hello", "action": "transform", "input": {"lang": "jsonata", "src": "payload.name"}},
        {"id": "tell", "action": "http_request", "depends_on": ["hello"], "timeout_s": 5},
    ],
}


async def test_a_workflow_is_created_read_and_deleted(client: Client) -> None:
    """201, then the same on GET; 204, then 404."""
    created = await _send(client, "POST", "/v1/workflows", NATIVE, status=201)
    assert created["version"] == 1
    assert created["lifecycle"] == "ready"
    path = f"/v1/workflows/{created['id']}"
    assert await _send(client, "GET", path) == created
    async with client.delete(path) as answer:
        assert answer.status == 204
    await _send(client, "GET", path, status=404)
    await _send(client, "DELETE", path, status=404)


async def test_put_makes_a_version_only_when_the_definition_changes(client: Client) -> None:
    """Created when absent; unchanged, the version stays, also when it is switched off."""
    path = f"/v1/workflows/{uuid4()}"
    first = await _send(client, "PUT", path, NATIVE, status=201)
    assert await _send(client, "PUT", path, {**NATIVE, "filters": None}) == first
    assert await _send(client, "PUT", path, first) == first
    off = await _send(client, "PUT", path, {**NATIVE, "is_active": False})
    assert (off["version"], off["is_active"]) == (1, False)
    second = await _send(client, "PUT", path, {**NATIVE, "name": "Greet again"})
    assert (second["version"], second["created_at"]) == (2, first["created_at"])
    old = await _send(client, "GET", f"{path}?version=1")
    assert old["name"] == "Greet"
    await _send(client, "GET", f"{path}?version=3", status=404)


async def test_true_and_one_are_different_definitions(client: Client) -> None:
    """JSON's 1, 1.0 and true are told apart, although Python's are equal."""
    path = f"/v1/workflows/{uuid4()}"
    for version, src in ((1, True), (2, 1), (3, 1.0)):
        step = {"id": "a", "action": "transform", "input": {"src": src}}
        document = {"name": "n", "steps": [step]}
        saved = await _send(client, "PUT", path, document, status=201 if version == 1 else 200)
        assert saved["version"] == version


async def test_a_workflow_that_returns_goes_on_counting_versions(client: Client) -> None:
    """Versions are for ever: a second life under the same id starts after the last."""
    path = f"/v1/workflows/{uuid4()}"
    await _send(client, "PUT", path, NATIVE, status=201)
    async with client.delete(path):
        pass
    again = await _send(client, "PUT", path, NATIVE, status=201)
    assert again["version"] == 2
    assert (await _send(client, "GET", f"{path}?version=1"))["name"] == "Greet"


async def test_a_draft_is_kept_with_its_problems(client: Client) -> None:
    """What cannot run is refused with every place, unless a draft is asked for."""
    broken = {
        "name": "b",
        "run_if": "1 +",
        "steps": [
            {"id": "a", "action": "nothing", "depends_on": ["b"]},
            {"id": "b", "action": "transform", "depends_on": ["a"]},
            {"id": "b", "action": "transform", "depends_on": ["z"]},
        ],
    }
    refusal = await _send(client, "POST", "/v1/workflows", broken, status=422)
    places = {error["pointer"] for error in refusal["errors"]}
    assert places >= {"/run_if", "/steps/0/action", "/steps/2/id", "/steps/2/depends_on/0"}
    draft = await _send(client, "POST", "/v1/workflows", {**broken, "draft": True}, status=201)
    assert draft["lifecycle"] == "draft"
    assert {problem["pointer"] for problem in draft["problems"]} == places
    assert await _send(client, "GET", f"/v1/workflows/{draft['id']}") == draft


async def test_a_workflow_stays_in_its_environment_and_dialect(client: Client) -> None:
    """Neither can be changed by a PUT: for another environment it makes another workflow."""
    own = await _send(
        client, "POST", "/v1/workflows", {**NATIVE, "environment_id": str(uuid4())}, status=201
    )
    path = f"/v1/workflows/{own['id']}"
    elsewhere = {**NATIVE, "environment_id": str(uuid4())}
    assert (await _send(client, "PUT", path, elsewhere, status=201))["id"] != own["id"]
    query = f"?environment_id={own['environment_id']}"
    kept = await _send(client, "PUT", path + query, {**NATIVE, "name": "else"})
    assert kept["environment_id"] == own["environment_id"]
    truto = await _send(client, "POST", "/truto/workflow", {"config": {}}, status=201)
    await _send(client, "PUT", f"/v1/workflows/{truto['id']}", NATIVE, status=409)
    await _send(client, "GET", f"/truto/workflow/{own['id']}{query}", status=404)


async def test_a_document_in_another_systems_words_is_sent_there(client: Client) -> None:
    """The one thing that is said of it is where it belongs."""
    for document, where in (
        ({"trigger_name": "a:b", "config": {}}, "POST /truto/workflow."),
        ({"name": "x", "nodes": [], "edges": []}, "POST /altostrat/workflows."),
        ({"workflow_definition": {}}, "POST /sixtyfour/workflows/create_workflow."),
    ):
        for method, path in (("POST", "/v1/workflows"), ("PUT", f"/v1/workflows/{uuid4()}")):
            refused = await _send(client, method, path, document, status=422)
            [problem] = refused["errors"]
            assert problem["code"] == "OTHER_DIALECT"
            assert problem["detail"].endswith(f"send it to {where}")


async def test_the_list_has_every_workflow_once(client: Client) -> None:
    """Pages join without gap or repeat; a trigger's name picks."""
    made = [
        (await _send(client, "POST", "/v1/workflows", {**NATIVE, "name": f"n{n}"}, status=201))[
            "id"
        ]
        for n in range(5)
    ]
    other = {"name": "other", "triggers": [{"event_name": "x"}]}
    await _send(client, "POST", "/v1/workflows", other, status=201)
    seen: list[str] = []
    path = "/v1/workflows?trigger=user:created&limit=2"
    while path:
        page = await _send(client, "GET", path)
        seen += [workflow["id"] for workflow in page["items"]]
        cursor = page["next_cursor"]
        path = cursor and f"/v1/workflows?trigger=user:created&limit=2&cursor={cursor}"
    assert seen == made


async def test_yaml_is_another_spelling(client: Client) -> None:
    """A YAML body gives what the same JSON gives; ``on`` is a word in it."""
    text = b"name: on\ntriggers:\n  - event_name: user:created\nis_active: true\n"
    async with client.post(
        "/v1/workflows", data=text, headers={"Content-Type": "application/yaml"}
    ) as answer:
        created = await answer.json()
    assert (answer.status, created["name"]) == (201, "on")
    (trigger,) = created["triggers"]
    assert (trigger["kind"], trigger["event_name"]) == ("event", "user:created")


async def test_changes_are_numbered_in_order_and_announced(
    client: Client, resources: ApiResources, database: str
) -> None:
    """Each change is heard on the channel; a reader that knows n finds all after n."""
    heard: asyncio.Queue[str] = asyncio.Queue()
    listener = await asyncpg.connect(database)
    try:
        await listener.add_listener(workflows.CHANNEL, lambda *got: heard.put_nowait(str(got[3])))
        path = f"/v1/workflows/{uuid4()}"
        await _send(client, "PUT", path, NATIVE, status=201)
        await _send(client, "PUT", path, NATIVE)
        await _send(client, "PUT", path, {**NATIVE, "is_active": False})
        await _send(client, "PUT", path, NATIVE)
        async with client.delete(path):
            pass
        numbers = [int(await asyncio.wait_for(heard.get(), 30)) for _ in range(4)]
    finally:
        await listener.close()
    assert heard.empty()
    assert numbers == sorted(numbers)
    async with resources.engine() as conn:
        changes = await live_workflows.list_changes(conn, after=0, limit=100)
        assert [change.number for change in changes] == numbers
        assert [change.conditions is None for change in changes] == [False, True, False, True]
        assert await live_workflows.last_change(conn) == numbers[-1]
        later = await live_workflows.list_changes(conn, after=numbers[2], limit=100)
        assert [change.number for change in later] == numbers[3:]


async def test_changes_wait_for_each_other(client: Client, resources: ApiResources) -> None:
    """While one transaction changes workflows no other does, so numbers are in commit order."""
    async with (
        asyncio.TaskGroup() as tasks,
        resources.pool.acquire() as other,
        resources.pool.acquire() as conn,
        conn.transaction(),
    ):
        await workflows.lock_changes(conn)
        for _ in range(2):
            tasks.create_task(_send(client, "POST", "/v1/workflows", NATIVE, status=201))
        await until(resources.pool, WAITING, 2)
        assert await live_workflows.last_change(other) == 0


async def test_only_what_events_may_start_is_live(client: Client, resources: ApiResources) -> None:
    """Neither drafts nor inactive nor deleted workflows are; old versions stay to be run."""
    live = await _send(client, "POST", "/v1/workflows", NATIVE, status=201)
    for more in ({"draft": True}, {"is_active": False}):
        await _send(client, "POST", "/v1/workflows", {**NATIVE, **more}, status=201)
    gone = await _send(client, "POST", "/v1/workflows", NATIVE, status=201)
    async with client.delete(f"/v1/workflows/{gone['id']}"):
        pass
    async with resources.engine() as conn:
        found = [w async for batch in live_workflows.list_live(conn) for w in batch]
        assert [str(conditions.workflow_id) for conditions in found] == [live["id"]]
        old = await workflows.get_version(conn, WorkflowId(UUID(gone["id"])), 1)
        assert old.definition.name == "Greet"
        with pytest.raises(NotFound):
            await workflows.get_version(conn, WorkflowId(UUID(gone["id"])), 2)


async def _send(
    client: Client, method: str, path: str, body: Any = None, *, status: int = 200
) -> dict[str, Any]:
    async with client.request(method, path, json=body) as answer:
        document: dict[str, Any] = await answer.json(content_type=None)
    assert answer.status == status, document
    return document
