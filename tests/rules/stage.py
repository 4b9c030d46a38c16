"""A real Turnout on which cases are played: database, bus, executor, receiver, and virtual time."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

import orjson

from services.executor.app import executor
from services.executor.settings import ExecutorSettings
from services.matcher.app import matcher
from services.matcher.settings import MatcherSettings
from services.trigger_ingest.app import trigger_ingest
from services.trigger_ingest.settings import IngestSettings
from shared.assembly.platform import Platform, open_platform
from shared.bus.protocol import Record, Topic
from shared.db.actions import put_action
from shared.db.history import find_result
from shared.db.recovery import list_entries
from shared.db.tasks import TaskId
from shared.db.workflows import lock_changes, write_workflow
from shared.domain.actions import ActionSpec, Transport
from shared.domain.executions import Entry
from shared.domain.ids import DEFAULT_ENVIRONMENT, ExecutionId
from shared.domain.signals import Told
from shared.domain.steps import Body, Compensation, Step
from shared.domain.workflows import Workflow
from shared.runtime.roles import Role, keep
from shared.wire.commands import Cancel, Tell, encode_cancel, encode_start, encode_tell
from shared.wire.envelope import dumps
from shared.wire.events import encode_event
from shared.wire.lineage import NO_LINEAGE, Lineage
from tests.rules.calls import Calls, open_calls
from tests.rules.case import Case, OtherEvent, WorkerAnswer
from tests.rules.lives import START, event_of, workflow_of
from tests.support.house import House, settings_of
from tests.support.virtual_clock import VirtualClock

DAY_S = 86_400.0
CALL_S = 3_600.0
STOP_WITHIN_S = 60
READ_WITHIN_S = 60

_TASKS = "SELECT value FROM bus_records JOIN bus_topics USING (topic_id) WHERE name = $1"
_UNREAD = """
    SELECT count(*) FROM bus_positions AS read
    JOIN bus_partitions AS head USING (topic_id, partition) JOIN bus_topics USING (topic_id)
    WHERE name = ANY ($1) AND coalesce(read.position, 0) < head.next_offset
"""


@dataclass(kw_only=True)
class Stage:
    """A running house, whose time is ours."""

    house: House
    clock: VirtualClock
    calls: Calls
    roles: Mapping[str, Role]
    group: asyncio.TaskGroup
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    kept: list[asyncio.Task[None]] = field(default_factory=list)

    @property
    def platform(self) -> Platform:
        """What it stands on."""
        return self.house.platform

    def raise_curtain(self) -> None:
        """Start the roles, or start them again."""
        self.kept = [
            self.group.create_task(keep(name, role, self.platform.health, stop=self.stop))
            for name, role in self.roles.items()
        ]

    async def crash(self) -> None:
        """Lose the process, without a farewell, and start another in its place."""
        for task in self.kept:
            task.cancel()
        await asyncio.wait(self.kept)
        self.raise_curtain()

    async def close(self) -> None:
        """End in good order: everything is published when this returns."""
        self.stop.set()
        async with asyncio.timeout(STOP_WITHIN_S):
            await asyncio.wait(self.kept)

    async def register(self, cases: Iterable[Case]) -> None:
        """Save the workflows of cases."""
        async with self.platform.pool.acquire() as conn, conn.transaction():
            await lock_changes(conn)
            for case in cases:
                for name in case.definitions:
                    await write_workflow(conn, patient(workflow_of(case, name)))

    async def start(
        self, starts: Mapping[ExecutionId, Case], lineage: Lineage = NO_LINEAGE
    ) -> None:
        """Start the main workflows of cases, all at once."""
        now = self.clock.now()
        commands = {
            id_: encode_start(
                id_,
                case.workflow_id,
                1,
                encode_event(event_of(case.event_key, case.event)),
                now,
                lineage=lineage,
            )
            for id_, case in starts.items()
        }
        await self._command(commands)

    async def tell(self, id_: ExecutionId, signal: Told) -> None:
        """Send a signal."""
        tell = Tell(execution_id=id_, signal=signal, tell_id=uuid4().hex, at=self.clock.now())
        await self._command({id_: encode_tell(tell)})

    async def answer(self, id_: ExecutionId, answer: WorkerAnswer) -> None:
        """Answer as a remote worker does."""
        result = {"status": "completed", "output": answer.output}
        if (error := answer.error) is not None:
            result = {"status": "failed", "error": error.model_dump(mode="json")}
        await self._task_result(id_, answer, result)

    async def beat(self, id_: ExecutionId, beat: WorkerAnswer) -> None:
        """Give a worker's sign of life; it is there when this returns."""
        await self._task_result(id_, beat, {"status": "heartbeat"})
        await self._read([self.platform.topics.task_results])

    async def cancel(self, id_: ExecutionId) -> None:
        """Ask for a cancellation."""
        word = Cancel(execution_id=id_, reason=None, requested_at=self.clock.now())
        await self._command({id_: encode_cancel(word)})

    async def send(self, event: OtherEvent) -> None:
        """Publish an event; it has been accepted and matched when this returns."""
        topics = self.platform.topics
        await self.house.send(event.type, event.payload)
        await self._read([*topics.sources, topics.triggers])

    async def result(self, id_: ExecutionId) -> Any:
        """What an execution came to."""
        async with self.platform.pool.acquire() as conn:
            found = await find_result(conn, id_)
        return None if found is None else found.value

    async def entries(self, ids: Sequence[ExecutionId]) -> Mapping[ExecutionId, Sequence[Entry]]:
        """Logs as they are now."""
        async with self.platform.pool.acquire() as conn:
            return await list_entries(conn, ids)

    async def tasks(self) -> Mapping[ExecutionId, Counter[str]]:
        """How often each step's task was given out."""
        given: defaultdict[ExecutionId, Counter[str]] = defaultdict(Counter)
        for row in await self.platform.pool.fetch(_TASKS, self.platform.topics.tasks("remote")):
            task = TaskId.parse(orjson.loads(row["value"])["data"]["task_id"])
            given[task.execution_id][task.step_id] += 1
        return given

    async def positions(self) -> Mapping[ExecutionId, int]:
        """How long each log is."""
        rows = await self.platform.pool.fetch(
            "SELECT execution_id, max(position) AS position FROM execution_log GROUP BY 1"
        )
        return {row["execution_id"]: row["position"] for row in rows}

    async def _read(self, topics: Sequence[str]) -> None:
        """Return when everything on the topics has been read, and what follows is durable."""
        async with asyncio.timeout(READ_WITHIN_S):
            while await self.platform.pool.fetchval(_UNREAD, topics):
                await asyncio.sleep(0.01)

    async def _task_result(
        self, id_: ExecutionId, answer: WorkerAnswer, result: Mapping[str, Any]
    ) -> None:
        task_id = f"{id_}:{answer.step}:{answer.attempt}"
        value = dumps({"type": "turnout.task-result", "data": {"task_id": task_id, **result}})
        topic = self.platform.topics.task_results
        await self.platform.bus.publish([Record(topic=topic, key=str(id_).encode(), value=value)])

    async def _command(self, commands: Mapping[ExecutionId, bytes]) -> None:
        topic = self.platform.topics.commands
        await self.platform.bus.publish(
            [Record(topic=topic, key=str(id_).encode(), value=v) for id_, v in commands.items()]
        )


