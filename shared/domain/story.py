"""Entries to be written about an execution, and the state they lead to."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from shared.domain.attempts import broken_off, dead
from shared.domain.executions import Attempt, AttemptStatus, Entry, Phase, State
from shared.domain.fold import absorb
from shared.domain.frozen import frozen
from shared.domain.ids import StepId, split_key
from shared.domain.outcomes import StepError, WaitKind
from shared.domain.plans import Plan
from shared.domain.readiness import Readiness, RunStep, UnderwayByKey, is_live, readiness


@frozen
class Transition:
    """``entries`` are to be made durable, at once, before anything else follows from ``state``.

    ``runs`` are to be run beside what is under way. ``is_parked``: nothing of it runs or can run
    before ``wake_at``, or before it hears something.
    """

    state: State
    entries: tuple[Entry, ...]
    at: datetime
    runs: tuple[RunStep, ...]
    is_parked: bool
    wake_at: datetime | None


def merged(transitions: Sequence[Transition]) -> Transition:
    """Transitions that follow one another as one."""
    if len(transitions) == 1:
        return transitions[0]
    last = transitions[-1]
    entries = tuple([entry for each in transitions for entry in each.entries])
    return Transition(last.state, entries, last.at, last.runs, last.is_parked, last.wake_at)


class Story:
    """Entries to be written, and the state they lead to."""

    def __init__(self, plan: Plan, state: State, now: datetime, underway: UnderwayByKey) -> None:
        self.plan = plan
        self.state = state
        self.now = now
        self.underway = dict(underway)
        self.entries: list[Entry] = []
        self._before = state

    @property
    def is_over(self) -> bool:
        """Whether the execution has ended."""
        return self.state.status.is_terminal

    def write(
        self,
        attempt: Attempt | None = None,
        phases: tuple[Phase, ...] = (),
        error: StepError | None = None,
    ) -> None:
        """Add an entry."""
        position = self.state.position + 1
        entry = Entry(position, attempt, phases, error)
        self._before, self.state = self.state, absorb(self.state, entry)
        self.entries.append(entry)

    def mark(self, *phases: Phase) -> None:
        """Change the phase with the last entry."""
        last = self.entries.pop()
        self.state = self._before
        self.write(last.attempt, (*last.phases, *phases), last.error)

    def skip_dead(self, settled: Attempt) -> None:
        """Skip the steps that nothing leads to any more, now that ``settled`` does not."""
        for edge in self.plan.outgoing.get(settled.step_id, ()):
            key, steps = StepId(edge.target), self.plan.by_id
            if key in self.state.settled or is_live(edge, settled, steps[edge.source]):
                continue
            if readiness(self.plan, self.state, steps[key])[0] is Readiness.DEAD:
                self.write(dead(key, self.now))

    def leave(self, phase: Phase, *, but: StepId | None = None) -> None:
        """Break off what cannot go on in ``phase``: everything at an end.

        While steps are undone, an iterator's items: it cannot complete, and so not be undone.
        """
        match phase:
            case Phase.COMPLETED | Phase.FAILED:
                self.break_off(self.underway, but=but)
            case Phase.COMPENSATING:
                items = [key for key in self.underway if split_key(key).item is not None]
                self.break_off(items, but=but)

    def break_off(
        self,
        keys: Iterable[StepId],
        *,
        but: StepId | None = None,
        items_of: StepId | None = None,
    ) -> None:
        """Note that steps under way are broken off, and executions that were called given up.

        Given up are those that any step beside ``but`` waits for, or only an iterator's items.
        """
        for key in list(keys):
            self.write(broken_off(self.underway.pop(key), self.now))
        for key, pending in list(self.state.pending.items()):
            wait = pending.attempt.wait
            is_called = wait is not None and wait.kind is WaitKind.SUBWORKFLOW and key != but
            if is_called and (items_of is None or split_key(key).step_id == items_of):
                status = AttemptStatus.CANCELLED
                left = replace(pending.attempt, status=status, ended_at=self.now, wake_at=None)
                self.write(left)
