"""What the executor promises: retries, timeouts, cancellation, order, recovery."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import orjson
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from shared.bus.protocol import Record
from shared.domain.ids import DEFAULT_ENVIRONMENT, ExecutionId
from shared.wire.commands import Cancel, encode_cancel
from tests.support.eventually import eventually
from tests.support.house import House, count, of_step, open_house
from tests.support.works import all_ended

LOOPBACK = {"egress": {"allow_loopback": True}}


class Receiver:
    """An HTTP server that answers by plan and remembers each call."""

    def __init__(self) -> None:
        self.calls: list[web.Request] = []
        self.plan: list[web.Response | float] = []
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", self._answer)
        self.server = TestServer(app)

    async def _answer(self, request: web.Request) -> web.Response:
        self.calls.append(request)
        planned = self.plan.pop(0) if self.plan else web.json_response({"call": len(self.calls)})
        if isinstance(planned, float):
            await asyncio.sleep(planned)
            return web.json_response({"late": True})
        return planned

    @property
    def keys(self) -> list[str]:
        """The idempotency keys of the calls."""
        return [call.headers["Idempotency-Key"] for call in self.calls]

    def step(self, **more: Any) -> dict[str, Any]:
        """A step that calls the receiver."""
        url = str(self.server.make_url("/job"))
        return {
            "id": "call",
            "action": "http_request",
            "input": {"src": {"url": url, "method": "POST", "json": {"n": 1}}},
            "retry": {"max_attempts": 3, "initial_interval_s": 0.01, "max_interval_s": 0.05},
            **more,
        }


@pytest.fixture
async def receiver() -> Any:
    """A running receiver."""
    made = Receiver()
    await made.server.start_server()
    yield made
    await made.server.close()


def workflow(*steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A workflow that a ``go`` event starts."""
    return {"name": "w", "triggers": [{"event_name": "go"}], "steps": list(steps), **more}


NOTE = {"id": "note", "action": "transform", "input": {"src": "done"}}


async def cancel(house: House, execution_id: ExecutionId) -> None:
    """Ask for a cancellation, as the api does."""
    command = Cancel(execution_id=execution_id, reason="enough", requested_at=datetime.now(UTC))
    record = Record(
        topic=house.platform.topics.commands,
        key=str(execution_id).encode(),
        value=encode_cancel(command),
    )
    await house.platform.bus.publish([record])


async def only_id(house: House) -> ExecutionId:
    """The id of the one execution there is."""
    found: ExecutionId = await house.platform.pool.fetchval("SELECT id FROM executions")
    return found


async def test_a_failing_call_is_retried_with_the_same_key(
    database: str, receiver: Receiver
) -> None:
    """Two bad answers, then a good one: three attempts, one key, one completed step."""
    receiver.plan = [web.Response(status=503), web.Response(status=429)]
    async with open_house(database, **LOOPBACK) as house:
        await house.register(workflow(receiver.step(), NOTE))
        await house.send("go", {})
        await eventually(lambda: "completed" in house.phases())
        attempts = of_step(house.results(), "call")
        assert [a["status"] for a in attempts] == ["RETRYING", "RETRYING", "COMPLETED"]
        assert [a["attempt"] for a in attempts] == [1, 2, 3]
        assert attempts[0]["error"]["status"] == 503
        assert len(set(receiver.keys)) == 1
        assert [r["sequence"] for r in house.results()] == [2, 3, 4, 5]
        assert await count(house.platform.pool, "timers") == 0


async def test_a_failure_that_cannot_pass_ends_the_execution(
    database: str, receiver: Receiver
) -> None:
    """A 404 is not retried; the later step never starts; the error is on the execution."""
    receiver.plan = [web.Response(status=404, text="no such job")]
    async with open_house(database, **LOOPBACK) as house:
        await house.register(workflow(receiver.step(), NOTE))
        await house.send("go", {})
        await eventually(lambda: "failed" in house.phases())
        assert [r["step_id"] for r in house.results()] == ["call"]
        row = await house.platform.pool.fetchrow("SELECT status, error FROM executions")
        assert row is not None
        assert row["status"] == "FAILED"
        assert "no such job" in orjson.loads(row["error"])["message"]


