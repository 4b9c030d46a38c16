"""Requests that name themselves with a key are carried out once, and answered alike."""

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from aiohttp.test_utils import TestClient, TestServer
from multidict import CIMultiDict
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from services.api.app import build_app
from services.api.resources import ApiResources
from services.api.settings import ApiSettings
from shared.bus.local import open_local_bus
from shared.db.idempotency import KEPT_FOR, SILENT_AFTER, forget_keys
from shared.db.pool import Pool, open_pool
from shared.db.workflows import lock_changes
from shared.domain.ids import DEFAULT_ENVIRONMENT
from shared.domain.principals import Scope
from shared.runtime.clock import SystemClock
from shared.runtime.settings import PostgresSettings
from tests.integration.api.asking import OPERATOR, Asker
from tests.integration.api.conftest import Client, Serve
from tests.support.works import until

FLOW = {"name": "once"}
HOME = str(DEFAULT_ENVIRONMENT)
FLOWS = "SELECT count(*) FROM workflows"
SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Said:
    """An answer."""

    status: int
    body: bytes
    headers: dict[str, str]

    @property
    def json(self) -> Any:
        """Its document."""
        return orjson.loads(self.body)

    @property
    def code(self) -> str:
        """Of a refusal, the code."""
        return str(self.json["errors"][0]["code"])

    @property
    def lasting(self) -> object:
        """What must be the same when it is repeated."""
        kept = {name: self.headers.get(name) for name in ("Content-Type", "Location", "ETag")}
        return self.status, self.body, kept


async def ask(client: Client, key: str, body: Any = None, *where: str, **headers: str) -> Said:
    """Send a request with a key; ``where`` is path and method."""
    path = where[0] if where else "/v1/workflows"
    method = where[1] if len(where) > 1 else "POST"
    given = {"Authorization": OPERATOR, "Idempotency-Key": key}
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    async with client.request(method, path, json=body, headers=given) as answer:
        return Said(answer.status, await answer.read(), dict(answer.headers))


async def lose_answers(pool: Pool) -> None:
    """As when a process dies with its change made and its answer not yet kept."""
    await pool.execute("UPDATE idempotency_keys SET status = NULL, headers = NULL, body = NULL")


async def let_pass(pool: Pool, time: timedelta) -> None:
    """Every key was taken so much earlier."""
    await pool.execute("UPDATE idempotency_keys SET held_at = held_at - $1::interval", time)


async def test_a_repeated_request_is_answered_alike(serve: Serve, pool: Pool) -> None:
    """Status, headers and every byte, of what was done and of what was refused."""
    client = await serve(OPERATOR)
    flow = (await ask(client, "flow", FLOW)).json["id"]
    for key, status, *request in (
        ("flow", 201, FLOW),
        ("bad", 422, {"name": ""}),
        ("off", 200, None, f"/v1/workflows/{flow}/deactivate"),
        ("gone", 204, None, f"/v1/workflows/{flow}", "DELETE"),
        ("twice", 404, None, f"/v1/workflows/{flow}", "DELETE"),
    ):
        body, *where = request
        first, again = [await ask(client, key, body, *where) for _ in range(2)]
        assert first.status == status, first.body
        assert again.lasting == first.lasting
        assert again.headers["Idempotency-Replayed"] == "true"
    assert await pool.fetchval("SELECT count(*) FROM audit_log") == 3


async def test_a_key_is_of_one_request(serve: Serve, pool: Pool) -> None:
    """Another body, path, query or method under the same key is 422 and changes nothing."""
    client = await serve(OPERATOR)
    assert (await ask(client, "k", FLOW)).status == 201
    for request in (
        ({"name": "else"},),
        (FLOW, f"/v1/workflows?environment_id={HOME}"),
        (FLOW, "/v1/environments"),
        (FLOW, f"/v1/workflows/{HOME}", "PUT"),
    ):
        said = await ask(client, "k", *request)
        assert (said.status, said.code) == (422, "OTHER_REQUEST"), request
    assert await pool.fetchval(FLOWS) == 1


