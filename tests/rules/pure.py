"""A case, run through the pure core alone: no process, no database, no waiting.

What takes time is put into a queue by its time, and the clock is wherever the queue is. Steps
under way at once end in the order of their times, and of their start where these are equal.
"""

import heapq
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from uuid import UUID, uuid5

from shared.domain import decide
from shared.domain.executions import Attempt, AttemptStatus
from shared.domain.ids import (
    EventKey,
    ExecutionId,
    StepId,
    execution_id,
)
from shared.domain.inheritance import inherited
from shared.domain.outcomes import Outcome, Wait, WaitKind
from shared.domain.readiness import Underway, is_wanted, todo
from shared.domain.signals import Arrived, Beat, Signal
from shared.domain.story import Transition
from shared.matching.awaited import event_data, is_awaited
from shared.matching.view import EventView
from tests.rules.case import Case, Happening, OtherEvent, WorkerAnswer
from tests.rules.lives import START, Life, begun, ended, event_of
from tests.rules.performed import Performer
from tests.rules.seen import Seen
from tests.rules.told import signal_of

HAPPENINGS_MAX = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """How far everything is before ``happening``, or before time goes on where there is none.

    ``positions`` are the logs' lengths by execution, ``calls`` all calls of actions so far.
    """

    at: timedelta
    positions: dict[ExecutionId, int]
    calls: int
    happening: Happening | None = None