async def test_on_failure_continue_goes_on(database: str, receiver: Receiver) -> None:
    """A step that may fail does not keep the next from running."""
    receiver.plan = [web.Response(status=404)]
    async with open_house(database, **LOOPBACK) as house:
        await house.register(workflow(receiver.step(on_failure="continue"), NOTE))
        await house.send("go", {})
        await eventually(lambda: "completed" in house.phases())
        assert [r["status"] for r in house.results()] == ["FAILED", "COMPLETED"]


async def test_an_attempt_that_takes_too_long_is_broken_off(
    database: str, receiver: Receiver
) -> None:
    """After timeout_s the attempt fails, retryable, and the next may succeed."""
    receiver.plan = [30.0]
    async with open_house(database, **LOOPBACK) as house:
        await house.register(workflow(receiver.step(timeout_s=0.2)))
        await house.send("go", {})
        await eventually(lambda: "completed" in house.phases())
        first, second = house.results()
        assert first["error"]["kind"] == "timeout"
        assert second["status"] == "COMPLETED"


async def test_a_private_address_is_refused_unless_allowed(
    database: str, receiver: Receiver
) -> None:
    """Without the setting for loopback nothing is sent."""
    async with open_house(database) as house:
        await house.register(workflow(receiver.step()))
        await house.send("go", {})
        await eventually(lambda: "failed" in house.phases())
        assert house.results()[0]["error"]["kind"] == "refused"
        assert receiver.calls == []


async def test_a_step_whose_condition_is_false_is_skipped(database: str) -> None:
    """A skipped step does not keep the next from running."""
    async with open_house(database) as house:
        await house.register(workflow({**NOTE, "id": "no", "run_if": "payload.x = 2"}, NOTE))
        await house.send("go", {"x": 1})
        await eventually(lambda: "completed" in house.phases())
        assert [r["status"] for r in house.results()] == ["SKIPPED", "COMPLETED"]


async def test_a_workflow_without_steps_completes(database: str) -> None:
    """The seed's minimal workflow, which has no steps, runs to its end."""
    async with open_house(database) as house:
        await house.register(workflow())
        await house.send("go", {})
        await eventually(lambda: "completed" in house.phases())
        assert house.phases() == ["created", "started", "completed"]
        assert await count(house.platform.pool, "executions", "status = 'COMPLETED'") == 1


async def test_an_emitted_event_starts_another_workflow(database: str) -> None:
    """emit_event goes through ingest and matcher like any other event; loops end."""
    emit = {"id": "emit", "action": "emit_event", "input": {"src": {"type": "go"}}}
    async with open_house(database, causation_depth_max=3) as house:
        await house.register(workflow(emit))
        await house.send("go", {})
        await eventually(lambda: sorted(house.phases())[:3] == ["completed"] * 3)
        await eventually(lambda: "failed" in house.phases())
        [error] = [r["error"] for r in house.results() if r["error"]]
        assert "Loop guard" in error["message"]


async def test_a_running_step_is_broken_off_by_a_cancellation(
    database: str, receiver: Receiver
) -> None:
    """No further step starts; the attempt is on record as cancelled."""
    receiver.plan = [30.0]
    async with open_house(database, **LOOPBACK) as house:
        await house.register(workflow(receiver.step(), NOTE))
        await house.send("go", {})
        await eventually(lambda: bool(receiver.calls))
        await cancel(house, await only_id(house))
        await eventually(lambda: "cancelled" in house.phases())
        assert [r["status"] for r in house.results()] == ["CANCELLED"]
        row = await house.platform.pool.fetchrow("SELECT status, cancel_reason FROM executions")
        assert row is not None
        assert dict(row) == {"status": "CANCELLED", "cancel_reason": "enough"}


