"""Workflows that are set aside, and those of which an environment may have so many."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from prometheus_client import CollectorRegistry

from services.api.app import build_app
from services.api.resources import ApiResources
from services.api.settings import ApiSettings
from shared.db import live_workflows, workflows
from shared.db.quarantine import Quarantine, set_aside
from shared.domain.ids import EventKey, WorkflowId
from tests.integration.api.conftest import Client
from tests.support.answers import open_checked

FLOW: dict[str, Any] = {"name": "w", "triggers": [{"event_name": "e"}], "run_if": "$sum(payload.a)"}
KEY = EventKey(UUID(int=5))


async def send(
    client: Client, method: str, path: str, body: Any = None, *, status: int = 200
) -> Any:
    """The document of an answer that has this status."""
    async with client.request(method, path, json=body) as answer:
        document = await answer.json()
        assert answer.status == status, document
        return document


async def put_aside(resources: ApiResources, id_: str, version: int = 1) -> bool:
    """Do as a matcher does."""
    quarantine = Quarantine(
        workflow_id=WorkflowId(UUID(id_)),
        version=version,
        code="D1012",
        event_key=KEY,
        since=resources.clock.now(),
    )
    async with resources.pool.acquire() as conn, conn.transaction():
        await workflows.lock_changes(conn)
        return await set_aside(conn, quarantine)


async def live(resources: ApiResources) -> list[bool]:
    """Of each workflow that matchers have, whether it is set aside."""
    async with resources.pool.acquire() as conn:
        return [w.is_quarantined async for batch in live_workflows.list_live(conn) for w in batch]


async def test_a_workflow_set_aside_is_shown_so_until_it_is_activated(
    client: Client, resources: ApiResources
) -> None:
    """With the bound and the event; matchers are told of both, and the audit log has them."""
    made = await send(client, "POST", "/v1/workflows", FLOW, status=201)
    path = f"/v1/workflows/{made['id']}"
    assert made["quarantine"] is None
    assert await put_aside(resources, made["id"])
    assert not await put_aside(resources, made["id"])
    shown = (await send(client, "GET", path))["quarantine"]
    assert (shown["code"], shown["event_key"]) == ("D1012", str(KEY))
    listed = await send(client, "GET", "/v1/workflows")
    assert [one["quarantine"] for one in listed["items"]] == [shown]
    assert await live(resources) == [True]
    async with resources.pool.acquire() as conn:
        before = await live_workflows.last_change(conn)
    activated = await send(client, "POST", f"{path}/activate")
    assert (activated["quarantine"], activated["version"]) == (None, 1)
    assert await live(resources) == [False]
    async with resources.pool.acquire() as conn:
        told = await live_workflows.list_changes(conn, after=before, limit=9)
    assert [one.conditions is not None and one.conditions.is_quarantined for one in told] == [False]
    noted = await send(client, "GET", "/v1/audit")
    assert [one["action"] for one in noted["items"]][:2] == [
        "workflow.activate",
        "workflow.quarantine",
    ]


async def test_a_new_version_is_not_set_aside(client: Client, resources: ApiResources) -> None:
    """Nor is an old one, once there is a newer."""
    made = await send(client, "POST", "/v1/workflows", FLOW, status=201)
    path = f"/v1/workflows/{made['id']}"
    await put_aside(resources, made["id"])
    changed = await send(client, "PUT", path, {**FLOW, "run_if": "payload.a = 1"})
    assert (changed["version"], changed["quarantine"]) == (2, None)
    assert await live(resources) == [False]
    assert not await put_aside(resources, made["id"])


async def test_conditions_that_every_event_must_try_have_a_quota(resources: ApiResources) -> None:
    """One too many is refused; none that can be looked up, and none that takes the place of one."""
    few = replace(resources, unindexed_max=1, registry=CollectorRegistry())
    async with open_checked(build_app(few, ApiSettings())) as client:
        first = await send(client, "POST", "/v1/workflows", FLOW, status=201)
        refusal = await send(client, "POST", "/v1/workflows", FLOW, status=422)
        assert [(e["code"], e["pointer"]) for e in refusal["errors"]] == [
            ("TOO_MANY_UNINDEXED", "/run_if")
        ]
        found = {**FLOW, "run_if": "payload.plan = 'pro' and $sum(payload.a)"}
        other = await send(client, "POST", "/v1/workflows", found, status=201)
        await send(client, "PUT", f"/v1/workflows/{first['id']}", {**FLOW, "name": "v"})
        off = {**FLOW, "is_active": False}
        second = await send(client, "POST", "/v1/workflows", off, status=201)
        path = f"/v1/workflows/{second['id']}"
        await send(client, "POST", f"{path}/activate", status=422)
        await send(client, "POST", f"/v1/workflows/{first['id']}/deactivate")
        await send(client, "POST", f"{path}/activate")
        await send(client, "PUT", f"/v1/workflows/{other['id']}", FLOW, status=422)
