"""Throttled actions: never oftener than they may be called, and nothing is lost for it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from services.executor.actions.throttle import Throttles
from shared.db.actions import put_action
from shared.db.pool import Pool
from shared.db.throttles import forget_windows, reserve
from shared.domain.actions import ActionSpec, Throttle, Transport
from shared.domain.ids import DEFAULT_ENVIRONMENT
from shared.domain.outcomes import Parked
from shared.domain.values import Lang, Value
from shared.expr.jsonata import ExpressionCache
from shared.expr.liquid import TemplateCache
from shared.expr.resolve import Resolver
from tests.support.crowd import Crowd, open_crowd
from tests.support.eventually import eventually
from tests.support.tasks import SHIP, known
from tests.support.virtual_clock import VirtualClock
from tests.support.works import (
    NOTE,
    Works,
    all_ended,
    check_history,
    open_works,
    start,
    start_command,
    statuses,
    tell,
    transform,
    until,
    workflow,
)
from tests.unit.executor.calls import NOW as CALLED_AT
from tests.unit.executor.calls import after, call, registered

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LOG = "SELECT count(*) FROM execution_log WHERE step_id = 'call' AND "
POSTPONED = LOG + "status = 'WAITING' AND output ->> 'kind' = 'throttle'"


async def throttled(works: Works, crowd: Crowd, throttle: Throttle, **spec: Any) -> None:
    """Register the action ``knock``, which calls the receiver."""
    url = str(crowd.server.make_url("/knock"))
    given = ActionSpec(transport=Transport.HTTP, url=url, throttle=throttle, **spec)
    async with works.pool.acquire() as conn, conn.transaction():
        await put_action(conn, DEFAULT_ENVIRONMENT, "knock", given, datetime.now(UTC))


def knock(**more: Any) -> dict[str, Any]:
    """A step that calls it with the payload."""
    return {"id": "call", "action": "knock", "input": {"lang": "jsonata", "src": "payload"}, **more}


async def places(pool: Pool, *after_s: float, limit: int = 2, key: bytes = b"") -> list[float]:
    """Where the windows begin, in seconds, that calls at these times get."""
    ttl = timedelta(seconds=10)
    found = []
    async with pool.acquire() as conn:
        for seconds in after_s:
            ends_at = await reserve(
                conn,
                DEFAULT_ENVIRONMENT,
                "a",
                key,
                limit=limit,
                ttl=ttl,
                now=NOW + timedelta(seconds=seconds),
            )
            found.append((ends_at - ttl - NOW).total_seconds())
    return found


async def test_windows_are_filled_one_after_another(pool: Pool) -> None:
    """A window begins with its first call; a full one sends on; each key has windows of its own."""
    assert await places(pool, 0, 3, 4, 5, 6, 7) == [0, 0, 10, 10, 20, 20]
    assert await places(pool, 12) == [30]
    assert await places(pool, 5, key=b"other") == [5]
    assert await places(pool, 41, 41.5) == [41, 41]
    assert await places(pool, 42, limit=3) == [41]


async def test_two_executors_call_no_oftener_than_the_throttle_says(database: str) -> None:
    """Each window has its calls, no attempt is counted twice, and all are made."""
    limit, ttl_s = 4, 0.6
    async with (
        open_crowd() as crowd,
        open_works(database) as works,
        open_works(database, member="two"),
    ):
        await throttled(works, crowd, Throttle(limit=limit, ttl_s=ttl_s))
        flow = await works.register(workflow(knock(retry={"max_attempts": 1})))
        await tell(works, *[start_command(flow, {"n": n}) for n in range(20)])
        await all_ended(works.pool, 20)
        assert set((await statuses(works.pool)).values()) == {"COMPLETED"}
        assert len(crowd.times) == 20
        # In five windows, so that three are between the first call and the last.
        assert crowd.times[-1] - crowd.times[0] > 2 * ttl_s
        assert await works.pool.fetchval(LOG + "status = 'COMPLETED' AND attempt = 1") == 20
        await check_history(works)


async def test_what_waits_long_leaves_memory_and_survives_a_crash(database: str) -> None:
    """A postponed call is a row with a timer, and its attempt is made once."""
    async with open_crowd() as crowd:
        async with open_works(database) as works:
            await throttled(works, crowd, Throttle(limit=1, ttl_s=3))
            await start(works, await works.register(workflow(knock())), 2, {})
            await until(works.pool, POSTPONED, 1)
            await all_ended(works.pool, 1)
            await eventually(lambda: works.metric("turnout_executions_active") == 0)
            await works.crash()
        async with open_works(database) as works:
            await all_ended(works.pool, 2)
            assert set((await statuses(works.pool)).values()) == {"COMPLETED"}
            assert len(crowd.paths) == 2
            assert await works.pool.fetchval(LOG + "attempt > 1") == 0
            await check_history(works)


async def test_a_place_that_came_too_late_is_given_up(database: str) -> None:
    """An executor that was away for windows on end does not make all their calls at once."""
    async with open_crowd() as crowd:
        async with open_works(database) as works:
            await throttled(works, crowd, Throttle(limit=1, ttl_s=1.2))
            await start(works, await works.register(workflow(knock())), 4, {})
            await until(works.pool, f"SELECT ({POSTPONED}) >= 3")
            await works.crash()
            await until(works.pool, "SELECT now() > ends_at FROM throttles")
        async with open_works(database) as works:
            await all_ended(works.pool, 4)
            assert await works.pool.fetchval(POSTPONED) > 3
            assert len(crowd.paths) == 4


async def test_each_value_of_the_key_has_windows_of_its_own(database: str) -> None:
    """A busy account does not hold up another; a key that fails fails the attempt."""
    async with open_crowd() as crowd, open_works(database) as works:
        key = Value(lang=Lang.JSONATA, src="input.account")
        await throttled(works, crowd, Throttle(limit=1, ttl_s=3_600, key=key))
        flow = await works.register(workflow(knock()))
        for account in ("a", "a", "b", ["c"]):
            await start(works, flow, payload={"account": account})
        await all_ended(works.pool, 3)
        await until(works.pool, POSTPONED, 1)
        assert len(crowd.paths) == 3


async def test_workers_get_no_more_tasks_than_the_throttle_says(database: str) -> None:
    """A task that there is no room for is not given out yet."""
    async with open_works(database) as works:
        await known(works, throttle=Throttle(limit=2, ttl_s=3_600))
        await start(works, await works.register(workflow(SHIP)), 3)
        await until(works.pool, "SELECT count(*) FROM waits WHERE kind = 'task'", 2)
        await until(works.pool, POSTPONED.replace("'call'", "'ship'"), 1)


async def test_items_and_compensations_wait_as_steps_do(database: str) -> None:
    """Each call of a loop, and of what undoes a step, has a place of its own."""
    async with open_crowd() as crowd, open_works(database) as works:
        await throttled(works, crowd, Throttle(limit=1, ttl_s=1.1))
        body = {"action": "knock", "input": {"lang": "jsonata", "src": "item"}}
        loop = {"items": {"src": [1, 2]}, "body": body, "concurrency": 2}
        await start(
            works,
            await works.register(
                workflow(
                    {"id": "call", "kind": "iterator", "iterator": loop},
                    {**NOTE, "compensation": {"action": "knock"}},
                    transform("fail", "$error('no')") | {"on_failure": "compensate"},
                )
            ),
        )
        await all_ended(works.pool, 1)
        rows = await works.pool.fetch(
            "SELECT step_id, attempt FROM execution_log WHERE status = 'COMPLETED'"
        )
        assert sorted((row["step_id"], row["attempt"]) for row in rows) == [
            ("call", 1),
            ("call[0]", 1),
            ("call[1]", 1),
            ("note", 1),
            ("note!", 1),
        ]
        assert len(crowd.paths) == 3
        await check_history(works)


async def test_who_has_waited_for_its_turn_has_room_from_then_on(pool: Pool) -> None:
    """Computing the key may have to wait for longer than windows last."""
    clock = VirtualClock(CALLED_AT)
    tools = Throttles(
        pool=pool, clock=clock, resolver=Resolver(ExpressionCache(8), TemplateCache(8))
    )
    throttle = Throttle(limit=1, ttl_s=10)
    gate = tools.of(registered(url="http://a.test/", throttle=throttle))
    assert gate is not None
    assert await gate.passed(call(clock=clock, in_turn=after(clock, 30))) is None
    assert isinstance(await gate.passed(call(clock=clock)), Parked)


async def test_windows_that_have_passed_are_forgotten(pool: Pool) -> None:
    """Those that last are not."""
    await places(pool, 0)
    await places(pool, 20, key=b"later")
    async with pool.acquire() as conn:
        await forget_windows(conn, NOW + timedelta(seconds=15))
    assert await pool.fetchval("SELECT count(*) FROM throttles") == 1
