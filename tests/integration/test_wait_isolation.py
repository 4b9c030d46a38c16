"""What an environment's waiting steps ask of events holds up no other's; nothing is left out."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

import orjson
import pytest
from prometheus_client import CollectorRegistry

from services.matcher import late
from services.matcher.awaited import Awaited
from services.matcher.breather import AT_A_STRETCH_S, Breather
from services.matcher.metrics import MatcherMetrics
from services.matcher.quarantines import Quarantines
from services.matcher.settings import MatcherSettings
from shared.assembly.platform import Platform, open_platform
from shared.assembly.settings import ProcessSettings
from shared.db.quarantine import list_quarantines
from shared.domain.events import Event
from shared.domain.ids import DEFAULT_ENVIRONMENT, EnvironmentId
from shared.expr.jsonata import ExpressionCache
from shared.runtime.budgets import Budgets
from shared.runtime.environment_names import EnvironmentNames
from tests.integration.test_event_waits_races import MANY, batch, commands
from tests.integration.test_isolation import A_LITTLE_S, late_held
from tests.support.awaiting import NOW, WAITS, answers, completed, paid, wait, waiting
from tests.support.eventually import eventually
from tests.support.house import House, count, open_house, settings_of
from tests.support.virtual_clock import VirtualClock
from tests.support.works import until

HERE: Final = str(DEFAULT_ENVIRONMENT)
OTHER: Final = EnvironmentId(UUID("a0000000-0000-4000-8000-000000000000"))
SLOW: Final = "$contains(payload.a & '!', /^(a|a)*$/)"
"""Takes all the time that a condition may."""

SLOW_FOR_SOME: Final = f"$input.is_well ? payload.ok : {SLOW}"
PAYLOAD: Final = {"a": "a" * 40}
COUNT: Final = 20
TOO_LARGE_UNLESS_OK: Final = "payload.ok or $count([1..20000]) > 0"
ALL_MATCH: Final = "payload.n = 1 and $exists($input)"
LATE: Final = "SELECT count(*) FROM late_events"


def flow(name: str, *, started_by: str, source: str = "{}", **more: Any) -> dict[str, Any]:
    """A workflow of one step, which waits for ``paid``."""
    trigger = {"event_name": started_by}
    return {"name": name, "triggers": [trigger], "steps": [wait(source, **more)]}


def value(house: House, name: str, **labels: str) -> float:
    """A metric, 0 while there is none."""
    return house.platform.registry.get_sample_value(name, labels) or 0.0


@pytest.mark.timeout(240)
async def test_slow_waits_are_asked_beside_the_others(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of one environment wait; one of another is told meanwhile; all are told, once."""
    monkeypatch.setattr(late, "SLICE_S", A_LITTLE_S)
    async with open_house(database, quarantine_after=1_000) as house:
        await house.register(flow("slow", started_by="slow", match=SLOW))
        await house.register(flow("quick", started_by="quick"))
        await house.register(flow("other", started_by="go"), environment_id=OTHER)
        for _ in range(COUNT):
            await house.send("slow", {})
        await waiting(house, COUNT)
        # These come last in their turn, as they began to wait last.
        for _ in range(2):
            await house.send("quick", {})
        await of_other(house, "1", "go")
        await waiting(house, COUNT + 3)
        await house.send("paid", PAYLOAD)
        await eventually(lambda: value(house, "turnout_events_late_total", environment=HERE) == 1)
        async with late_held(house):
            await of_other(house, "2", "paid")
            await eventually(lambda: "completed" in house.phases())
            assert await count(house.platform.pool, "late_events") == 1
            assert len(answers(house)) == 1
        await completed(house, 3)
        await until(house.platform.pool, LATE, 0, within_s=60)
        await until(house.platform.pool, WAITS, COUNT)
        assert [answer.get("a") for answer in answers(house)].count(PAYLOAD["a"]) == 2
        assert len(answers(house)) == 3


async def of_other(house: House, id_: str, kind: str) -> None:
    """Publish an event of the other environment."""
    event = {"specversion": "1.0", "id": id_, "source": "/s", "type": kind, "data": {}}
    await house.publish(orjson.dumps({**event, "environmentid": str(OTHER)}))


@pytest.mark.timeout(180)
async def test_a_wait_that_keeps_exceeding_its_bounds_is_set_aside(database: str) -> None:
    """With its workflow, which is noted; another wait of that step is told as ever."""
    async with open_house(database, quarantine_after=3) as house:
        source = "{'is_well': payload.is_well}"
        sick = flow("sick", started_by="go", source=source, match=SLOW_FOR_SOME)
        workflow = await house.register(sick)
        for is_well in (False, True):
            await house.send("go", {"is_well": is_well})
        await waiting(house, 2)
        for _ in range(3):
            await house.send("paid", {**PAYLOAD, "ok": False})
        await eventually(
            lambda: value(house, "turnout_workflows_quarantined_total", environment=HERE) == 1
        )
        async with house.platform.pool.acquire() as conn:
            kept = (await list_quarantines(conn, [workflow]))[workflow.id]
        assert (kept.version, kept.code) == (1, "D1012")
        await house.send("paid", {"a": "", "ok": True})
        await completed(house)
        assert [answer["ok"] for answer in answers(house)] == [True]
        await until(house.platform.pool, LATE, 0, within_s=60)
        await until(house.platform.pool, WAITS, 1)