class World:
    """The executions of one case, and virtual time."""

    def __init__(self, case: Case, performer: Performer) -> None:
        self._case = case
        self._performer = performer
        self._queue: list[tuple[datetime, int, Callable[[], None]]] = []
        self._number = count()
        self._came: list[OtherEvent] = []
        self._names = {case.id_of(name): name for name in case.definitions}
        self.now = START
        self.lives: list[Life] = []
        self.marks: list[Mark] = []

    def run(self) -> None:
        """Tell the whole story, and then let happen whatever is due."""
        case, event = self._case, event_of(self._case.event_key, self._case.event)
        id_ = execution_id(case.workflow_id, case.event_key)
        self._start(*begun(case, "main", id_, event, self.now))
        for happening in case.story:
            self._until(self.now)
            self._mark(happening)
            self._happen(self.lives[0], happening)
        self._until(None)
        self._mark()

    # --- time

    def _until(self, end: datetime | None) -> None:
        """Let everything happen that is due until ``end``."""
        for _ in range(HAPPENINGS_MAX):
            if not self._queue or (end is not None and self._queue[0][0] > end):
                break
            at, _, happen = heapq.heappop(self._queue)
            self._advance(at)
            happen()
        else:
            raise AssertionError("this case never comes to rest")
        if end is not None:
            self._advance(end)

    def _advance(self, now: datetime) -> None:
        if now > self.now:
            self._mark()
            self.now = now

    def _at(self, when: datetime, happen: Callable[[], None]) -> None:
        heapq.heappush(self._queue, (max(when, self.now), next(self._number), happen))

    def _mark(self, happening: Happening | None = None) -> None:
        self.marks.append(
            Mark(
                at=self.now - START,
                positions={life.run.id: life.state.position for life in self.lives},
                calls=self._performer.calls.total(),
                happening=happening,
            )
        )

    # --- executions

    def _start(self, life: Life, first: Transition) -> None:
        self.lives.append(life)
        self._take(life, first)

    def _take(self, life: Life, transition: Transition | None) -> None:
        """Write a transition down, and do what follows from it."""
        if transition is None:
            return
        life.entries += transition.entries
        life.run.state = transition.state
        again = decide.restore(life.run.plan, life.entries, life.expires_at)
        assert again == life.state, "the state is the fold of the log"
        for key in [key for key in life.underway if not is_wanted(life.state, key)]:
            del life.underway[key]
        for attempt in [entry.attempt for entry in transition.entries if entry.attempt]:
            if (wait := attempt.wait) is not None:
                self._begin_child(life, attempt, wait)
                self._look_back(life, wait)
            elif (child := self._given_up(attempt)) is not None:
                self._at(self.now, partial(self._cancel, child))
        self._look(life)
        is_at_rest = not life.underway and not life.state.status.is_terminal
        assert transition.is_parked == is_at_rest, "what is parked has nothing to do"
        if life.state.status.is_terminal and life.parent is not None:
            parent, key, number = life.parent
            self._at(self.now, partial(self._hear, parent, ended(life, key, number)))

    def _look(self, life: Life) -> None:
        """Begin what the execution needs now."""
        work = todo(life.run.plan, life.state, self.now, frozenset(life.underway))
        for effect in work.runs:
            running = Underway(effect=effect, started_at=self.now)
            life.underway[effect.key] = running
            outcome, takes_s = self._performer.perform(life.run, effect, self.now)
            ends_at = self.now + timedelta(seconds=takes_s)
            self._at(ends_at, partial(self._end, life, running, outcome))
        if work.wake_at is not None:
            self._at(work.wake_at, partial(self._ring, life))

    def _end(self, life: Life, running: Underway, outcome: Outcome) -> None:
        if life.underway.get(running.effect.key) is not running:
            return  # it was broken off
        del life.underway[running.effect.key]
        transition = decide.apply(
            life.run.plan,
            life.state,
            running.effect,
            outcome,
            started_at=running.started_at,
            now=self.now,
            chance=0.0,
            underway=life.underway,
        )
        self._take(life, transition)

    def _ring(self, life: Life) -> None:
        # A sign of life is looked for when a worker has been silent, and not before.
        plan_, now, beats = life.run.plan, self.now, life.beats
        life.beats = []
        for beat in beats:
            self._hear(life, beat)
        while due := decide.elapse(plan_, life.state, now=now, chance=0, underway=life.underway):
            self._take(life, due)
        self._look(life)

    def _hear(self, life: Life, signal: Signal) -> None:
        plan_, state, now = life.run.plan, life.state, self.now
        heard = decide.hear(plan_, state, signal, now=now, chance=0, underway=life.underway)
        self._take(life, heard)

    def _begin_child(self, life: Life, attempt: Attempt, wait: Wait) -> None:
        if wait.kind is not WaitKind.SUBWORKFLOW:
            return
        key = EventKey(uuid5(life.run.id, f"{attempt.step_id}:{attempt.number}"))
        id_ = ExecutionId(UUID(wait.data["execution_id"]))
        event = event_of(key, wait.data["input"])
        name = self._names[UUID(wait.data["workflow_id"])]
        child, first = begun(self._case, name, id_, event, self.now)
        child.parent = (life, attempt.step_id, attempt.number)
        self._start(child, first)

    def _given_up(self, attempt: Attempt) -> Life | None:
        """The execution that a step had called, and waits for no more."""
        told = attempt.output
        called = told.get("execution_id") if isinstance(told, dict) and "kind" in told else None
        is_given_up = attempt.status is not AttemptStatus.COMPLETED
        found = [life for life in self.lives if is_given_up and str(life.run.id) == called]
        return found[0] if found else None

    def _cancel(self, life: Life) -> None:
        plan_, state, underway = life.run.plan, life.state, life.underway
        self._take(life, decide.cancel(plan_, state, now=self.now, underway=underway))

    def _look_back(self, life: Life, wait: Wait) -> None:
        if wait.kind is WaitKind.EVENT and wait.data["look_back"]:
            for told in self._came:
                self._at(self.now, partial(self._come, life, told))

    # --- the story

    def _happen(self, life: Life, happening: Happening) -> None:
        match happening:
            case Happening(after=float(seconds)):
                self._until(self.now + timedelta(seconds=seconds))
            case Happening(cancel=True):
                self._cancel(life)
            case Happening(crash=True):
                self._crash()
            case Happening(status=status) if status is not None:
                assert life.state.status is status
            case Happening(repeat=str()):
                self._repeat(life, happening)
            case Happening(event=OtherEvent() as told):
                self._came.append(told)
                self._come(life, told)
            case Happening(heartbeat=WorkerAnswer() as given):
                beat = Beat(step_id=StepId(given.step), attempt=given.attempt, at=self.now)
                life.beats.append(beat)
            case _:
                self._hear(life, signal_of(happening))

    def _repeat(self, life: Life, happening: Happening) -> None:
        """Start the workflow once more, with the same event."""
        step_id = None if happening.resume_from is None else StepId(happening.resume_from)
        taken = () if happening.rerun else inherited(life.run.plan, life.state, step_id)
        id_ = self._case.repeat_id(happening)
        self._start(*begun(self._case, "main", id_, life.run.event, self.now, taken))

    def _come(self, life: Life, told: OtherEvent) -> None:
        for arrived in self._arrived(life, told):
            self._hear(life, arrived)

    def _arrived(self, life: Life, told: OtherEvent) -> list[Arrived]:
        """The waits that an event ends."""
        view = EventView(event_of(EventKey(uuid5(life.run.id, told.type)), told.payload, told.type))
        waits = {
            key: wait
            for key, pending in life.state.pending.items()
            if (wait := pending.attempt.wait) is not None and wait.kind is WaitKind.EVENT
        }
        return [
            Arrived(step_id=key, event=event_data(view))
            for key, wait in waits.items()
            if is_awaited(view, wait.data, self._performer.expressions)
        ]

    def _crash(self) -> None:
        """Lose everything but the logs."""
        for life in self.lives:
            life.underway.clear()
            life.run.state = decide.restore(life.run.plan, life.entries, life.expires_at)
            self._ring(life)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """The executions of a case, the main one first; and the way of it all.

    ``calls`` is how often each step's action was called, or its task given out.
    """

    seen: Sequence[Seen]
    calls: Mapping[str, int]
    marks: Sequence[Mark]


def run(case: Case) -> Ran:
    """Run a case; AssertionError where its story says what is not so."""
    performer = Performer(case)
    world = World(case, performer)
    world.run()
    return Ran(
        seen=[life.seen() for life in world.lives],
        calls=performer.calls + performer.tasks,
        marks=world.marks,
    )