async def test_what_is_no_key_is_refused(client: Client, pool: Pool) -> None:
    """Empty, not ASCII, with a control character, or given twice: nothing is guessed."""
    for given in ([""], ["schl\u00fcssel"], ["a\tb"], ["a", "b"], ["a", "a"]):
        headers = CIMultiDict([("Idempotency-Key", key) for key in given])
        async with client.post("/v1/workflows", json=FLOW, headers=headers) as answer:
            refusal = await answer.json(content_type=None)
        assert answer.status == 400, given
        assert refusal["errors"][0]["pointer"] == "/headers/Idempotency-Key"
    assert await pool.fetchval(FLOWS) == 0


async def test_of_many_at_once_one_is_carried_out(serve: Serve, pool: Pool) -> None:
    """While the first is at work the others are told to come back; then they are answered as it."""
    client = await serve(OPERATOR)
    async with pool.acquire() as conn, asyncio.TaskGroup() as group:
        async with conn.transaction():
            await lock_changes(conn)
            first = group.create_task(ask(client, "k", FLOW))
            await until(pool, "SELECT count(*) FROM idempotency_keys", 1)
            for _ in range(3):
                said = await ask(client, "k", FLOW)
                assert (said.status, said.code) == (409, "KEY_IN_USE")
                assert said.headers["Retry-After"] == "1"
        made = await first
    said_by_all = await asyncio.gather(*(ask(client, "k", FLOW) for _ in range(8)))
    assert {said.body for said in said_by_all} == {made.body}
    said_at_once = await asyncio.gather(*(ask(client, "another", FLOW) for _ in range(8)))
    assert {said.status for said in said_at_once} <= {201, 409}
    assert await pool.fetchval(FLOWS) == 2


async def test_a_change_whose_answer_was_lost_is_not_made_again(serve: Serve, pool: Pool) -> None:
    """At first it may be at work still; then whoever repeats it is told what it changed."""
    client = await serve(OPERATOR)
    flow = (await ask(client, "k", FLOW)).json["id"]
    await lose_answers(pool)
    assert (await ask(client, "k", FLOW)).code == "KEY_IN_USE"
    await let_pass(pool, SILENT_AFTER + SECOND)
    said = await ask(client, "k", FLOW)
    assert (said.status, said.code) == (409, "ANSWER_NOT_KEPT")
    assert f"workflow:{flow}" in said.json["detail"]
    assert await pool.fetchval(FLOWS) == 1


async def test_a_request_that_died_early_is_made_again(serve: Serve, pool: Pool) -> None:
    """After a minute; and when the first was only slow, its change comes to nothing."""
    client = await serve(OPERATOR)
    async with pool.acquire() as conn, asyncio.TaskGroup() as group:
        async with conn.transaction():
            await lock_changes(conn)
            slow = group.create_task(ask(client, "k", FLOW))
            await until(pool, "SELECT count(*) FROM idempotency_keys", 1)
            await let_pass(pool, SILENT_AFTER + SECOND)
            other = group.create_task(ask(client, "k", FLOW))
            fresh = "SELECT count(*) FROM idempotency_keys WHERE held_at > now() - interval '50 s'"
            await until(pool, fresh, 1)
        assert (await slow).status == 409
        assert (await other).status == 201
    assert await pool.fetchval(FLOWS) == 1
    assert (await ask(client, "k", FLOW)).body == other.result().body


async def test_keys_are_kept_for_a_day(serve: Serve, pool: Pool) -> None:
    """Then one is new again; the housekeeping forgets it."""
    client = await serve(OPERATOR)
    first = await ask(client, "k", FLOW)
    await let_pass(pool, KEPT_FOR - timedelta(minutes=1))
    assert (await ask(client, "k", FLOW)).body == first.body
    await let_pass(pool, timedelta(minutes=2))
    assert (await ask(client, "k", {"name": "else"})).status == 201
    await let_pass(pool, KEPT_FOR + SECOND)
    await ask(client, "new", FLOW)
    async with pool.acquire() as conn:
        before = datetime.now(UTC) - KEPT_FOR
        assert [await forget_keys(conn, before, limit=9) for _ in range(2)] == [1, 0]
    assert await pool.fetchval("SELECT count(*) FROM idempotency_keys") == 1


