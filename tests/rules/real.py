"""Cases, played all at once by real services in virtual time.

The pure run of a case says how long each log is at each instant, and how often the receiver has
been called; time goes on when the real logs, of all cases, are as long. So nothing is ever early,
nothing waits for longer than the services take, and a case that goes another way is found out.
Only an attempt's own timeout is real time; all instants together are to take less than that.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from shared.domain.decide import restore
from shared.domain.ids import ExecutionId, StepId
from shared.domain.plans import plan
from shared.wire.lineage import Lineage, Repeat
from tests.rules import pure
from tests.rules.case import Case, Happening, OtherEvent, WorkerAnswer
from tests.rules.lives import START, workflow_of
from tests.rules.pure import Mark
from tests.rules.seen import Seen, found, trace_of
from tests.rules.stage import Stage, open_stage
from tests.rules.told import signal_of

WITHIN_S = 60.0
"""How long all that is due at an instant may take."""


@dataclass(kw_only=True)
class Play:
    """A case being played: what is still to come of it, and the sentence that says why it failed.

    ``workflows`` names the workflow of each of its executions, the main one first.
    """

    case: Case
    marks: Sequence[Mark]
    workflows: Mapping[ExecutionId, str]
    failure: str | None = None

    @property
    def main(self) -> ExecutionId:
        """Its execution."""
        return next(iter(self.workflows))

    def marks_at(self, at: timedelta) -> list[Mark]:
        """What is to be seen, and done, at an instant."""
        return [mark for mark in self.marks if mark.at == at]


@dataclass
class Snapshot:
    """How far all logs are, looked up again and again."""

    stage: Stage
    positions: Mapping[ExecutionId, int] = field(default_factory=dict)
    fresh: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def keep(self) -> None:
        """Look, for ever."""
        while True:
            positions = await self.stage.positions()
            async with self.fresh:
                self.positions = positions
                self.fresh.notify_all()
            await asyncio.sleep(0.01)

    async def reached(self, play: Play, mark: Mark) -> None:
        """Return when the case is as far as ``mark``; note its failure when it does not come."""
        if play.failure is not None:
            return
        try:
            async with asyncio.timeout(WITHIN_S), self.fresh:
                await self.fresh.wait_for(lambda: self._is_at(play, mark))
        except TimeoutError:
            logs = await self.stage.entries([play.main])
            trace, length = trace_of(logs[play.main]), mark.positions[play.main]
            play.failure = f"{mark.at} after its start {length} entries were due, not {trace}"

    def _is_at(self, play: Play, mark: Mark) -> bool:
        called = self.stage.calls.counts[play.case.title].total()
        # What an attempt may take is real time, so a log may be ahead by one that took too long.
        return called >= mark.calls and all(
            self.positions.get(id_, 0) >= position for id_, position in mark.positions.items()
        )


async def play_all(dsn: str, cases: Mapping[str, Case]) -> dict[str, dict[str, Any] | str]:
    """What each case came to (``seen.found``), by the same names; a text says why it failed."""
    plays = {name: await asyncio.to_thread(_play_of, case) for name, case in cases.items()}
    case_of = {id_: play.case for play in plays.values() for id_ in play.workflows}
    async with open_stage(dsn, case_of) as stage:
        snapshot = Snapshot(stage)
        keeping = asyncio.create_task(snapshot.keep())
        await stage.register(cases.values())
        await stage.start({play.main: play.case for play in plays.values()})
        barrier = asyncio.Barrier(len(plays))
        for at in sorted({mark.at for play in plays.values() for mark in play.marks}):
            stage.clock.jump(START + at)
            async with asyncio.TaskGroup() as group:
                for play in plays.values():
                    group.create_task(_play_at(at, play, snapshot, barrier))
        keeping.cancel()
        await stage.close()
        tasks = await stage.tasks()
        return {n: play.failure or await _seen(play, stage, tasks) for n, play in plays.items()}


def _play_of(case: Case) -> Play:
    ran = pure.run(case)
    workflows = {seen.id: seen.workflow for seen in ran.seen}
    return Play(case=case, marks=ran.marks, workflows=workflows)


async def _play_at(at: timedelta, play: Play, snapshot: Snapshot, barrier: asyncio.Barrier) -> None:
    for mark in play.marks_at(at):
        await snapshot.reached(play, mark)
        if mark.happening is not None:
            await _happen(play, mark.happening, snapshot.stage, barrier)


async def _happen(play: Play, happening: Happening, stage: Stage, barrier: asyncio.Barrier) -> None:
    id_ = play.main
    match happening:
        case Happening(crash=True):
            if await barrier.wait() == 0:
                await stage.crash()
            await barrier.wait()
        case Happening(cancel=True):
            await stage.cancel(id_)
        case Happening(repeat=str()):
            again = {play.case.repeat_id(happening): play.case}
            await stage.start(again, _repeat(id_, happening))
        case Happening(event=OtherEvent() as event):
            await stage.send(event)
        case Happening(after=float()):
            return
        case Happening(status=status) if status is not None:
            await _check_status(play, str(status), stage)
        case Happening(task_result=WorkerAnswer() as answer):
            await stage.answer(id_, answer)
        case Happening(heartbeat=WorkerAnswer() as beat):
            await stage.beat(id_, beat)
        case _:
            await stage.tell(id_, signal_of(happening))


def _repeat(id_: ExecutionId, happening: Happening) -> Lineage:
    step_id = None if happening.resume_from is None else StepId(happening.resume_from)
    repeats = Repeat(execution_id=id_, inherits=not happening.rerun, step_id=step_id)
    return Lineage(repeats=repeats)


async def _check_status(play: Play, wanted: str, stage: Stage) -> None:
    status = await stage.platform.pool.fetchval(
        "SELECT status FROM executions WHERE id = $1", play.main
    )
    if status != wanted:
        play.failure = play.failure or f"its status is {status} where it should be {wanted}"


async def _seen(
    play: Play, stage: Stage, tasks: Mapping[ExecutionId, Counter[str]]
) -> dict[str, Any]:
    logs = await stage.entries(list(play.workflows))
    result = await stage.result(play.main)
    seen = [
        Seen(
            id=id_,
            workflow=workflow,
            state=restore(plan(workflow_of(play.case, workflow)), logs[id_]),
            entries=logs[id_],
            started_at=START,
            result=result if id_ == play.main else None,
        )
        for id_, workflow in play.workflows.items()
    ]
    main, *others = seen
    calls = stage.calls.counts[play.case.title] + tasks[play.main]
    return found(play.case, main, others, calls)
