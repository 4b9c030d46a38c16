"""What executions ask of the database while they run."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final
from uuid import UUID

from services.executor.actions.registered import RegisteredActions, WorkerAction
from services.executor.admit import OriginGone
from services.executor.in_turn import patiently
from services.executor.lanes import Lanes
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
from shared.domain.outcomes import Failed, Outcome, Wait, WaitKind
from shared.domain.plans import Plan
from shared.domain.signals import Arrived, Beat, TaskEnded, TurnCame
from shared.expr.jsonata import ExpressionCache
from shared.matching.awaited import event_data, is_awaited
from shared.matching.correlate import Correlated
from shared.matching.view import EventView
from shared.runtime.budgets import Budgets
from shared.runtime.clock import Clock
from shared.wire.commands import Cancel
from shared.wire.lineage import Repeat

EVENTS_PAGE = 100
"""How many of the events since its start an execution looks at, at a time."""

TRIFLE_S: Final = 0.001
"""What takes no longer is no reason to wait."""

LOOK_UP_S: Final = 1.0
"""So often an execution that waits for time to look back looks whether it still has to."""


class _CalledAwayError(Exception):
    """Something comes before looking back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """The database, the registry and expressions, as far as executions ask them."""

    pool: Pool
    expressions: ExpressionCache
    registered: RegisteredActions
    turns: Turns
    lanes: Lanes
    clock: Clock
    budgets: Budgets

    async def look_back(self, run: Run) -> Sequence[Arrived | TurnCame] | None:
        """For each wait the first event that came after the execution had started; its turn.

        None: something comes first, after which it is to look back anew.
        """
        try:
            return await self._look_back(run)
        except _CalledAwayError:
            return None

    async def _look_back(self, run: Run) -> Sequence[Arrived | TurnCame]:
        found: list[Arrived | TurnCame] = []
        for attempt in looking_back(run.state):
            step_id, wait = attempt.step_id, attempt.wait
            if wait is not None and wait.kind is WaitKind.TURN:
                found += [TurnCame(step_id=step_id)] if await self.turns.has_come(run.id) else []
            elif wait is not None and (event := await self._came(run, attempt)) is not None:
                found.append(Arrived(step_id=step_id, event=event))
        return found

    async def _came(self, run: Run, attempt: Attempt) -> dict[str, Any] | None:
        """The first event that ends a wait; what is archived meanwhile the matcher tells of.

        Its environment has its share of the time, however long the expression takes.
        """
        wait, environment_id = attempt.wait, run.origin.environment_id
        assert wait is not None, "it waits"
        async for view in self._candidates(run, wait):
            await self._until_there_is_time(run, attempt)
            began_s = self.clock.monotonic()
            is_it = is_awaited(view, wait.data, self.expressions)
            self.budgets.spend(environment_id, self.clock.monotonic() - began_s)
            if is_it:
                return event_data(view)
        return None

    async def _candidates(self, run: Run, wait: Wait) -> AsyncIterator[EventView]:
        """The events since an execution's start that may end a wait, the earliest first."""
        environment_id, name = run.origin.environment_id, wait.data["event_name"]
        after = (run.created_at, UUID(int=0))
        while True:
            with translated():
                async with self.pool.acquire() as conn:
                    events = await list_since(conn, environment_id, name, after, limit=EVENTS_PAGE)
            views = [EventView(event) for event in events if event.key != run.event.key]
            for view in Correlated(views).candidates(wait.data):
                yield view
            if len(events) < EVENTS_PAGE:
                return
            after = (events[-1].received_at, events[-1].key)

    async def _until_there_is_time(self, run: Run, attempt: Attempt) -> None:
        """Raises ``_CalledAwayError`` when something else comes first."""
        await asyncio.sleep(0)  # of many events, none may keep the others waiting for long
        while (wait_s := self.budgets.wait_s(run.origin.environment_id)) > 0:
            await self.clock.sleep(min(wait_s, LOOK_UP_S))
            if _is_called_away(run, attempt, self.clock.now()):
                raise _CalledAwayError

    async def result_of(self, execution_id: ExecutionId) -> Any:
        """What an execution came to."""
        with translated():
            async with self.pool.acquire() as conn:
                result = await find_result(conn, execution_id)
        return None if result is None else result.value

    async def answered(self, run: Run, signal: TaskEnded) -> TaskEnded | None:
        """A worker's answer; one that is not what its action promises is a failure.

        None: something comes before the turn to look at it.
        """
        waiting = run.state.waiting(signal.step_id)
        wait = None if waiting is None else waiting.wait
        if signal.error is not None or wait is None or "action" not in wait.data:
            return signal
        name, version = wait.data["action"], wait.data.get("action_version")
        action = await self.registered.find(run.origin.environment_id, name, version)
        if not isinstance(action, WorkerAction):
            return signal
        outcome = await self._in_turn(run, partial(action.answered, signal.output))
        if not isinstance(outcome, Failed):
            return None if outcome is None else signal
        return TaskEnded(step_id=signal.step_id, attempt=signal.attempt, error=outcome.error)

    async def _in_turn(self, run: Run, work: Callable[[], Outcome]) -> Outcome | None:
        """What ``work`` comes to; None: a cancellation, an expiry, an outcome or a drain is first.

        The attempt's own time is up to its answer, which has come.
        """
        environment, lanes = run.origin.environment, self.lanes
        if lanes.is_free(environment):
            return lanes.at_once(environment, lambda _: work())
        return await patiently(
            run,
            lambda _: work(),
            lanes,
            self.clock,
            comes_first=lambda: _is_to_end(run) or bool(run.ended),
            until=_expires_at(run),
        )

    async def beats(self, run: Run) -> Sequence[Beat]:
        """The last sign of life of each remote task."""
        with translated():
            async with self.pool.acquire() as conn:
                found = await list_beats(conn, [run.id])
        return [Beat(step_id=step_id, attempt=attempt, at=at) for _, step_id, attempt, at in found]

    async def inherited(self, repeats: Repeat, plan: Plan) -> Sequence[Attempt]:
        """The outcomes that an execution takes over from the one it repeats. Raises OriginGone."""
        with translated():
            async with self.pool.acquire() as conn:
                logs = await list_entries(conn, [repeats.execution_id])
        if not (entries := logs[repeats.execution_id]):
            raise OriginGone(f"Execution {repeats.execution_id} is no longer kept.")
        state = restore(plan, entries)
        if repeats.is_only and repeats.step_id is not None:
            return inherited_before(plan, state, repeats.step_id)
        return inherited(plan, state, repeats.step_id)


def _is_to_end(run: Run) -> bool:
    """Whether its partition is given up, or it is cancelled."""
    return run.owned.is_draining or any(isinstance(word, Cancel) for word in run.told.values())


def _expires_at(run: Run) -> datetime | None:
    return None if run.state.failing is not None else run.state.expires_at


def _is_called_away(run: Run, attempt: Attempt, now: datetime) -> bool:
    """Whether a wait ends, or its partition is given up, before it has looked back."""
    state = run.state
    wake_at = None if state.is_suspended else attempt.wake_at
    is_over = any(at is not None and at <= now for at in (wake_at, _expires_at(run)))
    return is_over or _is_to_end(run)