class Ticking(VirtualClock):
    """A clock by which everything takes so many seconds."""

    def __init__(self, tick_s: float) -> None:
        super().__init__(NOW)
        self._tick_s = tick_s
        self._at_s = 0.0

    def monotonic(self) -> float:
        """Later each time."""
        self._at_s += self._tick_s
        return self._at_s


@asynccontextmanager
async def slowly(
    database: str, match: str, *, tick_s: float
) -> AsyncIterator[tuple[Platform, MatcherSettings]]:
    """Whatever takes so many seconds, and ``COUNT`` waits with a ``match``."""
    settings = MatcherSettings(**settings_of(database, quarantine_after=3))
    async with open_platform(ProcessSettings(**settings_of(database))) as platform:
        await platform.pool.execute(MANY, COUNT)
        await platform.pool.execute(
            "UPDATE waits SET data = jsonb_set(data::jsonb, '{match}', to_jsonb($1::text))", match
        )
        yield replace(platform, clock=Ticking(tick_s)), settings


def awaited_of(platform: Platform, settings: MatcherSettings) -> Awaited:
    """A matcher's part that tells those who wait; it knows of nothing yet."""
    metrics = MatcherMetrics(CollectorRegistry(auto_describe=True), EnvironmentNames())
    return Awaited(
        platform,
        ExpressionCache(10),
        settings,
        metrics,
        Budgets(platform.clock, free_s=AT_A_STRETCH_S),
        Quarantines(platform, settings, metrics),
    )


async def test_what_is_left_is_told_from_where_it_was_left(database: str) -> None:
    """In slices each wait is told once; a matcher that knows of nothing tells the same again."""
    async with slowly(database, ALL_MATCH, tick_s=1 / 15) as (platform, settings):
        event = paid({"n": 1}, NOW)
        awaited = awaited_of(platform, settings)
        [rest] = await awaited.tell(batch(event))
        assert rest.key == event.key
        begun = await told(platform)
        assert 0 < len(begun) < COUNT
        slices = await tell_late(awaited, platform, event)
        assert slices > 1
        assert Counter((await told(platform)).values()) == {1: COUNT}
        await tell_late(awaited_of(platform, settings), platform, event)
        assert Counter((await told(platform)).values()) == {2: COUNT}
        assert await awaited.tell(batch(paid({"n": 1}, NOW))) == []


async def tell_late(awaited: Awaited, platform: Platform, event: Event) -> int:
    """Tell all who are left, slice by slice; how many there were."""
    place, slices = None, 0
    breather = Breather(platform.clock)
    while slices == 0 or place is not None:
        place = await awaited.tell_late(event, breather, within_s=0.25, place=place)
        slices += 1
    return slices


async def told(platform: Platform) -> Counter[str]:
    """How often what was told, by its id."""
    return Counter(one["id"] for one in await commands(platform))


async def test_an_event_with_time_left_is_asked_of_all(database: str) -> None:
    """Nothing is late where nobody asks anything that takes long."""
    async with slowly(database, ALL_MATCH, tick_s=0) as (platform, settings):
        awaited = awaited_of(platform, settings)
        assert await awaited.tell(batch(paid({"n": 1}, NOW), paid({"n": 2}, NOW))) == []
        assert len(await told(platform)) == COUNT


async def test_of_a_workflow_that_is_set_aside_once_is_too_often(database: str) -> None:
    """Its waits are asked until each has exceeded its bounds; those of others three times."""
    async with slowly(database, TOO_LARGE_UNLESS_OK, tick_s=0) as (platform, settings):
        await platform.pool.execute(SET_HALF_ASIDE, COUNT // 2)
        for times, are_told in ((0, COUNT), (1, COUNT // 2), (2, COUNT // 2), (3, 0)):
            awaited, event = awaited_of(platform, settings), paid({"ok": True}, NOW)
            too_large = [paid({"ok": False}, NOW) for _ in range(times)]
            # Twice the same event is once.
            await awaited.tell(batch(*too_large, *too_large))
            await awaited.tell(batch(event))
            ids = [id_ for id_ in await told(platform) if id_.endswith(str(event.key))]
            assert len(ids) == are_told


SET_HALF_ASIDE: Final = """
WITH half AS (SELECT workflow_id, environment_id FROM executions LIMIT $1),
put AS (
    INSERT INTO workflows (id, environment_id, version, is_active, created_at, updated_at)
    SELECT workflow_id, environment_id, 1, true, now(), now() FROM half
    RETURNING id, environment_id
)
INSERT INTO quarantines (workflow_id, version, environment_id, code, event_key, since)
SELECT id, 1, environment_id, 'D1012', gen_random_uuid(), now() FROM put
"""
