"""What executions ask of the database while they run."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.executor.actions.registered import RegisteredActions, WorkerAction
from services.executor.runs import Run
from services.executor.turns import Turns
from services.executor.waiting import looking_back
from shared.db.events import list_since
from shared.db.history import find_result
from shared.db.pool import Pool, translated
from shared.db.recovery import list_beats, list_entries
from shared.domain.decide import restore
from shared.domain.executions import Attempt
from shared.domain.ids import ExecutionId
from shared.domain.inheritance import inherited, inherited_before
from shared.domain.outcomes import Failed, Wait, WaitKind
from shared.domain.plans import Plan
from shared.domain.signals import Arrived, Beat, TaskEnded, TurnCame
from shared.expr.jsonata import ExpressionCache
from shared.matching.awaited import event_data, is_awaited
from shared.matching.correlate import Correlated
from shared.matching.view import EventView
from shared.wire.lineage import Repeat

EVENTS_PAGE = 1_000
"""How many of the events since its start an execution looks at, at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """The database, the registry and expressions, as far as executions ask them."""

    pool: Pool
    expressions: ExpressionCache
    registered: RegisteredActions
    turns: Turns

    async def look_back(self, run: Run) -> Sequence[Arrived | TurnCame]:
        """For each wait the first event that came after the execution had started; its turn."""
        found: list[Arrived | TurnCame] = []
        for attempt in looking_back(run.state):
            step_id, wait = attempt.step_id, attempt.wait
            if wait is not None and wait.kind is WaitKind.TURN:
                found += [TurnCame(step_id=step_id)] if await self.turns.has_come(run.id) else []
            elif wait is not None and (event := await self._came(run, wait)) is not None:
                found.append(Arrived(step_id=step_id, event=event))
        return found

    async def _came(self, run: Run, wait: Wait) -> dict[str, Any] | None:
        """The first event that ends a wait; what is archived meanwhile the matcher tells of."""
        environment_id, name = run.origin.environment_id, wait.data["event_name"]
        after = (run.created_at, UUID(int=0))
        while True:
            with translated():
                async with self.pool.acquire() as conn:
                    events = await list_since(conn, environment_id, name, after, limit=EVENTS_PAGE)
            views = [EventView(event) for event in events if event.key != run.event.key]
            for view in Correlated(views).candidates(wait.data):
                await asyncio.sleep(0)  # of many events, none may keep the others waiting for long
                if is_awaited(view, wait.data, self.expressions):
                    return event_data(view)
            if len(events) < EVENTS_PAGE:
                return None
            after = (events[-1].received_at, events[-1].key)

    async def result_of(self, execution_id: ExecutionId) -> Any:
        """What an execution came to."""
        with translated():
            async with self.pool.acquire() as conn:
                result = await find_result(conn, execution_id)
        return None if result is None else result.value

    async def answered(self, run: Run, signal: TaskEnded) -> TaskEnded:
        """A worker's answer; one that is not what its action promises is a failure."""
        waiting = run.state.waiting(signal.step_id)
        wait = None if waiting is None else waiting.wait
        if signal.error is not None or wait is None or "action" not in wait.data:
            return signal
        name, version = wait.data["action"], wait.data.get("action_version")
        action = await self.registered.find(run.origin.environment_id, name, version)
        outcome = action.answered(signal.output) if isinstance(action, WorkerAction) else None
        if not isinstance(outcome, Failed):
            return signal
        return TaskEnded(step_id=signal.step_id, attempt=signal.attempt, error=outcome.error)

    async def beats(self, run: Run) -> Sequence[Beat]:
        """The last sign of life of each remote task."""
        with translated():
            async with self.pool.acquire() as conn:
                found = await list_beats(conn, [run.id])
        return [Beat(step_id=step_id, attempt=attempt, at=at) for _, step_id, attempt, at in found]

    async def inherited(self, repeats: Repeat, plan: Plan) -> Sequence[Attempt]:
        """The outcomes that an execution takes over from the one it repeats."""
        with translated():
            async with self.pool.acquire() as conn:
                logs = await list_entries(conn, [repeats.execution_id])
        state = restore(plan, logs[repeats.execution_id])
        if repeats.is_only and repeats.step_id is not None:
            return inherited_before(plan, state, repeats.step_id)
        return inherited(plan, state, repeats.step_id)
