"""Callers that wait for a result, and workflows that only others start."""

import asyncio
from dataclasses import replace
from socket import create_server
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from prometheus_client import CollectorRegistry

from services.api.app import build_app
from services.api.resources import RESOURCES
from services.api.settings import ApiSettings
from tests.integration.api.conftest import Client
from tests.integration.api.face import Face, open_face
from tests.integration.api.test_archive import call
from tests.support.eventually import eventually
from tests.support.works import NOTE, transform, until, workflow

SAY = transform("say", "payload.n + 1")
WAIT = {"id": "ok", "kind": "approval"}
RESPOND = {"id": "r", "kind": "respond", "input": {"src": "soon"}}
FAIL = {"id": "end", "kind": "terminate", "terminate": {"status": "failed"}}
BY = {"decision": "approve", "by": "ada"}


def sync(*steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A workflow whose callers wait."""
    return {**workflow(*steps), "triggers": [{"kind": "api_sync"}], **more}


async def ask(face: Face, flow: Any, body: Any = None, prefer: str | None = None) -> Any:
    """The status, document and Location that a start is answered with."""
    headers = {} if prefer is None else {"Prefer": prefer}
    path = f"/v1/workflows/{flow.id}/executions"
    async with face.client.post(path, json=body, headers=headers) as answer:
        return answer.status, await answer.json(), answer.headers.get("Location")


async def test_a_caller_is_answered_with_the_result(database: str) -> None:
    """Also with what a step responds while others still wait."""
    async with open_face(database) as face:
        flow = await face.works.register(sync(SAY))
        status, answered, _ = await ask(face, flow, {"payload": {"n": 1}})
        assert (status, answered["result"]) == (200, 2)
        assert (await face.ends(answered["execution_id"]))["status"] == "COMPLETED"
        flow = await face.works.register(sync(RESPOND, WAIT))
        status, answered, _ = await ask(face, flow)
        assert (status, answered["result"]) == (200, "soon")
        assert [w["step_id"] for w in await face.waits(answered["execution_id"])] == ["ok"]


async def test_a_caller_waits_no_longer_than_the_policy_lets_it(database: str) -> None:
    """Then it is told where the execution is, which goes on."""
    async with open_face(database) as face:
        flow = await face.works.register(sync(WAIT, SAY, policy={"max_sync_s": 0.2}))
        for prefer in (None, "wait=600"):
            status, answered, place = await ask(face, flow, {"payload": {"n": 1}}, prefer)
            assert (status, "result" in answered) == (202, False)
            assert place == f"/v1/executions/{answered['execution_id']}"
        id_ = answered["execution_id"]
        await face.waits(id_)
        await face.post(f"executions/{id_}/steps/ok/decision", BY, status=200)
        assert await face.get(f"executions/{id_}/result?wait_s=20") == {"result": 2}


async def test_a_caller_of_any_workflow_may_prefer_to_wait(database: str) -> None:
    """And of one that answers with its result not to; what makes no sense is no preference."""
    async with open_face(database) as face:
        flow = await face.works.register(workflow(SAY))
        for prefer, wanted in (
            ("wait=20", 200),
            ('respond-async, Wait = "20"', 200),
            ("wait=0", 202),
            ("wait=soon", 202),
            ("await=20", 202),
            (None, 202),
        ):
            status, _, place = await ask(face, flow, {"payload": {"n": 1}}, prefer)
            assert (status, place is None) == (wanted, wanted == 200), prefer
        flow = await face.works.register(sync(WAIT))
        assert (await ask(face, flow, None, "wait=0"))[0] == 202


async def test_a_caller_is_told_that_there_will_be_no_result(database: str) -> None:
    """As soon as the execution has failed: 409, with its id."""
    async with open_face(database) as face:
        flow = await face.works.register(sync(FAIL))
        status, answered, _ = await ask(face, flow)
        assert status == 409
        assert "is FAILED and has no result" in answered["detail"]


async def test_nobody_is_waited_for_who_has_hung_up(database: str) -> None:
    """The request ends soon after, though the policy would let it wait for minutes."""
    async with open_face(database) as face:
        flow = await face.works.register(sync(WAIT, policy={"max_sync_s": 600}))
        registry = CollectorRegistry()
        assert face.client.app is not None
        app = build_app(replace(face.client.app[RESOURCES], registry=registry), ApiSettings())
        runner = web.AppRunner(app)  # the tests' own server would cancel the handler
        await runner.setup()
        site = web.SockSite(runner, create_server(("127.0.0.1", 0)))
        await site.start()
        route = "/v1/workflows/{id}/executions"
        labels = {"method": "POST", "route": route, "status": "202"}

        def ended() -> bool:
            name = "turnout_http_request_seconds_count"
            return registry.get_sample_value(name, labels) == 1.0

        async with aiohttp.ClientSession() as session:
            host, port = runner.addresses[0]
            url = f"http://{host}:{port}/v1/workflows/{flow.id}/executions"
            asking = asyncio.create_task(session.post(url))
            await until(face.works.pool, "SELECT count(*) FROM waits", 1)
            assert not ended()
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
        await eventually(ended)
        await runner.cleanup()


async def test_what_others_start_is_not_started_here(database: str) -> None:
    """409 with a sentence; a step of another workflow starts it."""
    async with open_face(database) as face:
        sub = await face.works.register({**workflow(NOTE), "triggers": [{"kind": "subflow"}]})
        status, refused, _ = await ask(face, sub)
        assert status == 409
        assert "other workflows only" in refused["detail"]
        step = {"id": "c", "kind": "subworkflow", "subworkflow": {"workflow_id": str(sub.id)}}
        caller = await face.works.register(sync(step))
        status, answered, _ = await ask(face, caller)
        assert (status, answered["result"]["result"]) == (200, "done")
        kinds = [{"kind": "subflow"}, {"kind": "manual"}]
        both = await face.works.register({**workflow(NOTE), "triggers": kinds})
        assert (await ask(face, both))[0] == 202


async def test_every_word_of_a_trigger_comes_back(client: Client) -> None:
    """Every kind with its block, and schedules of every kind, there and back."""
    schedules = [
        {"kind": "manual"},
        {"kind": "interval", "value": "3600"},
        {"kind": "cron", "value": "0 6 * * 1-5", "timezone": "Europe/Berlin"},
        {"kind": "daily", "value": "06:30"},
        {"kind": "weekly", "value": "mon,wed 23:59"},
        {"kind": "monthly", "value": "1,31 6:00", "timezone": "Asia/Tokyo"},
        {"kind": "once", "value": "2030-01-01T00:00:00Z"},
    ]
    triggers: list[dict[str, Any]] = [
        {"id": "e", "event_name": "e:*", "ext": {"position": {"x": 1}}},
        *({"kind": "schedule", "schedule": one} for one in schedules),
        {"id": "h", "kind": "webhook", "webhook": {"auth": None}},
        *({"kind": kind} for kind in ("manual", "api_sync", "workflow", "subflow")),
    ]
    body = {"name": "w", "triggers": triggers, "policy": {"max_sync_s": 12.5}}
    made = await call(client, "POST", "workflows", body, status=201)
    for sent, back in zip(triggers, made["triggers"], strict=True):
        for name, value in sent.items():
            assert back[name] == value or back[name].items() >= value.items()
    assert made["policy"]["max_sync_s"] == 12.5
    again = await call(client, "PUT", f"workflows/{made['id']}", made)
    assert again["version"] == 1
    assert {k for k in again if again[k] != made.get(k)} == {"webhook_url"}
