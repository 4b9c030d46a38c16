"""Events that cause events, and executions that start executions, come to an end."""

from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from services.api.events.explain_event import Named, explain_event
from services.api.resources import ApiResources
from services.api.webhooks.pace import Pace
from shared.domain.causes import DEPTH, PATH, ROOT, depth_of
from shared.domain.events import Event
from shared.domain.ids import DEFAULT_ENVIRONMENT, WorkflowId
from shared.egress.guard import EgressPolicy
from shared.expr.jsonata import ExpressionCache
from shared.matching.decisions import DEPTH_MAX, Decision, Reason, guarded
from shared.wire.envelope import dumps
from tests.support.awaiting import NOW, paid
from tests.support.eventually import eventually
from tests.support.house import House, count, open_house
from tests.support.metrics import total
from tests.support.works import NOTE, until, workflow

SOURCES = ("turnout.events", "turnout.executions")
LOOP_GUARDED = (
    "turnout_decisions_total",
    {"environment": str(DEFAULT_ENVIRONMENT), "reason": "LOOP_GUARD"},
)


def told(event: Event, depth: Any) -> Event:
    """The event with a chain behind it."""
    return replace(event, attributes={DEPTH: depth})


@pytest.mark.parametrize(
    ("depth", "reason"),
    [
        (DEPTH_MAX, Reason.MATCHED),
        (DEPTH_MAX + 1, Reason.LOOP_GUARD),
        (10**9, Reason.LOOP_GUARD),
        (-1, Reason.MATCHED),
        ("17", Reason.LOOP_GUARD),
        ("deep", Reason.MATCHED),
        (True, Reason.MATCHED),
    ],
)
def test_how_deep_an_event_may_stand(depth: Any, reason: Reason) -> None:
    """One too deep starts nothing; what makes no sense counts as no chain."""
    matched = Decision(workflow_id=WorkflowId(uuid4()), workflow_version=1, reason=Reason.MATCHED)
    assert guarded(matched, told(paid({}, NOW), depth), DEPTH_MAX).reason is reason


def test_another_reason_stays() -> None:
    """What would have started nothing anyway is not the guard's doing."""
    not_matched = Decision(
        workflow_id=WorkflowId(uuid4()), workflow_version=1, reason=Reason.RUN_IF_FALSE
    )
    assert guarded(not_matched, told(paid({}, NOW), 99), DEPTH_MAX) is not_matched


async def calm(house: House, events: int) -> None:
    """Return when so many events have been decided on, and nothing is left to be told."""
    registry = house.platform.registry
    name = "turnout_events_matched_total"
    await eventually(lambda: total(registry, name) >= events)
    await until(
        house.platform.pool,
        "SELECT bool_and(c.position = p.next_offset) FROM bus_positions AS c"
        " JOIN bus_partitions AS p USING (topic_id, partition) WHERE c.session IS NOT NULL",
    )
    assert total(registry, name) == events


async def test_a_workflow_that_its_own_end_starts_comes_to_an_end(database: str) -> None:
    """With the executions' topic as a source, the guard stops it, and the API says why."""
    async with open_house(database, source_topics=SOURCES, causation_depth_max=3) as house:
        again = {**workflow(NOTE), "triggers": [{"event_name": "workflow_execution:completed"}]}
        flow = await house.register(again)
        await house.register(workflow(NOTE))
        await house.send("go", {})
        # One that "go" starts, and three that an end starts; each tells three phases.
        await calm(house, 1 + 4 * 3)
        pool = house.platform.pool
        assert await count(pool, "executions", "status = 'COMPLETED'") == 4
        assert house.platform.registry.get_sample_value(*LOOP_GUARDED) == 1
        await eventually(lambda: house.phases().count("completed") == 4)
        deepest = max(
            (r for r in house.heard if r["type"] == "workflow_execution:completed"),
            key=lambda r: r[DEPTH],
        )
        assert deepest[DEPTH] == 4
        assert deepest[PATH].count(str(flow.id)) == 3
        [root] = {r[ROOT] for r in house.heard}
        [key] = await pool.fetch("SELECT key FROM events WHERE type = 'go'")
        assert root == str(key["key"])
        [stopped] = await pool.fetch(
            "SELECT key FROM events WHERE (record->>'turnoutdepth')::int = 4"
            " AND type = 'workflow_execution:completed'"
        )
        found = await explain_event(
            resources(house, causation_depth_max=3),
            DEFAULT_ENVIRONMENT,
            Named(str(stopped["key"])),
            None,
        )
        assert depth_of(found.event) == 4
        [(name, explained)] = found.decisions
        assert (name, explained.decision.reason) == (flow.definition.name, Reason.LOOP_GUARD)
        assert "more than 3" in (explained.detail or "")
        assert found.executions == []


