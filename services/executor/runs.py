"""What the executor holds in memory: partitions it owns, and executions under way."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.executor.alarms import Alarms
from shared.bus.protocol import Received, TopicPartition
from shared.db.group import Fence
from shared.db.recovery import Claim
from shared.domain.errors import Unavailable
from shared.domain.events import Event
from shared.domain.executions import State
from shared.domain.ids import ExecutionId, StepId
from shared.domain.outcomes import Interrupted, Outcome, StepError
from shared.domain.plans import Plan
from shared.domain.readiness import RunStep, Underway, UnderwayByKey, is_wanted
from shared.domain.story import Transition
from shared.wire.commands import Cancel, Tell
from shared.wire.results import Origin

Word = Cancel | Tell
"""A command for an execution that is there."""


def is_urgent(words: Iterable[Word]) -> bool:
    """Whether an execution is to hear them whatever room there is: a cancellation makes some."""
    return any(isinstance(word, Cancel) for word in words)


@dataclass(slots=True, eq=False, kw_only=True)
class Performing:
    """A step being performed; ``outcome`` is set when it has ended, at ``ended_at``.

    ``is_in_line``: something of it is to be computed before it sends, and its turn has not come.
    ``is_leaving``: its partition is given up, so it waits for no such turn.
    """

    effect: RunStep
    started_at: datetime
    is_broken: bool = False
    is_in_line: bool = False
    is_leaving: bool = False
    timeout: asyncio.Timeout | None = None
    outcome: Outcome | Interrupted | None = None
    ended_at: datetime | None = None

    def break_off(self) -> None:
        """End it, unless it has ended; its effect may have happened."""
        self.is_broken = True
        if self.outcome is None and self.timeout is not None and not self.timeout.expired():
            # An attempt that was cancelled, as all are when the executor starts anew, has left
            # its timeout, and will have no outcome.
            with suppress(RuntimeError):
                self.timeout.reschedule(0)

    def step_back(self) -> None:
        """End it if it has only waited for its turn so far, and let it wait for none any more."""
        self.is_leaving = True
        if self.is_in_line:
            self.break_off()

    @property
    def underway(self) -> Underway:
        """As decisions see it."""
        return Underway(effect=self.effect, started_at=self.started_at)


@dataclass(slots=True, eq=False, kw_only=True)
class Run:
    """One execution in memory; only its own task (``life.py``) changes ``state``.

    ``written`` is the state as it is durable; ``state`` may be ahead of it, by what is being
    written. ``latest`` is the transition that led to ``written``, where it happened here. ``told``
    are commands to be taken in, by their offset, durable until they are; ``taken`` those that
    were. ``fault`` says why it cannot go on, when its plan or event cannot be read any more.
    ``timer_at`` is what its row in ``timers`` says; ``is_woken``: no command stands for it any
    more, so while it runs a timer must. ``must_look_back``: for events that came before it waited.
    ``start_told`` is what all its expressions see, ``steps_told`` what they see of the first
    ``settled_told`` steps that settled: made once, and never changed.
    """

    origin: Origin
    plan: Plan
    event: Event
    state: State
    owned: "Owned"
    command_offset: int
    created_at: datetime
    latest: Transition | None = None
    timer_at: datetime | None = None
    is_woken: bool = False
    must_look_back: bool = False
    fault: StepError | None = None
    told: dict[int, Word] = field(default_factory=dict)
    taken: set[int] = field(default_factory=set)
    performing: dict[StepId, Performing] = field(default_factory=dict)
    ended: list[Performing] = field(default_factory=list)
    broken: dict[StepId, Underway] = field(default_factory=dict)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None
    written: State = field(init=False)
    start_told: dict[str, Any] | None = None
    steps_told: dict[str, dict[str, Any]] = field(default_factory=dict)
    settled_told: int = 0

    def __post_init__(self) -> None:
        self.written = self.state

    @property
    def id(self) -> ExecutionId:
        """The execution's id."""
        return self.origin.execution_id

    def underway(self, state: State) -> UnderwayByKey:
        """What is being performed, and what was broken off, as far as ``state`` wants it.

        Broken off are steps for an end in which that is noted. Where a step has failed meanwhile,
        and others are undone, none such is coming: nobody may wait for them.
        """
        if not self.performing and not self.broken:
            return {}
        broken = self.broken if state.failing is None else {}
        found = broken | {key: p.underway for key, p in self.performing.items()}
        return {key: underway for key, underway in found.items() if is_wanted(state, key)}

    def abandon(self) -> None:
        """Drop the run from memory; the partition's next owner takes it up."""
        if self.task is not None:
            self.task.cancel()

    def tell(self, offset: int, word: Word) -> None:
        """Take note of a command; a cancellation breaks off what is being performed.

        One that was taken in before is heard once more, so that it does not stay behind.
        """
        self.told[offset] = word
        if isinstance(word, Cancel) and self.state.failing is None:
            self.break_off()
        self.changed.set()

    def step_back(self) -> None:
        """Wait for no turn any more: the partition is given up."""
        for performing in self.performing.values():
            performing.step_back()
        self.changed.set()

    def break_off(self) -> None:
        """End every step that is being performed."""
        for performing in self.performing.values():
            performing.break_off()


