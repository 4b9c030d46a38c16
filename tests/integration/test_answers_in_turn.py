"""What was answered waits for its turn as well; nothing of it is lost, and nobody waits for it."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from services.executor.lanes import Lanes
from services.executor.runs import Run
from shared.db.actions import put_action
from shared.domain.actions import ActionSpec, Transport
from shared.domain.ids import DEFAULT_ENVIRONMENT
from tests.support.eventually import eventually
from tests.support.gated import Receiver, open_receiver
from tests.support.lined_up import go_on, nobody_served, waiting
from tests.support.tasks import SHIP, Task, attempts, known, say, task_of
from tests.support.works import (
    NOTE,
    Works,
    all_ended,
    cancel,
    check_history,
    open_works,
    start,
    statuses,
    until,
    workflow,
)

CALLED = "SELECT count(*) FROM execution_log WHERE step_id = 'call'"
ANYTHING: dict[str, Any] = {"type": "object"}
THING = {
    "entity_type": "thing",
    "required_fields": {"id": {"src": 7}},
    "target_path": "thing",
}


class Gone:
    """Notes that partitions are given up; ``serve`` has the lanes served from then on."""

    def __init__(self) -> None:
        self.is_leaving = asyncio.Event()
        self._lanes: set[Lanes] = set()

    @contextmanager
    def nobody_served(self) -> Iterator[None]:
        """Whoever computes lines up, and stays in the line."""
        with nobody_served() as patch:
            line_up, step_back = Lanes.line_up, Run.step_back

            def noted(lanes: Lanes, *given: Any, **named: Any) -> Any:
                self._lanes.add(lanes)
                return line_up(lanes, *given, **named)

            def leaves(run: Run) -> None:
                step_back(run)
                self.is_leaving.set()

            patch.setattr(Lanes, "line_up", noted)
            patch.setattr(Run, "step_back", leaves)
            yield

    def serve(self) -> None:
        """A line that is served again looks when something joins it."""
        for lanes in self._lanes:
            lanes.line_up("poke", lambda _: None)


async def registered(works: Works, receiver: Receiver) -> None:
    """Register the action ``knock``, which calls the receiver and promises something."""
    url = str(receiver.server.make_url("/"))
    spec = ActionSpec(transport=Transport.HTTP, url=url, output_schema=ANYTHING)
    async with works.pool.acquire() as conn, conn.transaction():
        await put_action(conn, DEFAULT_ENVIRONMENT, "knock", spec, datetime.now(UTC))


@pytest.mark.parametrize(
    "definition",
    [
        workflow({"id": "call", "action": "knock"}),
        {**workflow(NOTE), "annotations": [THING]},
    ],
    ids=["a call", "a lookup"],
)
async def test_an_answer_that_waits_for_its_turn_outlives_the_partition(
    database: str, definition: dict[str, Any]
) -> None:
    """It is written down before the next owner begins, who else would call once more."""
    gone = Gone()
    async with open_receiver() as receiver:
        receiver.gate.clear()
        more: dict[str, Any] = {"resolvers": {"thing": {"url": str(receiver.server.make_url("/"))}}}
        async with open_works(database, drain_s=30, **more) as works:
            await registered(works, receiver)
            await start(works, await works.register(definition))
            await eventually(lambda: bool(receiver.keys))
            with gone.nobody_served():
                receiver.gate.set()
                await eventually(lambda: waiting(works) == 1)
                works.stop.set()
                await gone.is_leaving.wait()
            gone.serve()
        async with open_works(database, **more) as works:
            await all_ended(works.pool, 1)
            assert set((await statuses(works.pool)).values()) == {"COMPLETED"}
            assert len(receiver.keys) == 1
            await check_history(works)


async def answered(works: Works, definition: dict[str, Any]) -> Task:
    """Start one that has a task done, until it is given out."""
    await known(works, output_schema=ANYTHING)
    await start(works, await works.register(definition))
    return await task_of(works)


async def test_a_cancellation_does_not_wait_for_a_worker_s_answer(database: str) -> None:
    """The answer has lined up to be checked."""
    async with open_works(database) as works:
        task = await answered(works, workflow(SHIP))
        with nobody_served():
            await say(works, task, "completed", output={})
            await eventually(lambda: waiting(works) == 1)
            await cancel(works, *await statuses(works.pool))
            await all_ended(works.pool, 1)
            assert set((await statuses(works.pool)).values()) == {"CANCELLED"}
        await check_history(works)


async def test_an_execution_expires_while_a_worker_s_answer_waits(database: str) -> None:
    """Its time goes on."""
    async with open_works(database) as works:
        policy = {"policy": {"expires_after_s": 3}}
        task = await answered(works, {**workflow(SHIP), **policy})
        with nobody_served():
            await say(works, task, "completed", output={})
            await eventually(lambda: waiting(works) == 1)
            await all_ended(works.pool, 1)
            assert set((await statuses(works.pool)).values()) == {"EXPIRED"}
        await check_history(works)


async def test_an_outcome_does_not_wait_for_a_worker_s_answer(database: str) -> None:
    """Of a step beside it: were the process to end now, the call would be made again."""
    async with open_receiver() as receiver, open_works(database) as works:
        receiver.gate.clear()
        after = {"depends_on": ["note"]}
        steps = (NOTE, {**SHIP, **after}, {**receiver.step(), **after})
        task = await answered(works, workflow(*steps))
        await eventually(lambda: bool(receiver.keys))
        with nobody_served():
            await say(works, task, "completed", output={})
            await eventually(lambda: waiting(works) == 1)
            receiver.gate.set()
            await until(works.pool, CALLED, 1)
            assert await attempts(works) == [], "it waits on"
        await go_on(works)
        await all_ended(works.pool, 2)
        assert set((await statuses(works.pool)).values()) == {"COMPLETED"}
        await check_history(works)


async def test_a_worker_s_answer_that_waits_is_handed_over(database: str) -> None:
    """The word stays untaken: the next owner hears it."""
    async with open_works(database, drain_s=30) as works:
        task = await answered(works, workflow(SHIP))
        with nobody_served():
            await say(works, task, "completed", output={})
            await eventually(lambda: waiting(works) == 1)
            works.stop.set()
            # Of what is given up nothing has lined up any more; its grace is longer than this.
            await eventually(lambda: works.metric("turnout_executions_active") == 0, within_s=20)
    async with open_works(database) as works:
        await all_ended(works.pool, 1)
        assert await attempts(works) == [(1, "COMPLETED")]
        await check_history(works)
