"""Temporal: a workflow of three activities, or of three local activities."""
# mypy: disable-error-code="import-not-found,untyped-decorator"
# What this imports is in the peer's own environment, and only there.

import asyncio
from datetime import timedelta
from uuid import uuid4

from temporalio import activity, workflow
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client
from temporalio.worker import Worker

from tests.benchmarks.peers.jobs.closed_loop import STEPS, Given, given, measure

QUEUE = "peers"
LOCAL = "temporal_local"
POLLERS = 10
SEEN_WITHIN_S = 20
_DONE = {
    False: EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED,
    True: EventType.EVENT_TYPE_MARKER_RECORDED,
}


@activity.defn
async def step(number: int) -> dict[str, int | str]:
    """Compute next to nothing."""
    return {"id": "4711", "number": number}


@workflow.defn(sandboxed=False)
class ThreeSteps:
    """The job."""

    @workflow.run
    async def run(self, is_local: bool) -> dict[str, int | str]:  # noqa: FBT001 - Temporal's call
        """Three steps, one after another."""
        execute = workflow.execute_local_activity if is_local else workflow.execute_activity
        found: dict[str, int | str] = {}
        for number in range(STEPS):
            found = await execute(step, number, start_to_close_timeout=timedelta(seconds=30))
        return found


async def main(told: Given) -> None:
    """Measure it."""
    client = await Client.connect(told.address)
    is_local, last = told.peer == LOCAL, ""

    async def one() -> None:
        nonlocal last
        last = str(uuid4())
        await client.execute_workflow(ThreeSteps.run, is_local, id=last, task_queue=QUEUE)

    async def stored() -> int:
        """The completed workflows, if the last one's history has its steps."""
        history = await client.get_workflow_handle(last).fetch_history()
        if sum(event.event_type == _DONE[is_local] for event in history.events) != STEPS:
            return 0
        seen = -1
        for _ in range(SEEN_WITHIN_S):  # what the list shows lags behind
            before, seen = seen, (await client.count_workflows("ExecutionStatus='Completed'")).count
            if before == seen:
                break
            await asyncio.sleep(0.5)
        return seen

    worker = Worker(
        client,
        task_queue=QUEUE,
        workflows=[ThreeSteps],
        activities=[step],
        max_concurrent_activities=told.concurrency,
        max_concurrent_local_activities=told.concurrency,
        max_concurrent_workflow_tasks=max(2, told.concurrency),
        max_concurrent_workflow_task_polls=POLLERS,
        max_concurrent_activity_task_polls=POLLERS,
        max_cached_workflows=4 * told.concurrency,
    )
    async with worker:
        await measure(told, one, stored)


if __name__ == "__main__":
    asyncio.run(main(given()))
