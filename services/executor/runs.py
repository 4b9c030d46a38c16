"""What the executor holds in memory: partitions it owns, and executions under way."""

import asyncio
from collections import deque
from dataclasses import dataclass, field

from services.executor.alarms import Alarms
from shared.bus.protocol import Received
from shared.db.ledger import Fence
from shared.db.recovery import Claim
from shared.domain.events import Event
from shared.domain.executions import State
from shared.domain.ids import ExecutionId
from shared.domain.outcomes import StepError
from shared.domain.plans import Plan
from shared.wire.results import Origin


@dataclass(slots=True, eq=False, kw_only=True)
class Run:
    """One execution in memory; only its own task (``advance``) changes ``state``.

    ``fault`` says why it cannot go on, when its plan or event cannot be read any more.
    """

    origin: Origin
    plan: Plan
    event: Event
    state: State
    owned: "Owned"
    command_offset: int
    has_timer: bool = False
    is_cancelled: bool = False
    fault: StepError | None = None
    performing: asyncio.Timeout | None = None
    task: asyncio.Task[None] | None = None

    @property
    def id(self) -> ExecutionId:
        """The execution's id."""
        return self.origin.execution_id

    def abandon(self) -> None:
        """Drop the run from memory; the partition's next owner takes it up."""
        if self.task is not None:
            self.task.cancel()

    def cancel(self) -> None:
        """Ask the run to end; a step under way is broken off."""
        self.is_cancelled = True
        if self.performing is not None and not self.performing.expired():
            self.performing.reschedule(0)


@dataclass(slots=True, eq=False, kw_only=True)
class Owned:
    """A partition this process owns: its epoch, its cursors, and what is active in it.

    The cursors say what is durable. ``admitted`` maps each execution that a command started and
    that neither ended nor is parked to the offset of that command, in ascending order: a successor
    looks for executions from the first on. Those woken by a timer are found by their timer.
    ``ahead`` are commands read while there was no room to start executions, not admitted yet.
    """

    partition: int
    epoch: int
    consumed_offset: int
    written_seq: int
    emitted_seq: int
    admitted: dict[ExecutionId, int] = field(default_factory=dict)
    runs: dict[ExecutionId, Run] = field(default_factory=dict)
    ahead: deque[Received] = field(default_factory=deque)
    alarms: Alarms = field(default_factory=Alarms)
    waking: asyncio.Lock = field(default_factory=asyncio.Lock)
    is_draining: bool = False
    saved: Fence | None = None

    @classmethod
    def from_claim(cls, claim: Claim) -> "Owned":
        """As the last owner left it."""
        return cls(
            partition=claim.partition,
            epoch=claim.epoch,
            consumed_offset=claim.consumed_offset,
            written_seq=claim.written_seq,
            emitted_seq=claim.emitted_seq,
        )

    def fence(self, consumed_offset: int | None = None) -> Fence:
        """The cursors to leave with a commit that consumes up to ``consumed_offset``."""
        consumed = max(self.consumed_offset, consumed_offset or 0)
        return Fence(
            partition=self.partition,
            epoch=self.epoch,
            consumed_offset=consumed,
            active_offset=next(iter(self.admitted.values()), consumed),
            written_seq=self.written_seq,
            emitted_seq=self.emitted_seq,
        )

    def next_seq(self) -> int:
        """The place of the next log entry in the partition."""
        self.written_seq += 1
        return self.written_seq
