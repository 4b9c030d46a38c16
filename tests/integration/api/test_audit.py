"""The audit log: every change through the api, who made it, and what it changed."""

from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import pytest_asyncio

from shared.db.pool import Pool
from shared.domain.ids import DEFAULT_ENVIRONMENT
from shared.domain.principals import Scope
from tests.integration.api.asking import OPERATOR, Asker
from tests.integration.api.conftest import Serve
from tests.support.house import open_house
from tests.support.served import open_api
from tests.support.works import until

FLOW: dict[str, Any] = {"name": "one", "triggers": [{"event_name": "go"}], "steps": []}
HOOK = {**FLOW, "triggers": [{"id": "h", "kind": "webhook"}]}
TRUTO = {
    "environment_id": str(DEFAULT_ENVIRONMENT),
    "trigger_name": "integrated_account:created",
    "config": {"steps": []},
}
ASK = {"id": "ask", "kind": "approval", "approval": {"message": "Go on?"}}


@pytest_asyncio.fixture
async def operator(serve: Serve) -> AsyncIterator[Asker]:
    """The operator of an API."""
    yield Asker(await serve(OPERATOR), OPERATOR)


async def made(asker: Asker, method: str, path: str, body: Any = None, **headers: str) -> Any:
    """What a change is answered with that is to succeed."""
    status, document = await asker.ask(method, path, body, **headers)
    assert status in (200, 201, 202, 204), document
    return document


async def log(asker: Asker, query: str = "") -> list[Any]:
    """The log, the earliest first."""
    items: list[Any] = (await asker.get(f"/v1/audit?limit=200{query}"))["items"]
    return items[::-1]


async def test_each_change_of_a_workflow_is_noted(operator: Asker) -> None:
    """Who, by which request, and what changed; what changes nothing is not noted."""
    author = await operator.key([Scope.AUTHOR, Scope.READ])
    flow = (await made(author, "POST", "/v1/workflows", HOOK))["id"]
    path = f"/v1/workflows/{flow}"
    for _ in range(2):
        await made(author, "PUT", path, {**HOOK, "name": "two"}, X_Request_Id="mine")
    for verb in ("deactivate", "deactivate", "activate", "triggers/h/rotate", "archive", "archive"):
        await made(author, "POST", f"{path}/{verb}")
    assert (await author.ask("PUT", path, HOOK))[0] == 409
    await made(author, "POST", f"{path}/unarchive")
    await made(author, "DELETE", path)
    noted = await log(operator, f"&target=workflow:{flow}")
    said = [(n["action"].partition(".")[2], n["before"], n["after"]) for n in noted]
    assert [action for action, _, _ in said] == [
        *("create", "replace", "deactivate", "activate", "rotate", "archive", "unarchive"),
        "delete",
    ]
    assert said[0][1] is None
    assert said[1][1:] == (
        {"name": "one", "version": 1, "lifecycle": "ready", "is_active": True},
        {"name": "two", "version": 2, "lifecycle": "ready", "is_active": True},
    )
    assert all(earlier[2] == later[1] for earlier, later in pairwise(said))
    assert said[-1][2] is None
    assert noted[1]["request_id"] == "mine"
    assert {n["principal"] for n in noted} == {f"key:{(author.secret or '')[4:12]}"}


async def test_registries_and_dialects_are_noted(operator: Asker) -> None:
    """Actions by their versions, event types by what they say, Truto's workflows as all others."""
    for spec in (
        {"transport": "worker"},
        {"transport": "worker"},
        {"transport": "http", "url": "https://a.example"},
    ):
        await made(operator, "PUT", "/v1/actions/mail", spec)
    await made(operator, "DELETE", "/v1/actions/mail")
    for text in ("a", "a", "b"):
        await made(operator, "PUT", "/v1/event-types/sold", {"description": text})
    await made(operator, "DELETE", "/v1/event-types/sold")
    noted = await log(operator)
    assert [(n["action"], n["before"], n["after"]) for n in noted[:3]] == [
        ("action.put", None, {"version": 1}),
        ("action.put", {"version": 1}, {"version": 2}),
        ("action.delete", {"version": 2}, None),
    ]
    told = [
        (n["action"], *((side or {}).get("description") for side in (n["before"], n["after"])))
        for n in noted[3:]
    ]
    assert told == [
        ("event_type.put", None, "a"),
        ("event_type.put", "a", "b"),
        ("event_type.delete", "b", None),
    ]
    flow = (await made(operator, "POST", "/truto/workflow", TRUTO))["id"]
    await made(operator, "PATCH", f"/truto/workflow/{flow}", {"run_if": "false"})
    await made(operator, "DELETE", f"/truto/workflow/{flow}")
    noted = await log(operator, f"&target=workflow:{flow}")
    assert [n["action"] for n in noted] == [
        f"workflow.{word}" for word in ("create", "replace", "delete")
    ]