async def test_two_workflows_that_answer_each_other_come_to_an_end(database: str) -> None:
    """emit_event goes back and forth as often as it may, and then fails with the reason."""
    async with open_house(database, causation_depth_max=4) as house:
        for heard, said in (("go", "pong"), ("pong", "go")):
            step = {"id": "say", "action": "emit_event", "input": {"src": {"type": said}}}
            await house.register({**workflow(step), "triggers": [{"event_name": heard}]})
        await house.send("go", {})
        await calm(house, 5)
        await eventually(
            lambda: "failed" in house.phases() and house.phases().count("completed") == 4
        )
        assert "Loop guard" in next(r for r in house.results() if r["error"])["error"]["message"]


async def test_the_matcher_guards_where_the_emitter_does_not(database: str) -> None:
    """A publisher that hands the chain on is stopped too, and only where it goes too deep."""
    async with open_house(database) as house:
        await house.register(workflow(NOTE))
        event = {"specversion": "1.0", "source": "/other", "type": "go", "data": {}}
        for depth in (DEPTH_MAX, DEPTH_MAX + 1):
            await house.publish(dumps({**event, "id": str(depth), DEPTH: depth}))
        await calm(house, 2)
        await eventually(lambda: "completed" in house.phases())
        assert await count(house.platform.pool, "executions") == 1
        assert house.platform.registry.get_sample_value(*LOOP_GUARDED) == 1


@pytest.mark.parametrize("waits", [True, False], ids=["waiting", "detached"])
async def test_a_workflow_that_calls_itself_through_another_comes_to_an_end(
    database: str, *, waits: bool
) -> None:
    """Where no validation has seen the cycle, it ends at run time."""
    async with open_house(database, causation_depth_max=4) as house:
        one, other = uuid4(), uuid4()
        for id_, called in ((one, other), (other, one)):
            step = {
                "id": "call",
                "kind": "subworkflow",
                "subworkflow": {"workflow_id": str(called), "wait": waits},
                "retry": {"max_attempts": 1},
            }
            trigger = {"event_name": "go" if id_ is one else "never"}
            await house.register({**workflow(step), "triggers": [trigger]}, id=id_)
        await house.send("go", {})
        await until(
            house.platform.pool,
            "SELECT count(*) = 5 AND bool_and(finished_at IS NOT NULL) FROM executions",
        )
        await until(
            house.platform.pool,
            "SELECT count(*) FROM executions WHERE status = 'FAILED'",
            5 if waits else 1,
        )
        await eventually(lambda: any(r["error"] for r in house.results()))
        errors = [r["error"]["message"] for r in house.results() if r["error"]]
        assert any("Loop guard" in message for message in errors)


def resources(house: House, **more: Any) -> ApiResources:
    """What the API works with."""
    platform = house.platform
    return ApiResources(
        pool=platform.pool,
        bus=platform.bus,
        topics=platform.topics,
        clock=platform.clock,
        registry=platform.registry,
        expressions=ExpressionCache(64),
        new_id=uuid4,
        token=None,
        default_environment=DEFAULT_ENVIRONMENT,
        pace=Pace(platform.clock),
        egress=EgressPolicy(allow_loopback=True),
        **more,
    )
