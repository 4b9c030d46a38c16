"""The demo itself: register, publish, watch, and ask what became of it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from typing import Any, Final

import orjson

from services.cli.client import Client, open_client
from services.cli.demo.plan import SEED_ENVIRONMENT, DemoEvent, events, full_workflow
from services.cli.demo.promises import Account
from services.cli.demo.stage import Stage
from services.cli.progress import Steps
from shared.bus.protocol import Received, Record
from shared.domain.errors import NotFound
from shared.domain.executions import Status
from shared.runtime.clock import Clock

STEPS: Final = 4
LIVE_WITHIN_S: Final = 5.0
DONE_WITHIN_S: Final = 15.0
# What ought not to come has so long to come after all.
SETTLE_S: Final = 0.3
POLL_S: Final = 0.05

Show = Callable[[dict[str, Any]], None]


async def act(
    stage: Stage, bus: str, steps: Steps, show: Show, *, started: float, clock: Clock
) -> Account:
    """Play it; ``show`` gets each step result as it comes. What was seen, for good or ill."""
    planned = events()
    platform = stage.platform
    async with open_client(stage.url, None) as client:
        steps.begin("Registering the workflow over HTTP")
        workflow = await _register(client)
        await _eventually(lambda: _counted(stage, "turnout_workflows_live") >= 1, LIVE_WITHIN_S)
        steps.end()
        async with platform.bus.tail([platform.topics.step_results]) as records:
            steps.begin(f"Publishing {sum(e.copies for e in planned)} records")
            await platform.bus.publish(list(_records(planned, platform.topics.sources[0])))
            steps.end()
            steps.begin("Waiting for the step results")
            results = await _collect(stage, records, planned, show)
            steps.end()
        steps.begin("Asking why each event did or did not start it")
        executions = await _ended(client, workflow)
        decisions = {e.id: d for e in planned if (d := await _decision(client, e, workflow))}
        steps.end()
    return Account(
        bus=bus,
        events=planned,
        results=results,
        executions=executions,
        calls=tuple(stage.service.calls),
        decisions=decisions,
        duplicates_dropped=int(
            _counted(stage, "turnout_events_duplicate_total", environment=str(SEED_ENVIRONMENT))
        ),
        elapsed_s=clock.monotonic() - started,
    )


async def _register(client: Client) -> str:
    # A fragment is sent as it is: the very bytes of the file.
    body = orjson.Fragment(full_workflow())
    answer = await client.call("POST", "truto/workflow", body=body)
    return str(answer.body["id"])


def _records(planned: Sequence[DemoEvent], topic: str) -> list[Record]:
    once = [
        Record(topic=topic, key=event.id.encode(), value=orjson.dumps(event.record))
        for event in planned
    ]
    again = [r for r, e in zip(once, planned, strict=True) for _ in range(e.copies - 1)]
    return once + again


async def _collect(
    stage: Stage, records: AsyncIterator[Received], planned: Sequence[DemoEvent], show: Show
) -> list[dict[str, Any]]:
    """Step results, repeats dropped, until all that are due have come and nothing more does."""
    found: dict[str, dict[str, Any]] = {}

    async def read() -> None:
        async for record in records:
            result = orjson.loads(record.value or b"")
            if result["id"] not in found:
                found[result["id"]] = result
                show(result)

    def is_done() -> bool:
        decided = _counted(stage, "turnout_events_matched_total", environment=seeded)
        return len(found) >= due and decided >= len(planned)

    due, seeded = sum(event.starts for event in planned), str(SEED_ENVIRONMENT)
    async with asyncio.TaskGroup() as group:
        reading = group.create_task(read())
        await _eventually(is_done, DONE_WITHIN_S)
        await asyncio.sleep(SETTLE_S)
        reading.cancel()
    return list(found.values())


async def _ended(client: Client, workflow: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    with suppress(TimeoutError):
        async with asyncio.timeout(DONE_WITHIN_S):
            while not found or not all(Status(e["status"]).is_terminal for e in found):
                found = await client.items(
                    "v1/executions", 100, workflow_id=workflow, environment_id=SEED_ENVIRONMENT
                )
                await asyncio.sleep(POLL_S)
    return found


async def _decision(client: Client, event: DemoEvent, workflow: str) -> dict[str, Any] | None:
    with suppress(NotFound):
        found = await client.get(
            f"v1/events/{event.key}", workflow_id=workflow, environment_id=SEED_ENVIRONMENT
        )
        for decision in found["decisions"]:
            return dict(decision)
    return None


def _counted(stage: Stage, name: str, **labels: str) -> float:
    return stage.platform.registry.get_sample_value(name, labels) or 0.0


async def _eventually(holds: Callable[[], bool], within_s: float) -> None:
    """Return when it holds, or the time is up: the promises then say what is missing."""
    with suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            while not holds():  # noqa: ASYNC110 - counters tell nobody when they change
                await asyncio.sleep(POLL_S)
