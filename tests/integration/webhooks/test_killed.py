"""The role as processes that are killed while they are at it: nothing is lost, ids stay."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson
import pytest

from services.webhooks.settings import DeliverySettings
from shared.db.pool import Pool
from shared.domain.subscriptions import delivery_id, message_id
from tests.integration.webhooks.stage import Hooks, open_hooks, phase, publish, subscribe
from tests.support.eventually import eventually
from tests.support.processes import Roles
from tests.support.rings import written
from tests.support.works import open_works, until

pytestmark = pytest.mark.timeout(180)

WAVES: Final = (("",), ("-other",), ("", "-other"))
"""The replicas that are killed in each."""
WAVE: Final = 200
EACH: Final = DeliverySettings().in_flight_per_subscription_max
NOTHING_DUE: Final = (
    "SELECT count(*) = 0 FROM webhook_deliveries WHERE status = 'PENDING' AND next_at <= now()"
)
DELIVERED: Final = "SELECT count(*) FROM webhook_deliveries WHERE status = 'DELIVERED'"


def environment(database: str) -> Mapping[str, str]:
    """What the role's processes are given."""
    return {
        "DATABASE_URL": database,
        "TURNOUT_PARTITIONS": "4",
        "TURNOUT_EGRESS__ALLOW_LOOPBACK": "true",
        "TURNOUT_KEYRING": written("k1"),
        "LOG_LEVEL": "WARNING",
    }


async def test_killed_under_load_every_record_arrives_under_its_id(database: str) -> None:
    """Kill -9 of one, of the other, of both: each record comes to each, the same at each time.

    What comes twice is what was under way at a kill, all of that, and no more.
    """
    async with (
        open_hooks() as hooks,
        open_works(database) as works,
        Roles(environment(database), "hooks") as running,
    ):
        made = [await subscribe(works.pool, f"{hooks.url}/{name}") for name in ("fast", "slow")]
        await _start(running, WAVES[-1])
        records: list[dict[str, Any]] = []
        for killed in WAVES:
            fast, slow = len(hooks.at("/fast")), len(hooks.at("/slow"))
            hooks.held = asyncio.Event()
            records += (wave := [phase() for _ in range(WAVE)])
            await publish(works, *wave)
            await _came(hooks, fast + WAVE // 4, slow + EACH)
            await _kill(running, killed)
            unanswered = {one.id for one in hooks.at("/slow")[slow:]}
            hooks.held.set()
            await _start(running, killed)
        await _all_delivered(works.pool, WAVE * len(WAVES) * len(made))
    for one in made:
        came: dict[str, set[bytes]] = {}
        for got in hooks.at(f"/{one.url.rpartition('/')[2]}"):
            came.setdefault(got.id, set()).add(got.body)
        assert came == {
            message_id(delivery_id(one.id, record["id"])): {orjson.dumps(record)}
            for record in records
        }
    times = Counter(one.id for one in hooks.got)
    # Of the last, in which nobody was left who could note them.
    assert all(times[id_] > 1 for id_ in unanswered)
    # And what the living had under way when all claims were let go.
    processes = sum(map(len, WAVES)) + len(WAVES[-1])
    assert times.total() - len(times) <= EACH * len(made) * processes


async def _came(hooks: Hooks, fast: int, slow: int) -> None:
    def have() -> bool:
        return len(hooks.at("/fast")) >= fast and len(hooks.at("/slow")) >= slow

    await eventually(have, within_s=60)


async def _kill(running: Roles, replicas: Sequence[str]) -> None:
    """Kill -9 of them at once, then start them again."""
    ended = [running.process("webhooks", replica) for replica in replicas]
    for process in ended:
        process.kill()
    for process in ended:
        await process.wait()


async def _start(running: Roles, replicas: Sequence[str]) -> None:
    async with asyncio.TaskGroup() as group:
        for replica in replicas:
            group.create_task(running.start("webhooks", replica))


async def _all_delivered(pool: Pool, count: int) -> None:
    """Return when so many are; what the dead had claimed is let go, as time would half a minute on.

    What the living have claimed just then may come twice.
    """
    await until(pool, f"SELECT count(*) = {count} FROM webhook_deliveries", within_s=60)
    await until(pool, NOTHING_DUE, within_s=60)
    await pool.execute("UPDATE webhook_deliveries SET next_at = now() WHERE next_at IS NOT NULL")
    await until(pool, DELIVERED, count, within_s=60)
