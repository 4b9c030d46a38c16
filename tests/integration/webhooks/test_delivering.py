"""Subscribers are told of what they asked for, at least once, however often it takes."""

import asyncio
import base64
import hashlib
import hmac
from dataclasses import replace
from uuid import uuid4

import orjson
from prometheus_client import CollectorRegistry

from shared.assembly.platform import Platform
from shared.runtime.roles import duty
from tests.integration.webhooks.stage import (
    SECRET,
    Got,
    open_hooks,
    phase,
    publish,
    role,
    roles,
    subscribe,
)
from tests.support.eventually import eventually
from tests.support.house import count
from tests.support.works import NOTE, open_works, start, until, workflow

DELIVERED = "SELECT count(*) FROM webhook_deliveries WHERE status = 'DELIVERED'"


def _other(platform: Platform) -> Platform:
    """The platform of a second process, with metrics and a name of its own."""
    return replace(platform, registry=CollectorRegistry(), member="two")


def is_signed(got: Got, secret: str = SECRET) -> bool:
    """Whether one of the signatures is right, by Standard Webhooks' own words."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{got.id}.{got.headers['webhook-timestamp']}.".encode() + got.body
    right = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return f"v1,{right}" in got.headers["webhook-signature"].split(" ")


async def test_an_execution_is_told_of_as_it_goes(database: str) -> None:
    """Each step result and phase that was asked for comes signed, as the record on its topic."""
    async with open_hooks() as hooks, open_works(database, before=roles()) as works:
        await subscribe(works.pool, f"{hooks.url}/all", "step.*", "execution.completed")
        await subscribe(works.pool, f"{hooks.url}/steps", "step.completed")
        (execution_id,) = await start(works, await works.register(workflow(NOTE)))
        await until(works.pool, DELIVERED, 3)
        kinds = {one.document["type"] for one in hooks.at("/all")}
        assert kinds == {"turnout.step.completed", "workflow_execution:completed"}
        (step,) = hooks.at("/steps")
        assert step.document["data"]["output"] == "done"
        assert step.document["data"]["execution_id"] == str(execution_id)
        assert step.headers["Content-Type"] == "application/cloudevents+json"
        assert step.headers["Turnout-Depth"] == str(step.document["turnoutdepth"]) == "1"
        assert all(is_signed(one) for one in hooks.got)


async def test_only_what_passes_is_told(database: str) -> None:
    """Kinds, the workflow, the filter, the environment and the time of making all say no."""
    async with open_hooks() as hooks, open_works(database, before=roles()) as works:
        wanted = phase()
        flow = wanted["data"]["workflow_id"]
        path = {"data.event_key": wanted["data"]["event_key"]}
        await subscribe(works.pool, f"{hooks.url}/right", workflow_id=flow, filters=path)
        await subscribe(works.pool, f"{hooks.url}/kind", "execution.failed", "step.*")
        await subscribe(works.pool, f"{hooks.url}/flow", workflow_id=uuid4())
        await subscribe(works.pool, f"{hooks.url}/filter", filters={"data.event_key": "other"})
        await subscribe(works.pool, f"{hooks.url}/elsewhere", environment_id=uuid4())
        await subscribe(works.pool, f"{hooks.url}/off", is_active=False)
        late = await subscribe(works.pool, f"{hooks.url}/late")
        await works.pool.execute(
            "UPDATE webhook_subscriptions SET created_at = now() + interval '1 hour' WHERE id = $1",
            late.id,
        )
        await publish(works, wanted)
        await until(works.pool, DELIVERED, 1)
        assert [one.path for one in hooks.got] == ["/right"]
        assert hooks.got[0].body == orjson.dumps(wanted)
        assert await count(works.pool, "webhook_deliveries") == 1


async def test_a_record_read_twice_is_told_once(database: str) -> None:
    """The same record again is the same delivery, under the same id."""
    async with open_hooks() as hooks, open_works(database, before=roles()) as works:
        await subscribe(works.pool, hooks.url)
        record, other = phase(), phase()
        await publish(works, record, record)
        await until(works.pool, DELIVERED, 1)
        await publish(works, record, other)
        await until(works.pool, DELIVERED, 2)
        assert len(hooks.got) == 2
        assert len({one.id for one in hooks.got}) == 2


async def test_a_failing_receiver_is_asked_again(database: str) -> None:
    """500 then 200: the same id and body, each attempt noted with what came of it."""
    async with open_hooks() as hooks, open_works(database, before=roles()) as works:
        hooks.status = lambda _path, count: 500 if count < 2 else 204
        await subscribe(works.pool, hooks.url)
        await publish(works, phase())
        await until(works.pool, DELIVERED, 1)
        assert len(hooks.got) == 3
        assert len({(one.id, one.body) for one in hooks.got}) == 1
        rows = await works.pool.fetch(
            "SELECT number, status, error, answer FROM webhook_attempts ORDER BY number"
        )
        assert [(row["number"], row["status"]) for row in rows] == [(1, 500), (2, 500), (3, 204)]
        assert rows[0]["answer"] == "thanks"
        assert await count(works.pool, "webhook_subscriptions", "failing_since IS NULL") == 1


async def test_after_the_last_pause_it_is_given_up(database: str) -> None:
    """As many attempts as there are pauses, and one."""
    async with open_hooks() as hooks, open_works(database, before=roles()) as works:
        hooks.status = lambda _path, _count: 503
        await subscribe(works.pool, hooks.url)
        await publish(works, phase())
        await until(
            works.pool, "SELECT count(*) FROM webhook_deliveries WHERE status = 'FAILED'", 1
        )
        assert len(hooks.got) == 4
        await eventually(lambda: works.metric("turnout_webhooks_given_up_total") == 1)


async def test_retry_after_is_kept(database: str) -> None:
    """Who asks for more time gets it."""
    async with open_hooks() as hooks, open_works(database, before=roles()) as works:
        hooks.status, hooks.headers = lambda _path, _count: 503, {"Retry-After": "3600"}
        await subscribe(works.pool, hooks.url)
        await publish(works, phase())
        await until(
            works.pool,
            "SELECT count(*) FROM webhook_deliveries WHERE attempts = 1"
            " AND next_at > now() + interval '50 minutes'",
            1,
        )


async def test_a_slow_receiver_delays_nobody(database: str) -> None:
    """While one holds as many requests as it may, another gets everything."""
    limits = {"in_flight_per_subscription_max": 2, "in_flight_max": 6}
    async with open_hooks() as hooks, open_works(database, before=roles(**limits)) as works:
        hooks.held = asyncio.Event()
        await subscribe(works.pool, f"{hooks.url}/slow")
        await subscribe(works.pool, f"{hooks.url}/fast")
        await publish(works, *(phase() for _ in range(20)))
        await eventually(lambda: (len(hooks.at("/fast")), len(hooks.at("/slow"))) >= (20, 2))
        assert len(hooks.at("/slow")) == 2
        hooks.held.set()
        await until(works.pool, DELIVERED, 40)


async def test_what_cannot_be_read_stops_nobody(database: str) -> None:
    """It is buried, and the next record is told."""
    async with open_hooks() as hooks, open_works(database, before=roles()) as works:
        await subscribe(works.pool, hooks.url)
        broken = [b"no json", b"[]", b"{}", orjson.dumps({**phase(), "data": None})]
        await publish(works, *broken, phase())
        await until(works.pool, DELIVERED, 1)
        await until(works.pool, "SELECT count(*) FROM dead_letters", 4)
        assert len(hooks.got) == 1


async def test_two_replicas_tell_each_thing_once(database: str) -> None:
    """Whoever reads or attempts, nothing is sent twice while nobody dies."""
    async with open_hooks() as hooks, open_works(database, before=roles()) as works:
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(duty(role(_other(works.platform))(stop)))
            await subscribe(works.pool, hooks.url)
            await publish(works, *(phase() for _ in range(60)))
            await until(works.pool, DELIVERED, 60)
            stop.set()
        assert len(hooks.got) == 60
        assert len({one.id for one in hooks.got}) == 60


async def test_who_subscribes_hears_of_what_comes_next(database: str) -> None:
    """However busy the role is: what is published after a subscription was made is told."""
    limits = {"refresh_s": 0.3}
    async with open_hooks() as hooks, open_works(database, before=roles(**limits)) as works:
        await subscribe(works.pool, f"{hooks.url}/first")
        for n in range(4):
            await publish(works, phase())
            await until(works.pool, DELIVERED, (n + 1) * (n + 2) // 2)
            await subscribe(works.pool, f"{hooks.url}/{n}")
        await publish(works, phase())
        await eventually(lambda: len(hooks.at("/first")) == 5)
        await until(works.pool, DELIVERED, 15)
        assert [len(hooks.at(f"/{n}")) for n in range(4)] == [4, 3, 2, 1]
