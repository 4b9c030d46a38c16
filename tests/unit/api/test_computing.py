"""What environments have computed beside the event loop, in turn."""

import asyncio
import random
import threading
from collections.abc import Callable
from functools import partial
from itertools import groupby
from uuid import UUID

import pytest

from services.api import computing as module
from services.api.computing import BRIEF_S, STRETCH_S, WAITING_MAX, Computing, Work
from services.api.http.problems import TOO_MUCH_TO_COMPUTE, NotNow
from shared.domain.ids import DEFAULT_ENVIRONMENT, EnvironmentId
from tests.support.eventually import eventually
from tests.support.stopwatch import Stopwatch

OTHER = EnvironmentId(UUID(int=7))
PARTS = 60
A_LOT_S = 0.05
"""More than a part takes that keeps nobody waiting."""


def told(kept: list[str], name: str, parts: int, spend: Callable[[], object]) -> Work[str]:
    """Some parts, each of which is told."""
    for _ in range(parts):
        spend()
        kept.append(name)
        yield
    return name


def resting(rest: Callable[[float, Callable[[], None]], object]) -> Callable[..., object]:
    """A loop's ``call_later`` that has the time that is left to others told to ``rest``."""
    later = asyncio.get_running_loop().call_later

    def called(delay_s: float, then: Callable[..., None], *given: object) -> object:
        # A sleep gives something along.
        return later(delay_s, then, *given) if given else rest(delay_s, then)

    return called


class Held:
    """Something that is computed until it is let go."""

    def __init__(self) -> None:
        self.began = threading.Event()
        self.let_go = threading.Event()

    def __call__(self) -> None:
        self.began.set()
        assert self.let_go.wait(60)


async def test_environments_take_turns_stretch_by_stretch() -> None:
    """However much one asks for, another waits for one stretch at a time."""
    clock, kept = Stopwatch(), list[str]()
    computing = Computing(clock.monotonic)

    def spend() -> None:
        clock.work(BRIEF_S)

    async with asyncio.TaskGroup() as group:
        for name in "abcd":
            work = told(kept, name, PARTS, spend)
            group.create_task(computing.run(DEFAULT_ENVIRONMENT, work))
        group.create_task(computing.run(OTHER, told(kept, "!", PARTS, spend)))
    assert sorted(kept) == sorted("abcd!" * PARTS)
    until = len(kept) - kept[::-1].index("!")
    stretch = round(STRETCH_S / BRIEF_S) + 1
    assert until <= 2 * PARTS + 3 * stretch
    turns = [list(turn) for _, turn in groupby(kept[:until], key=lambda name: name == "!")]
    assert max(map(len, turns)) <= 2 * stretch


