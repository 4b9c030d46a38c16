"""When a subscription, a process or a delivery comes to its end."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import orjson
from prometheus_client import CollectorRegistry
from yarl import URL

from services.webhooks.settings import DeliverySettings
from shared.assembly.platform import Platform
from shared.db.pool import Pool
from shared.db.secrets import put_secret
from shared.db.webhook_deliveries import announce_due, begin_delivery
from shared.domain.subscriptions import Subscription
from shared.runtime.roles import duty
from tests.integration.test_nothing_passed_over import refused, refusing
from tests.integration.webhooks.stage import (
    ENVIRONMENT,
    open_hooks,
    phase,
    publish,
    role,
    roles,
    subscribe,
)
from tests.support.eventually import eventually
from tests.support.house import count
from tests.support.rings import ring
from tests.support.works import Works, open_works, until

DELIVERED = "SELECT count(*) FROM webhook_deliveries WHERE status = 'DELIVERED'"
DISABLED = "SELECT count(*) FROM webhook_subscriptions WHERE disabled_at IS NOT NULL"


async def events(pool: Pool) -> list[Any]:
    """What was published to the source topic."""
    rows = await pool.fetch(
        "SELECT value FROM bus_records JOIN bus_topics USING (topic_id)"
        " WHERE name = 'turnout.events'"
    )
    return [orjson.loads(row["value"]) for row in rows]


async def test_gone_is_gone(database: str) -> None:
    """410 disables at once, with an event and a line of the audit log; nothing follows."""
    async with open_hooks() as hooks, open_works(database, before=roles()) as works:
        hooks.status = lambda _path, _count: 410
        one = await subscribe(works.pool, f"{hooks.url}/secret?token=secret")
        await publish(works, phase())
        await until(works.pool, DISABLED, 1)
        (event,) = await events(works.pool)
        assert event["type"] == "webhook:disabled"
        assert event["data"]["url"] == str(URL(hooks.url).origin()), "a path may be a secret"
        assert event["data"]["subscription_id"] == str(one.id)
        assert event["environmentid"] == str(one.environment_id)
        audited = await works.pool.fetchrow("SELECT principal, action, target FROM audit_log")
        assert tuple(audited or ()) == (
            "webhooks",
            "subscription.disable",
            f"subscription:{one.id}",
        )
        await subscribe(works.pool, f"{hooks.url}/well")
        hooks.status = lambda _path, _count: 200
        await publish(works, phase())
        await until(works.pool, DELIVERED, 1)
        assert len(hooks.got) == 2


async def test_many_that_are_gone_at_once_wait_for_no_connection(database: str) -> None:
    """As many answers as are noted together: it is disabled, each is noted, one event tells it."""
    async with open_hooks() as hooks, open_works(database, before=roles()) as works:
        hooks.status, hooks.held = (lambda _path, _count: 410), asyncio.Event()
        await subscribe(works.pool, f"{hooks.url}/slow")
        await publish(works, *(phase() for _ in range(8)))
        await eventually(lambda: len(hooks.got) == 8)
        hooks.held.set()
        await until(works.pool, DISABLED, 1)
        await until(works.pool, "SELECT count(*) FROM webhook_attempts", 8)
        assert len(await events(works.pool)) == 1


async def test_nobody_is_disabled_without_a_word(database: str) -> None:
    """While the event of it cannot be published nothing is changed, nor noted as if it were."""
    async with open_hooks() as hooks, open_works(database) as works:
        hooks.status = lambda _path, _count: 410
        await subscribe(works.pool, hooks.url)
        await publish(works, phase())
        topic = works.platform.topics.sources[0]
        await refused(role(refusing(works.platform, topic)))
        assert await count(works.pool, "webhook_subscriptions", "is_active") == 1
        assert await count(works.pool, "audit_log") == 0


async def test_days_of_failure_disable(database: str) -> None:
    """Only failures for as long as may be: disabled; a success in between begins the time anew."""
    limits = {"disable_after_s": 0.3, "retry_s": (0.1,) * 20}
    async with open_hooks() as hooks, open_works(database, before=roles(**limits)) as works:
        hooks.status = lambda path, _count: 500 if path == "/dead" else 200
        await subscribe(works.pool, f"{hooks.url}/dead")
        await subscribe(works.pool, f"{hooks.url}/well")
        await publish(works, phase())
        await until(works.pool, DISABLED, 1)
        row = await works.pool.fetchrow(
            "SELECT url, is_active, disabled_reason FROM webhook_subscriptions"
            " WHERE disabled_at IS NOT NULL"
        )
        assert row is not None
        assert row["url"].endswith("/dead")
        assert not row["is_active"]
        assert row["disabled_reason"].startswith("Every attempt since ")
        asked = len(hooks.at("/dead"))
        assert 2 <= asked < 20
        (event,) = await events(works.pool)
        assert event["data"]["failing_since"] is not None


async def test_killed_while_sending_it_is_sent_again(database: str) -> None:
    """Claimed by a process that died, it is another's once the claim ends, under the same id."""
    async with open_hooks() as hooks, open_works(database) as works:
        hooks.held = asyncio.Event()
        await subscribe(works.pool, f"{hooks.url}/slow")
        first = asyncio.create_task(duty(role(works.platform)(asyncio.Event())))
        await publish(works, phase())
        await eventually(lambda: len(hooks.got) == 1)
        first.cancel()
        await asyncio.wait([first])
        assert await count(works.pool, "webhook_attempts") == 0
        hooks.held.set()
        stop = asyncio.Event()
        second = asyncio.create_task(duty(role(_second(works.platform))(stop)))
        # As time would do in half a minute.
        await works.pool.execute("UPDATE webhook_deliveries SET next_at = now()")
        await until(works.pool, DELIVERED, 1)
        stop.set()
        await second
        assert len({one.id for one in hooks.got}) == 1
        assert len(hooks.got) == 2