async def test_each_caller_has_keys_of_his_own(serve: Serve, pool: Pool) -> None:
    """And in each environment others; a body cannot name another one behind a key's back."""
    client = await serve(OPERATOR)
    operator = Asker(client, OPERATOR)
    other = await operator.new_environment("other")
    askers = [(await operator.key([Scope.AUTHOR])).secret or "" for _ in range(2)]
    said = [await ask(client, "k", FLOW, Authorization=shown) for shown in (*askers, OPERATOR)]
    said += [await ask(client, "k", FLOW, X_Turnout_Environment=other)]
    assert {each.status for each in said} == {201}
    assert len({each.json["id"] for each in said}) == 4
    behind = await ask(client, "new", {**FLOW, "environment_id": other})
    assert (behind.status, behind.json["errors"][0]["pointer"]) == (422, "/environment_id")
    assert await pool.fetchval(FLOWS) == 4


async def test_a_secret_is_told_once(serve: Serve, pool: Pool) -> None:
    """An answer with a secret is not kept: repeated, the request says what it has made."""
    client = await serve(OPERATOR)
    trigger = {"id": "t", "kind": "webhook"}
    wanted = {"name": "hooked", "triggers": [trigger], "steps": []}
    flow = (await ask(client, "hook", wanted)).json
    assert flow["webhook_url"]
    for key, body, *where in (
        ("key", {"name": "k", "role": "viewer"}, "/v1/keys"),
        ("hook", wanted),
        ("other", None, f"/v1/workflows/{flow['id']}/triggers/t/rotate"),
    ):
        first, again = [await ask(client, key, body, *where) for _ in range(2)]
        assert first.status in (200, 201) or key == "hook", first.body
        assert (again.status, again.code) == (409, "ANSWER_NOT_KEPT")
    assert await pool.fetchval("SELECT count(*) FROM api_keys") == 1
    assert await pool.fetchval("SELECT count(*) FROM idempotency_keys WHERE body IS NOT NULL") == 0


async def test_events_are_the_same_under_the_same_key(serve: Serve, pool: Pool) -> None:
    """A key makes the id of an event without one, for each caller another, also after a day."""
    client = await serve(OPERATOR)
    event = {"event": "e"}
    publisher = (await Asker(client, OPERATOR).key([Scope.PUBLISH])).secret or ""
    first, again = [await ask(client, "k", event, "/v1/events") for _ in range(2)]
    assert (first.status, again.body) == (202, first.body)
    theirs = await ask(client, "k", event, "/v1/events", Authorization=publisher)
    assert theirs.json["id"] != first.json["id"]
    named = await ask(client, "named", {**event, "id": "own"}, "/v1/events")
    assert named.json["id"] == "own"
    assert (await ask(client, "named", {**event, "id": "new"}, "/v1/events")).status == 422
    await let_pass(pool, KEPT_FOR + SECOND)
    late = await ask(client, "k", event, "/v1/events")
    assert "Idempotency-Replayed" not in late.headers
    assert late.json == first.json


async def test_failures_of_ours_are_not_kept(resources: ApiResources, database: str) -> None:
    """After a 503 the same may be asked again at once; without a key nothing is looked up."""
    settings = PostgresSettings(dsn=SecretStr(database))
    async with open_pool(settings) as closed, open_local_bus(closed, SystemClock()) as bus:
        pass
    for own, without, with_key in (
        (replace(resources, bus=bus), 503, 503),
        (replace(resources, pool=closed), 202, 503),
        (resources, 202, 202),
    ):
        app = build_app(replace(own, registry=CollectorRegistry()), ApiSettings())
        async with TestClient(TestServer(app)) as client:
            async with client.post("/v1/events", json={"event": "e"}) as answer:
                assert answer.status == without
            assert (await ask(client, "k", {"event": "e"}, "/v1/events")).status == with_key
