"""What roles tell of themselves while they work."""

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

from prometheus_client import CollectorRegistry

from services.executor.metrics import SERIES_MAX, ExecutorMetrics
from shared.bus.beside import beside
from shared.bus.lag import lag_gauge, watch_lag
from shared.bus.protocol import Bus, TopicPartition
from shared.domain.executions import Attempt, AttemptStatus, Entry, State, Status
from shared.domain.ids import DEFAULT_ENVIRONMENT, EnvironmentId, StepId, WorkflowId
from shared.domain.plans import Plan
from shared.domain.steps import Step
from shared.domain.story import Transition
from shared.domain.workflows import Dialect
from shared.runtime.clock import SystemClock
from shared.runtime.environment_names import OTHER, EnvironmentNames
from tests.support.bus import new_group, numbered, read
from tests.support.eventually import eventually
from tests.support.gated import open_receiver
from tests.support.house import open_house
from tests.support.works import NOTE, all_ended, open_works, start, until, workflow

ENDED = "SELECT count(*)::int FROM executions WHERE status = 'COMPLETED'"
DONE = {
    "turnout_events_accepted_total": {},
    "turnout_decisions_total": {"reason": "MATCHED"},
    "turnout_executions_started_total": {},
    "turnout_attempts_total": {"action": NOTE["action"], "status": "COMPLETED"},
    "turnout_executions_finished_total": {"status": "COMPLETED"},
}


async def test_lag_is_told_by_partition(bus: Bus, topic: str) -> None:
    """What is not fetched counts, what is fetched does not, and nothing is left behind."""
    registry, clock = CollectorRegistry(), SystemClock()
    gauge = lag_gauge(registry, "test")

    def lag() -> float | None:
        place = {"topic": topic, "partition": "2"}
        return registry.get_sample_value("turnout_test_lag_records", place)

    async def told(records: float) -> None:
        async with asyncio.timeout(20):
            while lag() != records:
                await asyncio.sleep(0.02)

    async with bus.subscribe([topic], group=new_group()) as subscription:
        async with beside(watch_lag(subscription, gauge, clock, every_s=0.05)):
            await told(0)
            await bus.publish(numbered(topic, 5, partition=2))
            await told(5)
            await read(subscription, 5)
            await told(0)
            assert TopicPartition(topic, 2) in subscription.assignment()
        assert lag() is None


async def test_attempts_under_way_are_counted_when_asked(database: str) -> None:
    """An attempt counts while its call lasts; then it is published, and no timer is late."""
    async with open_receiver() as receiver, open_works(database) as works:
        flow = await works.register(workflow(receiver.step()))
        receiver.gate.clear()
        await start(works, flow, 3)
        async with asyncio.timeout(20):
            while works.metric("turnout_attempts_active") != 3:
                await asyncio.sleep(0.02)
        receiver.gate.set()
        await all_ended(works.pool, 3)
        assert works.metric("turnout_attempts_active") == 0


async def test_what_is_done_is_counted_by_environment(database: str) -> None:
    """From its event to its end; environments beyond those that are named are counted together."""
    mine, other, ended = EnvironmentId(uuid4()), EnvironmentId(uuid4()), 0
    async with open_house(database, environments_named_max=2) as house:
        for environment_id, events in ((mine, 1), (other, 2)):
            await house.register(workflow(NOTE), environment_id=environment_id)
            for _ in range(events):
                await house.send("go", {}, environment_id=str(environment_id))
                await until(house.platform.pool, ENDED, ended := ended + 1)
        read = house.platform.registry.get_sample_value
        await eventually(
            lambda: all(
                read(metric, {"environment": name, **labels}) == count
                for metric, labels in DONE.items()
                for name, count in ((str(mine), 1), (OTHER, 2))
            )
        )


def test_any_number_of_actions_makes_a_bounded_number_of_series() -> None:
    """Actions beyond the cap share one label, and none of their attempts is left out."""
    registry = CollectorRegistry()
    metrics = ExecutorMetrics(registry, EnvironmentNames())
    more = 7
    for n in range(SERIES_MAX + more):
        for _ in range(2):
            metrics.wrote([one_attempt(f"action-{n}")])
    family = next(f for f in registry.collect() if f.name == "turnout_attempts")
    counts = {s.labels["action"]: s.value for s in family.samples if s.name.endswith("_total")}
    assert len(counts) == SERIES_MAX + 1
    assert counts[OTHER] == 2 * more
    assert counts["action-0"] == 2


def one_attempt(action: str) -> tuple[Plan, EnvironmentId, Transition]:
    """A step with an action, and the transition in which it completes."""
    step, now = Step(id="s", action=action), datetime.now(UTC)
    plan = Plan(
        workflow_id=WorkflowId(uuid4()),
        version=1,
        name="w",
        dialect=Dialect.NATIVE,
        steps=(step,),
    )
    attempt = Attempt(
        step_id=StepId("s"),
        number=1,
        status=AttemptStatus.COMPLETED,
        started_at=now,
        ended_at=now,
    )
    transition = Transition(
        state=State(status=Status.RUNNING),
        entries=(Entry(position=1, attempt=attempt),),
        at=now,
        runs=(),
        is_parked=False,
        wake_at=None,
    )
    return plan, DEFAULT_ENVIRONMENT, transition