async def test_who_wakes_late_changes_nothing(database: str) -> None:
    """What another has claimed meanwhile is the other's to note."""
    async with open_hooks() as hooks, open_works(database, before=roles()) as works:
        hooks.held = asyncio.Event()
        await subscribe(works.pool, f"{hooks.url}/slow")
        await publish(works, phase())
        await eventually(lambda: len(hooks.got) == 1)
        await works.pool.execute("UPDATE webhook_deliveries SET claims = claims + 1")
        hooks.held.set()
        seen = works.platform.registry.get_sample_value
        name, labels = "turnout_webhook_attempts_total", {"outcome": "delivered"}
        labels["environment"] = str(ENVIRONMENT)
        await eventually(lambda: seen(name, labels) == 1)
        assert await count(works.pool, "webhook_deliveries", "status = 'PENDING'") == 1
        assert await count(works.pool, "webhook_attempts") == 0


async def test_asked_for_while_one_is_under_way_it_comes_again(database: str) -> None:
    """To a receiver that fails, too, which has one attempt at a time: the old one decides not."""
    async with open_hooks() as hooks, open_works(database, before=roles(retry_s=())) as works:
        hooks.status = lambda _path, _count: 500
        one = await subscribe(works.pool, f"{hooks.url}/slow")
        await publish(works, phase())
        await until(works.pool, "SELECT count(*) FROM webhook_attempts", 1)
        hooks.held = asyncio.Event()
        await _begin(works, one)
        await eventually(lambda: len(hooks.got) == 2)
        await _begin(works, one)
        hooks.held.set()
        await eventually(lambda: len(hooks.got) == 3)
        await until(works.pool, "SELECT count(*) FROM webhook_attempts", 2)
        assert await count(works.pool, "webhook_deliveries", "status = 'FAILED'") == 1


