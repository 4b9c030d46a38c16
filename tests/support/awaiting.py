"""A step that waits for the event ``paid``, and what a house makes of it."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from shared.domain.events import Event
from shared.domain.ids import DEFAULT_ENVIRONMENT, EventKey
from tests.support.eventually import eventually
from tests.support.house import House, of_step
from tests.support.metrics import total
from tests.support.works import until

WAITS = "SELECT count(*) FROM waits"
NOW = datetime(2026, 11, 22, tzinfo=UTC)


def wait(source: str = "{}", **more: Any) -> dict[str, Any]:
    """A step that waits for ``paid``; its input is what ``source`` comes to."""
    return {
        "id": "wait",
        "kind": "wait",
        "input": {"lang": "jsonata", "src": source},
        "wait": {"event_name": "paid", **more},
    }


async def waiting(house: House, count: int = 1) -> None:
    """Return when so many steps wait."""
    await until(house.platform.pool, WAITS, count)


async def decided(house: House, events: int) -> None:
    """Return when the matcher is through with so many events."""
    registry = house.platform.registry
    name = "turnout_events_matched_total"
    await eventually(lambda: total(registry, name) >= events)
    # Those who wait are told before the position is committed, and that is before the next batch.
    pool = house.platform.pool
    await until(
        pool,
        "SELECT coalesce(sum(c.position), 0)::int FROM bus_positions AS c"
        " JOIN bus_topics USING (topic_id) WHERE name = 'turnout.triggers'",
        events,
    )


def answers(house: House) -> list[Any]:
    """The payloads that waiting steps completed with."""
    done = [r for r in of_step(house.results(), "wait") if r["status"] == "COMPLETED"]
    return [r["output"]["data"] for r in done]


async def completed(house: House, count: int = 1) -> None:
    """Return when so many executions have completed."""
    await eventually(lambda: house.phases().count("completed") == count)


def paid(payload: Any, received_at: datetime) -> Event:
    """An event ``paid``."""
    key = EventKey(uuid4())
    return Event(
        key=key,
        environment_id=DEFAULT_ENVIRONMENT,
        type="paid",
        source="/test",
        id=str(key),
        received_at=received_at,
        payload=payload,
    )