async def test_a_sleeping_execution_is_cancelled_at_once(database: str, receiver: Receiver) -> None:
    """An execution that waits an hour for its retry, out of memory, ends at once."""
    receiver.plan = [web.Response(status=503)]
    slow = {"max_attempts": 2, "initial_interval_s": 3600.0, "max_interval_s": 3600.0}
    async with open_house(database, **LOOPBACK) as house:
        await house.register(workflow(receiver.step(retry=slow)))
        await house.send("go", {})
        await eventually(lambda: bool(house.results()))
        assert house.results()[0]["status"] == "RETRYING"
        await cancel(house, await only_id(house))
        await eventually(lambda: "cancelled" in house.phases())
        assert await count(house.platform.pool, "timers") == 0


async def test_cancelling_what_is_not_there_leaves_nothing(database: str) -> None:
    """A command for an unknown execution is consumed and leaves no timer behind."""
    async with open_house(database) as house:
        await house.register(workflow())
        await cancel(house, ExecutionId(uuid4()))
        await house.send("go", {})
        await eventually(lambda: "completed" in house.phases())
        pool = house.platform.pool
        async with asyncio.timeout(10):
            while await count(pool, "timers"):
                await asyncio.sleep(0.02)


async def test_unreadable_commands_go_to_the_dead_letters(database: str) -> None:
    """Garbage on the commands topic stops nothing, and counts as the default environment's."""
    async with open_house(database) as house:
        await house.register(workflow())
        topic = house.platform.topics.commands
        for value in (b"{", None, b'{"type":"turnout.command.start","data":{}}'):
            await house.platform.bus.publish([Record(topic=topic, key=b"k", value=value)])
        await house.send("go", {})
        await eventually(lambda: "completed" in house.phases() and len(house.letters()) == 3)
        assert {letter["reason"] for letter in house.letters()} == {"UNREADABLE_COMMAND"}
        labels = {"environment": str(DEFAULT_ENVIRONMENT), "reason": "UNREADABLE_COMMAND"}
        counted = house.platform.registry.get_sample_value
        assert counted("turnout_executor_dead_letters_total", labels) == 3


async def test_a_restart_finishes_what_was_under_way(database: str, receiver: Receiver) -> None:
    """Of two steps the first was durable: it is not repeated; the second runs again, same key."""
    receiver.plan = [30.0]
    async with open_house(database, drain_s=0.1, **LOOPBACK) as house:
        await house.register(workflow(NOTE, receiver.step()))
        await house.send("go", {})
        await eventually(lambda: bool(receiver.calls))
    async with open_house(database, **LOOPBACK) as house:
        await eventually(lambda: "completed" in house.phases())
        assert [r["step_id"] for r in house.results()] == ["call"]
        assert len(receiver.calls) == 2
        assert len(set(receiver.keys)) == 1
        assert await count(house.platform.pool, "execution_log") == 3


async def test_a_sleeping_retry_survives_a_restart(database: str, receiver: Receiver) -> None:
    """The timer of a retry is kept in the database and rings in the next process."""
    receiver.plan = [web.Response(status=503)]
    soon = {"max_attempts": 2, "initial_interval_s": 1.0, "max_interval_s": 1.0, "jitter": 0.0}
    async with open_house(database, **LOOPBACK) as house:
        await house.register(workflow(receiver.step(retry=soon)))
        await house.send("go", {})
        await eventually(lambda: bool(house.results()))
    async with open_house(database, **LOOPBACK) as house:
        await all_ended(house.platform.pool, 1)
        row = await house.platform.pool.fetchrow(
            "SELECT max(started_at) - min(ended_at) AS gap FROM execution_log "
            "WHERE step_id IS NOT NULL"
        )
        assert row is not None
        assert row["gap"].total_seconds() >= 1