async def test_one_thread_computes_at_a_time() -> None:
    """Whoever asks: more would only have the event loop wait for each of them."""
    computing, alone = Computing(), threading.Lock()

    def spend() -> None:
        assert alone.acquire(blocking=False)
        threading.Event().wait(0.001)
        alone.release()

    async with asyncio.TaskGroup() as group:
        for number in range(8):
            work = told([], "", 5, spend)
            group.create_task(computing.run(EnvironmentId(UUID(int=number // 2)), work))


async def test_what_held_the_interpreter_leaves_as_much_time_to_others() -> None:
    """What comes next begins no sooner."""
    clock, began = Stopwatch(), list[float]()
    computing, loop = Computing(clock.monotonic), asyncio.get_running_loop()

    def spend() -> None:
        began.append(loop.time())
        clock.work(A_LOT_S)

    await computing.call(DEFAULT_ENVIRONMENT, spend)
    await computing.call(OTHER, spend)
    assert began[1] - began[0] >= A_LOT_S


async def test_each_stretch_leaves_its_own_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is brief leaves none: it has kept nobody waiting."""
    clock, left = Stopwatch(), list[float]()
    computing, loop = Computing(clock.monotonic), asyncio.get_running_loop()

    def rest(delay_s: float, then: Callable[[], None]) -> None:
        left.append(delay_s)
        loop.call_soon(then)

    monkeypatch.setattr(loop, "call_later", resting(rest))
    for spent_s in (A_LOT_S, BRIEF_S / 2, 2 * A_LOT_S):
        await computing.call(DEFAULT_ENVIRONMENT, partial(clock.work, spent_s))
    await eventually(lambda: len(left) == 3)
    assert left == pytest.approx([A_LOT_S, 0, 2 * A_LOT_S])


async def test_who_came_first_has_its_turn_first() -> None:
    """Of one environment."""
    computing, held, kept = Computing(), Held(), list[int]()
    async with asyncio.TaskGroup() as group:
        group.create_task(computing.call(DEFAULT_ENVIRONMENT, held))
        for number in range(5):
            group.create_task(computing.call(DEFAULT_ENVIRONMENT, partial(kept.append, number)))
        await eventually(held.began.is_set)
        held.let_go.set()
    assert kept == [0, 1, 2, 3, 4]


async def test_only_so_many_of_an_environment_wait() -> None:
    """One more is told when to come again; others still have their turn, and all who waited do."""
    computing, held = Computing(), Held()
    async with asyncio.TaskGroup() as group:
        group.create_task(computing.call(DEFAULT_ENVIRONMENT, held))
        waiting = [
            group.create_task(computing.call(DEFAULT_ENVIRONMENT, lambda: 1))
            for _ in range(WAITING_MAX)
        ]
        await eventually(held.began.is_set)
        with pytest.raises(NotNow) as refused:
            await computing.call(DEFAULT_ENVIRONMENT, lambda: 1)
        assert refused.value.problems[0].code == TOO_MUCH_TO_COMPUTE
        assert int(refused.value.headers["Retry-After"]) > 0
        other = group.create_task(computing.call(OTHER, lambda: 2))
        held.let_go.set()
    assert [task.result() for task in waiting] == [1] * WAITING_MAX
    assert other.result() == 2


async def test_who_leaves_makes_room() -> None:
    """Only those count who still wait."""
    computing, held = Computing(), Held()
    async with asyncio.TaskGroup() as group:
        group.create_task(computing.call(DEFAULT_ENVIRONMENT, held))
        await eventually(held.began.is_set)
        for _ in range(2):
            leaving = [
                asyncio.ensure_future(computing.call(DEFAULT_ENVIRONMENT, lambda: 1))
                for _ in range(WAITING_MAX)
            ]
            await asyncio.sleep(0)
            for task in leaving:
                task.cancel()
            gone = await asyncio.gather(*leaving, return_exceptions=True)
            assert {type(one) for one in gone} == {asyncio.CancelledError}
        held.let_go.set()


async def test_who_leaves_just_then_has_no_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the next one's, though the one that left could not yet tell."""
    loop, passing_on = asyncio.get_running_loop(), list[Callable[[], None]]()
    computing, held = Computing(), Held()
    monkeypatch.setattr(loop, "call_later", resting(lambda _, then: passing_on.append(then)))
    first = asyncio.ensure_future(computing.call(DEFAULT_ENVIRONMENT, held))
    await eventually(held.began.is_set)
    leaving, staying = (
        asyncio.ensure_future(computing.call(DEFAULT_ENVIRONMENT, lambda: 1)) for _ in range(2)
    )
    held.let_go.set()
    await first
    await eventually(lambda: bool(passing_on))
    leaving.cancel()
    passing_on.pop()()
    assert await staying == 1
    assert leaving.cancelled()


async def test_nobody_waits_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whose turn does not come is told so; the place is another's then."""
    monkeypatch.setattr(module, "WAIT_S_MAX", 0.02)
    computing, held = Computing(), Held()
    async with asyncio.TaskGroup() as group:
        group.create_task(computing.call(DEFAULT_ENVIRONMENT, held))
        await eventually(held.began.is_set)
        for _ in range(2):
            with pytest.raises(NotNow):
                await computing.call(OTHER, lambda: 1)
        held.let_go.set()
    monkeypatch.undo()
    assert await computing.call(OTHER, lambda: 2) == 2


async def test_who_leaves_has_the_thread_until_its_stretch_ends() -> None:
    """No second thread computes beside it, and then the turn is the next one's."""
    computing, held = Computing(), Held()
    gone = asyncio.ensure_future(computing.call(DEFAULT_ENVIRONMENT, held))
    await eventually(held.began.is_set)
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    next_one = asyncio.ensure_future(computing.call(OTHER, lambda: 1))
    for _ in range(10):
        await asyncio.sleep(0)
    assert not next_one.done()
    held.let_go.set()
    assert await next_one == 1


@pytest.mark.parametrize("seed", range(20))
async def test_whoever_leaves_takes_no_turn_along(seed: int) -> None:
    """At whatever moment: those who stay are all through."""
    computing, chance = Computing(), random.Random(seed)
    tasks = [
        asyncio.ensure_future(
            computing.run(EnvironmentId(UUID(int=n % 3)), told([], "", 3, lambda: None))
        )
        for n in range(12)
    ]
    leaving = chance.sample(tasks, 8)
    for task in leaving:
        for _ in range(chance.randrange(4)):
            await asyncio.sleep(0)
        task.cancel()
    async with asyncio.timeout(60):
        done = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(done[tasks.index(task)] == "" for task in tasks if task not in leaving)
    assert await computing.call(OTHER, lambda: 1) == 1


async def test_what_fails_fails_for_who_asked() -> None:
    """The next one has its turn."""
    computing = Computing()
    with pytest.raises(ZeroDivisionError):
        await computing.call(DEFAULT_ENVIRONMENT, lambda: 1 // 0)
    assert await computing.call(DEFAULT_ENVIRONMENT, lambda: 1) == 1