@dataclass(slots=True, eq=False, kw_only=True)
class Owned:
    """A partition this process owns: its epoch, its cursors, and what is active in it.

    The cursors say what is durable. ``admitted`` maps each execution that a command started and
    that neither ended nor is parked to the offset of that command, in ascending order: a successor
    looks for executions from the first on. Those that were parked are found by their timer, or by
    what they were told. ``ahead`` are commands read while there was no room to start executions,
    not admitted yet. ``held`` are executions that would go on if their environment, whose id is
    the key, had room for them, each once, in the order in which they came; they too have a timer,
    or were told something. ``called`` are those that are cancelled and away, with their commands
    by offset, once for each who looks them up.
    """

    partition: int
    epoch: int
    consumed_offset: int
    written_seq: int
    emitted_seq: int
    admitted: dict[ExecutionId, int] = field(default_factory=dict)
    runs: dict[ExecutionId, Run] = field(default_factory=dict)
    ahead: deque[Received] = field(default_factory=deque)
    held: dict[str, OrderedDict[ExecutionId, None]] = field(default_factory=dict)
    called: dict[ExecutionId, list[Mapping[int, Word]]] = field(default_factory=dict)
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

    def check_next(self, offset: int) -> None:
        """Raise Unavailable if the topic was made anew, so that a command comes at an old offset.

        An executor that went on would leave its successors what they look for at later offsets.
        """
        if offset < self.consumed_offset:
            raise Unavailable(
                f"Partition {self.partition} of commands was consumed up to"
                f" {self.consumed_offset}, and {offset} comes next: the topic was made anew."
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

    def come(self, run: Run) -> None:
        """Have a run in memory; at once it hears of its cancellation, whoever brought it.

        It is held no more: what was cancelled has come whatever room there was.
        """
        self.runs[run.id] = run
        if (held := self.held.get(run.origin.environment)) is not None:
            held.pop(run.id, None)
            self._drop_empty(run.origin.environment)
        for words in self.called.get(run.id, ()):
            for offset, word in words.items():
                if isinstance(word, Cancel):
                    run.tell(offset, word)

    @contextmanager
    def calling(self, told: Mapping[ExecutionId, Mapping[int, Word]]) -> Iterator[None]:
        """Tell executions that are cancelled so as soon as they come, until they were looked up.

        Their other commands they find where they are kept, each once and in order; to be cancelled
        twice is all the same.
        """
        called = {id_: words for id_, words in told.items() if is_urgent(words.values())}
        for id_, words in called.items():
            self.called.setdefault(id_, []).append(words)
        try:
            yield
        finally:
            for id_, words in called.items():
                # Others may tell the same at the same time: each takes back one of its kind.
                self.called[id_].remove(words)
                if not self.called[id_]:
                    del self.called[id_]

    def hold(self, environment: str, ids: Iterable[ExecutionId]) -> None:
        """Have executions wait for room, behind those of their environment that do.

        Whoever is told something while it is held keeps its place.
        """
        self.held.setdefault(environment, OrderedDict()).update(dict.fromkeys(ids))

    @property
    def held_count(self) -> int:
        """How many are held."""
        return sum(map(len, self.held.values()))

    def release(self, environment: str, count: int) -> list[ExecutionId]:
        """Take those that have waited longest, at most ``count``."""
        held = self.held[environment]
        released = [held.popitem(last=False)[0] for _ in range(min(count, len(held)))]
        self._drop_empty(environment)
        return released

    @property
    def is_told_and_saved(self) -> bool:
        """Whether everything written is published, and the database says so."""
        return self.emitted_seq == self.written_seq and self.saved == self.fence()

    def next_seqs(self, count: int) -> range:
        """The places of the next log entries in the partition."""
        first = self.written_seq + 1
        self.written_seq += count
        return range(first, first + count)

    def _drop_empty(self, environment: str) -> None:
        if not self.held[environment]:
            del self.held[environment]


def mine(
    owned: Mapping[int, Owned], batches: Mapping[TopicPartition, Sequence[Received]]
) -> list[tuple[Owned, Sequence[Received]]]:
    """Whose the records are now: while one is admitted, another may go and come back anew."""
    found = [(owned.get(tp.partition), records) for tp, records in batches.items()]
    taken = [(each, records) for each, records in found if each is not None]
    for each, records in taken:
        each.check_next(records[0].offset)
    return taken
