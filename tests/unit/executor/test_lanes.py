"""No pass of the event loop computes for long, and no environment takes them all."""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection

import pytest

from services.executor.lanes import BRIEF_S, STRETCH_S, Lanes
from tests.support.stopwatch import Stopwatch

SLOW_S = 0.15
"""What a hostile expression may take."""


class Stepping(Stopwatch):
    """It takes ``step_s`` to look at it."""

    step_s = 0.0

    def monotonic(self) -> float:
        self.at_s += self.step_s
        return self.at_s


class Passes:
    """Counts passes of the loop, and notes what is computed in each and when."""

    def __init__(self) -> None:
        self.clock = Stepping()
        self.slow = Counter[str]()
        self.done: list[tuple[str, int, float]] = []
        self.lanes = Lanes(self.clock, slow=self._count)
        self.number = 0
        self._handle = asyncio.get_running_loop().call_soon(self._next)

    def of(self, environment: str) -> list[tuple[int, float]]:
        """The passes and the times in which its work ended."""
        return [(number, at) for name, number, at in self.done if name == environment]

    @property
    def order(self) -> str:
        """Whose work was done, in order."""
        return "".join(name for name, _, _ in self.done)

    def stop(self) -> None:
        """Count no more."""
        self._handle.cancel()

    async def take(self, environment: str, seconds: float) -> None:
        """Have so much computed for an environment."""
        await self.lanes.take(environment, lambda _: self._work(environment, seconds))

    def many(self, environment: str, seconds: float, count: int) -> list[asyncio.Task[None]]:
        """As many that become ready together."""
        return [asyncio.create_task(self.take(environment, seconds)) for _ in range(count)]

    def _work(self, environment: str, seconds: float) -> None:
        self.clock.work(seconds)
        self.done.append((environment, self.number, self.clock.at_s))

    def _count(self, environment: str, seconds: float) -> None:
        self.slow[environment] += round(seconds / SLOW_S)

    def _next(self) -> None:
        self.number += 1
        self._handle = asyncio.get_running_loop().call_soon(self._next)


async def all_of(*groups: list[asyncio.Task[None]]) -> None:
    """Wait for all."""
    await asyncio.gather(*(task for group in groups for task in group))


def others_are(*names: str) -> Callable[[Collection[str]], bool]:
    """There are executions of these beside."""
    return lambda environments: any(name not in environments for name in names)


@pytest.mark.parametrize(
    ("seconds", "at_once"), [(SLOW_S, 1), (STRETCH_S / 10, 10), (STRETCH_S, 1), (1e-7, 1_000)]
)
async def test_a_pass_computes_for_a_stretch(seconds: float, at_once: int) -> None:
    """Of a thousand that become ready together; more only by what a float leaves over."""
    passes = Passes()
    await all_of(passes.many("a", seconds, 1_000))
    a_pass = Counter(number for number, _ in passes.of("a"))
    assert max(a_pass.values()) in {at_once, at_once + 1}
    assert len(passes.done) == 1_000
    assert passes.clock.at_s == pytest.approx(1_000 * seconds)  # nothing waited for nothing
    passes.stop()


async def test_when_all_is_done_it_is_free_again() -> None:
    """Nothing is left behind, neither a lane nor a callback."""
    passes = Passes()
    await all_of(passes.many("a", SLOW_S, 5), passes.many("b", STRETCH_S, 5))
    passes.stop()
    for _ in range(3):
        await asyncio.sleep(0)
    lanes = passes.lanes
    assert (lanes.is_free("a"), lanes.is_free("b"), lanes.is_spent) == (True, True, False)
    assert lanes.waiting() == {}
    assert lanes._next is None  # noqa: SLF001 - what would run for ever is seen nowhere else


async def test_what_is_spent_comes_back_in_the_next_pass() -> None:
    """Who waits for nothing else waits for that."""
    passes = Passes()
    passes.stop()
    await passes.take("a", STRETCH_S)
    assert passes.lanes.is_spent
    await asyncio.sleep(0)
    assert passes.lanes.is_free("a")
    assert not passes.lanes.is_spent


