"""An attempt under way can be broken off at any moment, also when nothing is left to break off."""

import asyncio
from datetime import UTC, datetime

import pytest

from services.executor import lanes
from services.executor.in_turn import InTurn
from services.executor.lanes import Lanes
from services.executor.runs import Performing
from shared.domain.ids import StepId
from shared.domain.readiness import RunStep
from shared.domain.steps import Step
from shared.runtime.clock import SystemClock


def performing() -> Performing:
    """An attempt that has begun."""
    effect = RunStep(step=Step(id="a", action="transform"), key=StepId("a"), attempt=1)
    return Performing(effect=effect, started_at=datetime(2026, 11, 22, tzinfo=UTC))


async def carry_out(attempt: Performing) -> None:
    """As the executor does."""
    async with asyncio.timeout(60) as attempt.timeout:
        await asyncio.Event().wait()


async def test_an_attempt_under_way_is_broken_off() -> None:
    """Its timeout comes at once."""
    attempt = performing()
    task = asyncio.create_task(carry_out(attempt))
    await asyncio.sleep(0)
    attempt.break_off()
    with pytest.raises(TimeoutError):
        await task


async def test_an_attempt_that_was_cancelled_may_be_broken_off_as_well() -> None:
    """A cancellation may be heard while all attempts are being given up: that is no error."""
    attempt = performing()
    task = asyncio.create_task(carry_out(attempt))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    attempt.break_off()
    assert attempt.is_broken


class Line:
    """An attempt whose parts wait in a lane that is served when a test says so."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.attempt = performing()
        self.computed = 0
        self.lanes = Lanes(SystemClock(), slow=lambda *_: None)
        self._patch = monkeypatch
        monkeypatch.setattr(Lanes, "is_free", lambda *_: False)
        monkeypatch.setattr(lanes, "STRETCH_S", 0.0)

    async def perform(
        self,
        within_s: float | None,
        after: asyncio.Event | None = None,
        *,
        has_sent: bool = False,
    ) -> str:
        """Compute a part within an attempt that may take so long."""
        in_turn = InTurn("a", self.attempt, self.lanes)
        try:
            async with asyncio.timeout(within_s) as self.attempt.timeout:
                await in_turn(self._compute, has_sent=has_sent)
                if after is not None:
                    await after.wait()
        except TimeoutError:
            return "broken off" if self.attempt.is_broken else "timed out"
        return "done"

    def serve(self) -> None:
        """From now on lanes are served."""
        self._patch.undo()
        self.lanes.line_up("b", lambda _: None)

    def _compute(self) -> None:
        self.computed += 1


async def times_over(seconds: float) -> None:
    """Return when a timeout of so long, begun now, has come."""
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(seconds):
            await asyncio.Event().wait()


async def test_the_time_of_an_attempt_stands_still_in_the_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It goes on afterwards with what was left."""
    line, late, after = Line(monkeypatch), Line(monkeypatch), asyncio.Event()
    done = asyncio.create_task(line.perform(1.0, after=after))
    never = asyncio.create_task(late.perform(0.05, after=asyncio.Event()))
    await times_over(1.5)
    assert not done.done()
    assert not never.done()
    assert line.attempt.is_in_line
    line.serve()
    late.serve()
    assert await never == "timed out"
    after.set()
    assert await done == "done"
    assert (line.computed, line.attempt.is_in_line) == (1, False)


async def test_an_attempt_is_broken_off_in_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """At once, and nothing of it is computed."""
    line = Line(monkeypatch)
    task = asyncio.create_task(line.perform(None))
    await asyncio.sleep(0)
    line.attempt.break_off()
    assert await task == "broken off"
    line.serve()
    await asyncio.sleep(0)
    assert line.computed == 0


async def test_an_attempt_is_broken_off_as_its_turn_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not go on, although its part is computed: its limit does not come back either."""
    line, after = Line(monkeypatch), asyncio.Event()
    task = asyncio.create_task(line.perform(60, after=after))
    await asyncio.sleep(0)
    breaking = asyncio.create_task(line.lanes.take("a", lambda _: line.attempt.break_off()))
    await asyncio.sleep(0)
    line.serve()
    await breaking
    assert await task == "broken off"
    assert line.computed == 1


@pytest.mark.parametrize(("has_sent", "said"), [(True, "done"), (False, "broken off")])
async def test_at_the_end_of_its_partition_what_was_answered_keeps_its_place(
    monkeypatch: pytest.MonkeyPatch, *, has_sent: bool, said: str
) -> None:
    """Broken off, it would be sent once more. What was not sent is left to the next owner."""
    line = Line(monkeypatch)
    task = asyncio.create_task(line.perform(None, has_sent=has_sent))
    await asyncio.sleep(0)
    line.attempt.step_back()
    line.serve()
    assert await task == said


@pytest.mark.parametrize(("has_sent", "said"), [(True, "done"), (False, "broken off")])
async def test_after_the_end_of_its_partition_only_what_was_answered_lines_up(
    monkeypatch: pytest.MonkeyPatch, *, has_sent: bool, said: str
) -> None:
    """Who was about to send would send when the grace is nearly over; else it waited in vain."""
    line = Line(monkeypatch)
    line.attempt.step_back()
    task = asyncio.create_task(line.perform(None, has_sent=has_sent))
    await asyncio.sleep(0)
    assert line.lanes.waiting() == ({"a": 1} if has_sent else {})
    line.serve()
    assert await task == said
    assert line.computed == has_sent


async def test_what_was_answered_comes_before_what_is_to_be_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What a process has heard and not written down is lost with it."""
    line = Line(monkeypatch)
    sending = [line.lanes.line_up("a", lambda _: line.computed) for _ in range(2)]
    task = asyncio.create_task(line.perform(None, has_sent=True))
    await asyncio.sleep(0)
    line.serve()
    assert await asyncio.gather(task, *sending) == ["done", 1, 1]


async def test_an_attempt_that_was_broken_off_does_not_line_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its time would stand still: it would hear of its end when its turn comes."""
    line = Line(monkeypatch)
    line.attempt.is_broken = True
    task = asyncio.create_task(line.perform(None))
    await asyncio.sleep(0)
    assert line.lanes.waiting() == {}
    assert await task == "broken off"
    assert line.computed == 0
