"""Next states: whatever happens to whatever workflow, the laws of executions hold."""

from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from shared.domain import decide
from shared.domain.executions import Status
from shared.domain.plans import Plan
from shared.domain.signals import Answer, Beat, Resume, Signal, Suspend
from tests.unit.domain.graphs import plans
from tests.unit.domain.happenings import FINAL, answers, misled, outcomes
from tests.unit.domain.life import START, Life

picks = st.integers(0, 9)


class Lives(RuleBasedStateMachine):
    """Steps begin and end, people and time answer, and things go wrong, in any order."""

    life: Life
    heard: list[Answer]

    @initialize(plan=plans, expires_s=st.sampled_from([None, None, 60.0]))
    def begins(self, plan: Plan, expires_s: float | None) -> None:
        expires_at = None if expires_s is None else START + timedelta(seconds=expires_s)
        self.life, self.heard = Life(plan, expires_at), []

    @precondition(lambda self: not self.life.is_over)
    @rule(count=st.integers(1, 4))
    def steps_begin(self, count: int) -> None:
        self.life.start(count)

    @precondition(lambda self: not self.life.is_over)
    @rule(count=st.integers(1, 4), which=picks, how=picks)
    def steps_begin_and_one_ends(self, count: int, which: int, how: int) -> None:
        self.life.start(count)
        if self.life.underway:
            self.a_step_ends(which, how, 0.0)

    @precondition(lambda self: self.life.underway)
    @rule(which=picks, how=picks, chance=st.sampled_from([0.0, 0.999]))
    def a_step_ends(self, which: int, how: int, chance: float) -> None:
        keys = sorted(self.life.underway)
        key = keys[which % len(keys)]
        ways = outcomes(self.life.underway[key].effect, self.life.now)
        self.life.finish(key, ways[how % len(ways)], chance)

    @precondition(lambda self: self.life.waiting)
    @rule(which=picks, how=picks)
    def an_answer_comes(self, which: int, how: int) -> None:
        waiting = self.life.waiting[which % len(self.life.waiting)]
        ways = answers(waiting, self.life.now)
        if not ways:
            return
        signal = ways[how % len(ways)]
        wrong = misled(signal, which)
        assert not self.life.hear(wrong)
        assert self.life.hear(signal) or isinstance(signal, Beat)
        self.heard.append(signal)

    @precondition(lambda self: self.heard)
    @rule(which=picks)
    def an_answer_comes_again(self, which: int) -> None:
        signal = self.heard[which % len(self.heard)]
        assert not self.life.hear(signal) or isinstance(signal, Beat)

    @precondition(lambda self: not self.life.is_over)
    @rule(seconds=st.sampled_from([0.0, 1.0, 10.0, 40.0, 90_000.0]))
    def time_passes(self, seconds: float) -> None:
        self.life.wait(self.life.now + timedelta(seconds=seconds))

    @rule(signal=st.sampled_from([Resume(), Resume(), Suspend()]))
    def somebody_steers(self, signal: Signal) -> None:
        state = self.life.state
        may = not (state.status.is_terminal or state.failing)
        changes = state.is_suspended == isinstance(signal, Resume)
        assert self.life.hear(signal) == (may and changes)

    @rule()
    def the_process_crashes(self) -> None:
        self.life.crash()

    @rule(chance=st.integers(0, 14))
    def somebody_cancels(self, chance: int) -> None:
        if chance == 0:
            self.life.cancel()

    @precondition(lambda self: not (self.life.is_over or self.life.state.failing))
    @rule(chance=st.integers(0, 19))
    def it_cannot_go_on(self, chance: int) -> None:
        if chance == 0:
            life = self.life
            life.underway = {}
            life.take(decide.fail(life.plan, life.state, FINAL, now=life.now))
            assert life.state.status is Status.FAILED
            assert life.state.error == FINAL

    def teardown(self) -> None:
        if hasattr(self, "life"):
            self.life.complete()


TestLives = Lives.TestCase
TestLives.settings = settings(max_examples=150, stateful_step_count=25, deadline=None)
