"""One execution, driven as the executor drives it, and judged at every turn."""

from datetime import UTC, datetime, timedelta

from shared.domain import decide
from shared.domain.executions import Attempt, AttemptStatus, Entry, State, Status
from shared.domain.ids import StepId, split_key
from shared.domain.outcomes import Outcome, WaitKind
from shared.domain.plans import Plan
from shared.domain.readiness import Underway, is_wanted, todo
from shared.domain.signals import Resume, Signal
from shared.domain.story import Transition
from tests.unit.domain import laws
from tests.unit.domain.happenings import answers, outcomes

START = datetime(2026, 11, 22, tzinfo=UTC)
TURNS_MAX = 500


class Life:
    """``underway`` are the steps that run, as the executor keeps them."""

    def __init__(self, plan: Plan, expires_at: datetime | None) -> None:
        self.plan = plan
        self.now = START
        self.expires_at = expires_at
        self.log: list[Entry] = []
        self.underway: dict[StepId, Underway] = {}
        self.take(decide.begin(plan, START, expires_at=expires_at))

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self.state.status.is_terminal

    @property
    def waiting(self) -> list[Attempt]:
        """What waits for something from outside."""
        found = [pending.attempt for pending in self.state.pending.values()]
        return [one for one in found if one.wait and one.wait.kind is not WaitKind.ITEMS]

    def take(self, transition: Transition) -> None:
        """Write a transition down and judge what it led to."""
        self.log += transition.entries
        self.state: State = transition.state
        running = set(self.underway)
        self.underway = {k: u for k, u in self.underway.items() if is_wanted(self.state, k)}
        laws.check(self.plan, self.log)
        for key in running - set(self.underway):
            assert key in self.state.settled, "what is broken off is written down"
        restored = decide.restore(self.plan, self.log, self.expires_at)
        assert restored == self.state
        assert list(restored.settled) == list(self.state.settled)
        assert list(restored.pending) == list(self.state.pending)
        self._check_needs(transition)

    def _check_needs(self, transition: Transition) -> None:
        needs = todo(self.plan, self.state, self.now, self.underway)
        assert (transition.runs, transition.wake_at) == (needs.runs, needs.wake_at)
        assert not {effect.key for effect in needs.runs} & set(self.underway)
        rests = not (self.is_over or needs.runs or self.underway)
        assert transition.is_parked == rests
        assert self.state.status is self._status()
        waits = [
            pending.attempt.wake_at
            for key, pending in self.state.pending.items()
            if key not in self.underway and key not in {effect.key for effect in needs.runs}
        ]
        if self.is_over or (self.state.is_suspended and not self.state.failing):
            waits = []
        if not self.is_over and not self.state.failing:
            waits.append(self.expires_at)
        assert needs.wake_at == min((at for at in waits if at), default=None)
        for key in self.state.pending:
            parts = split_key(key)
            assert parts.item is None or StepId(parts.step_id) in self.state.pending
        if rests:
            is_answerable = bool(self.waiting) or self.state.is_suspended
            assert is_answerable or needs.wake_at, "something can still happen"

    def _status(self) -> Status:
        if self.is_over:
            return self.state.status
        if self.state.failing:
            return Status.COMPENSATING
        if self.state.is_suspended:
            return Status.SUSPENDED
        runs = todo(self.plan, self.state, START - timedelta(days=1)).runs
        if runs:
            return Status.RUNNING
        retries = {pending.attempt.status for pending in self.state.pending.values()}
        return Status.RETRYING if AttemptStatus.RETRYING in retries else Status.WAITING

    def start(self, count: int = 100) -> None:
        """Begin up to ``count`` of the steps that may begin."""
        for effect in todo(self.plan, self.state, self.now, self.underway).runs[:count]:
            laws.check_run(self.plan, self.log, effect, self.now)
            self.underway[effect.key] = Underway(effect=effect, started_at=self.now)
        for step_id, body in self.plan.bodies.items():
            iterator = self.plan.by_id[step_id].iterator
            assert iterator is not None
            begun = {*self.underway, *self.state.pending}
            items = [key for key in begun if key.startswith(f"{body.id}[")]
            assert len(items) <= iterator.concurrency

    def finish(self, key: StepId, outcome: Outcome, chance: float = 0.5) -> None:
        """End a step that is under way."""
        running = self.underway.pop(key)
        self.take(
            decide.apply(
                self.plan,
                self.state,
                running.effect,
                outcome,
                started_at=running.started_at,
                now=self.now,
                chance=chance,
                underway=self.underway,
            )
        )

    def hear(self, signal: Signal) -> bool:
        """Whether a signal changed anything."""
        transition = decide.hear(
            self.plan, self.state, signal, now=self.now, chance=0.5, underway=self.underway
        )
        if transition is not None:
            self.take(transition)
        return transition is not None

    def wait(self, until: datetime) -> None:
        """Let time pass, with all that it brings."""
        self.now = max(self.now, until)
        for _ in range(TURNS_MAX):
            transition = decide.elapse(
                self.plan, self.state, now=self.now, chance=0.5, underway=self.underway
            )
            if transition is None:
                break
            self.take(transition)
        else:
            raise AssertionError("time brings only so much")
        if not self.state.is_suspended or self.state.failing:
            assert not any(one.wake_at and one.wake_at <= self.now for one in self.waiting)

    def cancel(self) -> None:
        """Ask for the end."""
        is_open = not (self.is_over or self.state.failing)
        transition = decide.cancel(self.plan, self.state, now=self.now, underway=self.underway)
        assert (transition is not None) == is_open
        if transition is not None:
            self.take(transition)
            assert self.state.status is Status.CANCELLED
            assert not self.underway

    def crash(self) -> None:
        """Forget everything but the log."""
        self.underway = {}
        self.state = decide.restore(self.plan, self.log, self.expires_at)

    def complete(self) -> None:
        """Do all that is wanted, answer all that waits: it must end."""
        for _ in range(TURNS_MAX):
            if self.is_over:
                break
            if self.state.is_suspended and not self.state.failing:
                assert self.hear(Resume())
            self.start()
            needs = todo(self.plan, self.state, self.now, self.underway)
            if self.underway:
                key = next(iter(self.underway))
                self.finish(key, outcomes(self.underway[key].effect, self.now)[0])
            elif self.waiting and (answer := answers(self.waiting[0], self.now)):
                assert self.hear(answer[0])
            else:
                assert needs.wake_at is not None, "a stuck execution"
                self.wait(needs.wake_at)
        assert self.is_over, "an execution that is served ends"
        assert not todo(self.plan, self.state, self.now).runs


def begun(plan: Plan, **ended: Outcome) -> Life:
    """An execution of which these steps ran, each once it could, in this order."""
    life = Life(plan, None)
    for key, outcome in ended.items():
        life.start()
        life.finish(StepId(key), outcome)
    return life


def keys(life: Life) -> list[str]:
    """What is to run now."""
    return [effect.key for effect in todo(life.plan, life.state, life.now, life.underway).runs]