async def test_commands_are_noted_before_they_are_sent(database: str) -> None:
    """Starts, repeats, signals, decisions and cancellations: what was asked, without payloads."""
    async with open_house(database) as house, open_api(house, OPERATOR) as client:
        operator = Asker(client, OPERATOR)
        flow = await house.register({**FLOW, "steps": [ASK], "edges": []})
        body = {"payload": {"secret": "canary"}}
        id_ = (await made(operator, "POST", f"/v1/workflows/{flow.id}/executions", body))[
            "execution_id"
        ]
        pool, path = house.platform.pool, f"/v1/executions/{id_}"
        await until(pool, "SELECT count(*) FROM waits", 1)
        await made(operator, "POST", f"{path}/suspend")
        await made(operator, "POST", f"{path}/resume")
        said = {"decision": "approve", "by": "ada", "comment": "canary", "decision_id": "d"}
        await made(operator, "POST", f"{path}/steps/ask/decision", said)
        await until(pool, "SELECT count(*) FROM executions WHERE status = 'COMPLETED'", 1)
        again = (await made(operator, "POST", f"{path}/rerun"))["execution_id"]
        await until(pool, "SELECT count(*) FROM waits", 1)
        await made(operator, "POST", f"/v1/executions/{again}/cancel", {"reason": "enough"})
        noted = [(n["action"], n["target"], n["after"]) for n in await log(operator)]
        target = f"execution:{id_}"
        decided = {"step_id": "ask", "by": "ada", "decision_id": "d", "decision": "approve"}
        assert noted == [
            (
                "execution.start",
                target,
                {"workflow_id": str(flow.id), "workflow_version": flow.version},
            ),
            ("execution.suspend", target, None),
            ("execution.resume", target, None),
            ("step.decide", target, decided),
            ("execution.rerun", f"execution:{again}", {"execution_id": id_, "step_id": None}),
            ("execution.cancel", f"execution:{again}", {"reason": "enough"}),
        ]
        assert "canary" not in str(noted)


async def test_the_log_is_filtered_and_walked_backwards(operator: Asker) -> None:
    """By target, principal and time; pages join; each environment has its own."""
    other = await operator.new_environment("other")
    writers = [await operator.key(list(Scope)) for _ in range(2)]
    for number in range(4):
        await made(writers[number % 2], "PUT", f"/v1/event-types/t{number}", {})
    noted = await log(operator)
    assert [n["target"] for n in noted[2:]] == [f"event-type:t{n}" for n in range(4)]
    assert [n["target"] for n in await log(operator, "&target=event-type:t1")] == ["event-type:t1"]
    name = noted[2]["principal"]
    assert [n["target"] for n in await log(operator, f"&principal={name}")] == [
        "event-type:t0",
        "event-type:t2",
    ]
    since, until_ = noted[3]["at"], noted[5]["at"]
    within = await log(operator, f"&from={since}&to={until_}".replace("+", "%2B"))
    assert within == noted[3:5]
    seen, cursor = [], ""
    while True:
        page = await operator.get(f"/v1/audit?limit=4{cursor}")
        seen += page["items"]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen[::-1] == noted
    elsewhere = await log(operator, f"&environment_id={other}")
    assert [n["action"] for n in elsewhere] == ["environment.create"]
    assert [n["target"] for n in elsewhere] == [f"environment:{other}"]


async def test_a_change_that_cannot_be_noted_is_not_made(operator: Asker, pool: Pool) -> None:
    """They stand or fall together: no log, no change, of anything that can be changed."""
    flow = (await made(operator, "POST", "/v1/workflows", FLOW))["id"]
    key = (await operator.new_key([Scope.READ]))["id"]
    await made(operator, "PUT", "/v1/event-types/sold", {})
    await made(operator, "PUT", "/v1/actions/mail", {"transport": "worker"})
    await pool.execute("ALTER TABLE audit_log ADD CONSTRAINT full_ CHECK (false) NOT VALID")
    before = await state(pool)
    for method, path, body in (
        ("POST", "/v1/workflows", FLOW),
        ("PUT", f"/v1/workflows/{flow}", {**FLOW, "name": "two"}),
        ("POST", f"/v1/workflows/{flow}/deactivate", None),
        ("POST", f"/v1/workflows/{flow}/archive", None),
        ("DELETE", f"/v1/workflows/{flow}", None),
        ("POST", f"/v1/workflows/{flow}/executions", {}),
        ("POST", "/truto/workflow", TRUTO),
        ("PUT", "/v1/event-types/sold", {"description": "x"}),
        ("DELETE", "/v1/event-types/sold", None),
        ("PUT", "/v1/actions/mail", {"transport": "http", "url": "https://a.example"}),
        ("DELETE", "/v1/actions/mail", None),
        ("POST", "/v1/keys", {"name": "x", "role": "viewer"}),
        ("POST", f"/v1/keys/{key}/rotate", {}),
        ("DELETE", f"/v1/keys/{key}", None),
        ("POST", "/v1/environments", {"name": "x"}),
    ):
        assert (await operator.ask(method, path, body))[0] == 500, (method, path)
    assert await state(pool) == before


async def state(pool: Pool) -> list[str]:
    """Everything that can be changed, and what was sent."""
    tables = ("workflows", "workflow_versions", "event_types", "actions", "api_keys")
    more = ("environments", "organisations", "audit_log", "bus_records")
    rows = [
        await pool.fetch(f"SELECT t::text FROM {name} AS t ORDER BY 1") for name in tables + more
    ]
    return [str(row[0]) for found in rows for row in found]
