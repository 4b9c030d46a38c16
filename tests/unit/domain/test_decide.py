"""Next states: whatever happens, the live state is the fold of the log, and an end is an end."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from shared.domain import decide
from shared.domain.decide import Nothing, RunStep, Transition, WaitUntil
from shared.domain.executions import AttemptStatus, Entry, Phase, State, Status
from shared.domain.ids import WorkflowId
from shared.domain.outcomes import (
    Completed,
    ErrorKind,
    Failed,
    Interrupted,
    Outcome,
    Skipped,
    StepError,
)
from shared.domain.plans import Plan
from shared.domain.workflows import Dialect, OnFailure, Retry, Step

START = datetime(2026, 11, 22, tzinfo=UTC)
ENDS = {Phase.COMPLETED, Phase.FAILED, Phase.CANCELLED}

errors = st.builds(
    StepError,
    kind=st.sampled_from(ErrorKind),
    message=st.text(max_size=5),
    retryable=st.booleans(),
    retry_after_s=st.none() | st.floats(0, 100),
)
outcomes: st.SearchStrategy[Outcome] = st.one_of(
    st.builds(Completed, output=st.integers()),
    st.builds(Skipped),
    st.builds(Failed, error=errors),
)
retries = st.builds(
    Retry,
    max_attempts=st.integers(1, 4),
    initial_interval_s=st.floats(0, 10),
    jitter=st.floats(0, 1),
)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Plans of up to four steps."""
    steps = tuple(
        Step(
            id=f"s{n}",
            action="transform",
            retry=draw(retries),
            on_failure=draw(st.sampled_from(OnFailure)),
        )
        for n in range(draw(st.integers(0, 4)))
    )
    return Plan(
        workflow_id=WorkflowId(UUID(int=1)),
        version=1,
        name="w",
        dialect=Dialect.NATIVE,
        steps=steps,
    )


class Life(RuleBasedStateMachine):
    """One execution, advanced, cancelled and failed at any point."""

    plan: Plan
    state: State
    log: list[Entry]
    now: datetime

    @initialize(plan=plans())
    def begins(self, plan: Plan) -> None:
        self.plan, self.log, self.now = plan, [], START
        self.take(decide.begin(plan))

    def take(self, transition: Transition) -> None:
        self.state = transition.state
        self.log.append(transition.entry)

    @rule(seconds=st.floats(0, 100))
    def time_passes(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    @precondition(lambda self: not self.state.status.is_terminal)
    @rule(outcome=outcomes, chance=st.floats(0, 1, exclude_max=True), took_s=st.floats(0, 5))
    def advances(self, outcome: Outcome, chance: float, took_s: float) -> None:
        match decide.next_effect(self.plan, self.state, self.now):
            case RunStep() as effect:
                self.runs(effect, outcome, chance=chance, took_s=took_s)
            case WaitUntil(at=at):
                assert self.state.status is Status.RETRYING
                assert at > self.now
                self.now = at
            case Nothing():
                raise AssertionError("an execution that has not ended needs something")

    def runs(self, effect: RunStep, outcome: Outcome, *, chance: float, took_s: float) -> None:
        assert effect.step.id not in self.state.settled
        assert self.state.retry_at is None or self.now >= self.state.retry_at
        began, self.now = self.now, self.now + timedelta(seconds=took_s)
        self.take(
            decide.apply(
                self.plan,
                self.state,
                effect,
                outcome,
                started_at=began,
                now=self.now,
                chance=chance,
            )
        )

    @precondition(lambda self: not self.state.status.is_terminal)
    @rule()
    def is_cancelled(self) -> None:
        self.take(decide.cancel(self.state))
        assert self.state.status is Status.CANCELLED

    @precondition(
        lambda self: isinstance(decide.next_effect(self.plan, self.state, self.now), RunStep)
    )
    @rule(took_s=st.floats(0, 5))
    def is_cancelled_in_a_step(self, took_s: float) -> None:
        effect = decide.next_effect(self.plan, self.state, self.now)
        assert isinstance(effect, RunStep)
        self.runs(effect, Interrupted(), chance=0.0, took_s=took_s)
        assert self.state.status is Status.CANCELLED

    @precondition(lambda self: not self.state.status.is_terminal)
    @rule(error=errors)
    def cannot_go_on(self, error: StepError) -> None:
        self.take(decide.fail(self.state, error))
        assert self.state.status is Status.FAILED
        assert self.state.error == error

    @invariant()
    def the_state_is_the_fold_of_the_log(self) -> None:
        for cut in range(len(self.log) + 1):
            start = decide.restore(self.log[:cut])
            rest = start
            for entry in self.log[cut:]:
                rest = decide.absorb(rest, entry)
            assert rest == self.state

    @invariant()
    def positions_have_no_gaps(self) -> None:
        assert [entry.position for entry in self.log] == list(range(1, len(self.log) + 1))

    @invariant()
    def it_ends_once_and_for_all(self) -> None:
        ended = [entry for entry in self.log if ENDS & set(entry.phases)]
        assert len(ended) == int(self.state.status.is_terminal)
        if ended:
            assert ended == self.log[-1:]
            assert decide.next_effect(self.plan, self.state, self.now) == Nothing()
        assert (self.state.retry_at is not None) == (self.state.status is Status.RETRYING)
        assert self.state.error is None or self.state.status is not Status.COMPLETED

    @invariant()
    def each_step_has_its_attempts_in_order_and_in_bounds(self) -> None:
        tries: dict[str, int] = {}
        settled: set[str] = set()
        for attempt in [entry.attempt for entry in self.log if entry.attempt]:
            assert attempt.step_id not in settled
            assert attempt.number == tries.get(attempt.step_id, 0) + 1
            assert (attempt.retry_at is not None) == (attempt.status is AttemptStatus.RETRYING)
            assert attempt.retry_at is None or attempt.retry_at >= attempt.ended_at
            tries[attempt.step_id] = attempt.number
            if attempt.status.settles:
                settled.add(attempt.step_id)
        assert settled == set(self.state.settled)
        assert all(n <= self.plan.by_id[id_].retry.max_attempts for id_, n in tries.items())

    @invariant()
    def completed_means_every_step_is_settled(self) -> None:
        if self.state.status is Status.COMPLETED:
            assert list(self.state.settled) == [step.id for step in self.plan.steps]


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=200, stateful_step_count=20, deadline=None)


def test_an_execution_without_steps_ends_as_it_begins() -> None:
    """Its first entry is also its last."""
    plan = Plan(
        workflow_id=WorkflowId(UUID(int=1)), version=1, name="w", dialect=Dialect.NATIVE, steps=()
    )
    first = decide.begin(plan)
    assert first.state.status is Status.COMPLETED
    assert first.entry.phases == (Phase.CREATED, Phase.STARTED, Phase.COMPLETED)


def test_an_end_other_than_failure_keeps_no_error() -> None:
    """What a step that may fail left behind is not the error of a cancelled execution."""
    error = StepError(kind=ErrorKind.HTTP, message="no")
    step = Step(id="a", action="transform", on_failure=OnFailure.CONTINUE)
    plan = Plan(
        workflow_id=WorkflowId(UUID(int=1)),
        version=1,
        name="w",
        dialect=Dialect.NATIVE,
        steps=(step, Step(id="b", action="transform")),
    )
    failed = decide.apply(
        plan,
        decide.begin(plan).state,
        RunStep(step, 1),
        Failed(error=error),
        started_at=START,
        now=START,
        chance=0.0,
    )
    assert failed.state.status is Status.RUNNING
    assert decide.cancel(failed.state).state.error is None
