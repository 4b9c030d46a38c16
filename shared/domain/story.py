"""Entries to be written about an execution, and the state they lead to."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from shared.domain.attempts import broken_off
from shared.domain.executions import Attempt, Entry, Phase, State
from shared.domain.fold import absorb
from shared.domain.ids import StepId
from shared.domain.outcomes import StepError
from shared.domain.plans import Plan
from shared.domain.readiness import RunStep, UnderwayByKey


@dataclass(frozen=True, slots=True, kw_only=True)
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
        entry = Entry(position=position, attempt=attempt, phases=phases, error=error)
        self._before, self.state = self.state, absorb(self.state, entry)
        self.entries.append(entry)

    def mark(self, *phases: Phase) -> None:
        """Change the phase with the last entry."""
        entry = self.entries[-1]
        self.entries[-1] = replace(entry, phases=(*entry.phases, *phases))
        self.state = absorb(self._before, self.entries[-1])

    def break_off(self, keys: Iterable[StepId]) -> None:
        """Note that steps under way are broken off."""
        for key in list(keys):
            self.write(broken_off(self.underway.pop(key), self.now))