@asynccontextmanager
async def open_stage(dsn: str, case_of: Mapping[ExecutionId, Case]) -> AsyncIterator[Stage]:
    """A stage on an empty database; ``case_of`` names the case of each execution to come.

    Their cases agree on how long a history may be.
    """
    clock = VirtualClock(START)
    entity_types = {name for case in case_of.values() for name in case.entities}
    (history_max,) = {case.history_max for case in case_of.values()}
    given = settings_of(dsn, fetch_wait_s=0.05, member="stage", pool_max=12)
    async with (
        open_calls(clock, case_of) as calls,
        open_platform(IngestSettings(**given)) as opened,
        asyncio.TaskGroup() as group,
    ):
        platform = replace(opened, clock=clock)
        egress = {"allow_loopback": True, "connections_per_host_max": 256}
        resolvers = {name: {"url": calls.url("/entity")} for name in entity_types}
        more = {"egress": egress, "resolvers": resolvers, "history_max": history_max}
        settings = ExecutorSettings(**{**given, **more})
        roles: dict[str, Role] = {
            "trigger-ingest": trigger_ingest(platform, IngestSettings(**given)),
            "matcher": matcher(platform, MatcherSettings(**given)),
            "executor": executor(platform, settings),
        }
        stage = Stage(house=House(platform), clock=clock, calls=calls, roles=roles, group=group)
        await _register_actions(stage)
        stage.raise_curtain()
        yield stage
        await stage.close()


def patient(flow: Workflow) -> Workflow:
    """The same, but its calls wait for long where nothing is said: what they wait is real time."""
    steps = tuple(_patient(step) for step in flow.definition.steps)
    definition = flow.definition.model_copy(update={"steps": steps})
    return flow.model_copy(update={"definition": definition})


def _patient(step: Step) -> Step:
    more: dict[str, Any] = {}
    if step.action == "act" and step.timeout_s is None:
        more["timeout_s"] = CALL_S
    if step.compensation is not None:
        more["compensation"] = _patient_part(step.compensation)
    if step.iterator is not None:
        body = _patient_part(step.iterator.body)
        more["iterator"] = step.iterator.model_copy(update={"body": body})
    return step.model_copy(update=more)


def _patient_part(part: Body | Compensation) -> Body | Compensation:
    is_said = part.action != "act" or "timeout_s" in part.model_fields_set
    return part if is_said else part.model_copy(update={"timeout_s": CALL_S})


async def _register_actions(stage: Stage) -> None:
    specs = {
        "act": ActionSpec(transport=Transport.HTTP, url=stage.calls.url("/act"), timeout_s=DAY_S),
        "remote": ActionSpec(transport=Transport.WORKER, timeout_s=DAY_S),
    }
    tasks = Topic(name=stage.platform.topics.tasks("remote"), partitions=1)
    await stage.platform.bus.ensure_topics([tasks])
    for name, spec in specs.items():
        async with stage.platform.pool.acquire() as conn, conn.transaction():
            await put_action(conn, DEFAULT_ENVIRONMENT, name, spec, START)