async def test_an_environment_waits_for_one_evaluation_of_another_at_most() -> None:
    """However many the other has lined up; then the other rests as long as its own one took."""
    passes = Passes()
    passes.lanes.rest_for(others_are("a", "b"))
    slow = passes.many("a", SLOW_S, 6)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    before = len(passes.of("a"))
    quick = passes.many("b", BRIEF_S / 20, 20)
    await all_of(quick)
    assert len(passes.of("a")) <= before + 1
    for task in slow:
        task.cancel()
    passes.stop()


async def test_others_have_half_of_the_time_however_many_are_slow() -> None:
    """Who is slow leaves as much time as it took: five of them together, too."""
    passes = Passes()
    passes.lanes.rest_for(others_are("b"))
    names = "cdefg"
    slow = [task for name in names for task in passes.many(name, SLOW_S, 20)]
    for _ in range(10):  # each is known to be slow
        await asyncio.sleep(0)
    began_s, known = passes.clock.at_s, len(passes.done)
    await all_of(passes.many("b", STRETCH_S, 100))
    took_s = passes.clock.at_s - began_s
    took_by_b_s = 100 * STRETCH_S
    assert took_s <= 2 * took_by_b_s + SLOW_S
    meanwhile = [name for name, _, _ in passes.done[known:] if name in names]
    assert len(meanwhile) >= 5, "nor do they starve"
    assert max(Counter(meanwhile).values()) - min(Counter(meanwhile).values()) <= 1
    for task in slow:
        task.cancel()
    passes.stop()


async def test_one_alone_never_rests() -> None:
    """Nobody is there to rest for: each pass has one evaluation, but the first after a start."""
    passes = Passes()
    passes.lanes.rest_for(others_are("a"))
    await all_of(passes.many("a", SLOW_S, 10))
    numbers = [number for number, _ in passes.of("a")]
    assert numbers == list(range(numbers[0], numbers[0] + 10))
    assert passes.slow == {"a": 10}
    passes.stop()


async def test_who_rests_goes_on_when_the_others_have_left() -> None:
    """It looks after a moment, and not only when its rest is over."""
    passes = Passes()
    passes.lanes.rest_for(others_are("b"))
    slow = passes.many("a", 1e6, 2)
    for _ in range(10):  # until it rests
        await asyncio.sleep(0)
    assert (len(passes.done), passes.lanes.waiting()) == (1, {"a": 1})
    passes.lanes.rest_for(others_are())
    await all_of(slow)
    assert len(passes.of("a")) == 2
    passes.stop()


async def test_environments_have_equal_time_and_not_equal_turns() -> None:
    """One whose steps take 9 ms beside one whose take 0.1 ms."""
    passes = Passes()
    await all_of(passes.many("a", 0.009, 50), passes.many("b", 0.0001, 200))
    of_b_s = passes.of("b")[-1][1]
    assert of_b_s <= 4 * 200 * 0.0001, "it had no more to wait than it took"
    passes.stop()


async def test_what_nobody_waits_for_is_not_computed() -> None:
    """The place of a task that is cancelled is passed over."""
    passes = Passes()
    tasks = passes.many("a", SLOW_S, 10)
    await asyncio.sleep(0)
    for task in tasks[3:]:
        task.cancel()
    await all_of(tasks[:3])
    for _ in range(3):
        await asyncio.sleep(0)
    assert len(passes.done) == 3
    passes.stop()


async def test_what_fails_fails_for_itself() -> None:
    """At once and in its turn; the next one is computed."""
    passes = Passes()

    def fails(_: float) -> None:
        passes.clock.work(SLOW_S)
        raise ValueError

    tasks = [asyncio.create_task(passes.lanes.take("a", fails)) for _ in range(2)]
    tasks += passes.many("a", SLOW_S, 1)
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(each) for each in found] == [ValueError, ValueError, type(None)]
    passes.stop()


async def test_work_is_told_how_long_it_may_begin_more() -> None:
    """What is left of the stretch."""
    passes = Passes()
    passes.stop()
    told: list[float] = []

    def work(until_s: float) -> None:
        told.append(until_s - passes.clock.at_s)
        passes.clock.work(STRETCH_S / 4)

    for _ in range(2):
        await passes.lanes.take("a", work)
    assert told == pytest.approx([STRETCH_S, STRETCH_S * 3 / 4])