async def test_old_deliveries_are_forgotten(database: str) -> None:
    """Past their time they go, with their attempts."""
    async with open_hooks() as hooks:
        async with open_works(database, before=roles()) as works:
            await subscribe(works.pool, hooks.url)
            await publish(works, phase(), phase())
            await until(works.pool, DELIVERED, 2)
            await works.pool.execute(
                "UPDATE webhook_deliveries SET created_at = now() - make_interval(days => $1)"
                " WHERE id = (SELECT min(id::text)::uuid FROM webhook_deliveries)",
                int(DeliverySettings().kept_days) + 1,
            )
        async with open_works(database, before=roles()) as works:
            await until(works.pool, "SELECT count(*) FROM webhook_deliveries", 1)
            assert await count(works.pool, "webhook_attempts") == 1
            await publish(works, phase())
            await until(works.pool, DELIVERED, 2)


async def test_secrets_in_headers_are_sent_and_not_shown(database: str) -> None:
    """A name in a header becomes the value on the way out, and is taken out of the answer."""
    async with open_hooks() as hooks, open_works(database, before=roles()) as works:
        await _keep(works.pool, "crm", "swordfish-1")
        hooks.answer = lambda _path: "you sent swordfish-1"
        await subscribe(
            works.pool, f"{hooks.url}/a", headers={"Authorization": "Bearer {{ secrets.crm }}"}
        )
        await subscribe(works.pool, f"{hooks.url}/b", headers={"X": "{{secrets.none}}"})
        await publish(works, phase())
        await until(works.pool, DELIVERED, 1)
        assert hooks.at("/a")[0].headers["Authorization"] == "Bearer swordfish-1"
        await until(works.pool, "SELECT count(*) FROM webhook_attempts WHERE status IS NULL", 4)
        rows = await works.pool.fetch("SELECT error, answer FROM webhook_attempts ORDER BY status")
        assert rows[0]["answer"] == "you sent [secret crm]"
        assert rows[1]["error"] == "There is no secret 'none'."
        assert not hooks.at("/b")


async def _keep(pool: Pool, name: str, value: str) -> None:
    now = datetime.now(UTC)
    async with pool.acquire() as conn:
        await put_secret(conn, ring("k1"), (ENVIRONMENT, name), value, now=now, by="test")


async def _begin(works: Works, one: Subscription) -> None:
    """Have the one delivery of a subscription delivered again, as the API does."""
    async with works.pool.acquire() as conn, conn.transaction():
        id_ = await conn.fetchval("SELECT id FROM webhook_deliveries")
        await begin_delivery(conn, one.id, id_, works.platform.clock.now())
        await announce_due(conn)


def _second(platform: Platform) -> Platform:
    return replace(platform, registry=CollectorRegistry(), member=f"second-{uuid4().hex}")


async def test_metrics_tell_whose_subscriptions_these_are(database: str) -> None:
    """What is wanted, and what is disabled: by environment, and a disabled one is seen to come."""
    async with open_hooks() as hooks, open_works(database) as works:
        seen, labels = works.platform.registry.get_sample_value, {"environment": str(ENVIRONMENT)}
        disabled = "turnout_webhook_subscriptions_disabled"
        dead = await subscribe(works.pool, f"{hooks.url}/dead")
        stop = asyncio.Event()
        work = asyncio.create_task(duty(role(works.platform, forget_every_s=1)(stop)))
        await eventually(lambda: seen(disabled, {"environment": "(other)"}) == 0)
        assert seen(disabled, labels) is None
        hooks.status = lambda _path, _count: 410
        await publish(works, phase())
        await eventually(lambda: seen("turnout_webhooks_wanted_total", labels) == 1)
        await eventually(lambda: seen(disabled, labels) == 1)
        await eventually(lambda: seen("turnout_webhook_disablings_total", labels) == 1)
        await works.pool.execute("DELETE FROM webhook_subscriptions WHERE id = $1", dead.id)
        await eventually(lambda: seen(disabled, labels) is None)
        assert seen("turnout_webhook_disablings_total", labels) == 1
        stop.set()
        await work
