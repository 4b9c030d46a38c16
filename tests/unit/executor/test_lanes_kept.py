"""Nothing that has lined up is left behind, and nobody stays before or behind the others."""

import asyncio
from collections import Counter

import pytest

from services.executor.lanes import BRIEF_S, STRETCH_S
from tests.unit.executor.test_lanes import SLOW_S, Passes, all_of, others_are


async def test_who_held_the_loop_once_has_no_more_than_its_share_for_that() -> None:
    """One long piece of work, and then brief ones without an end: others have equal time."""
    passes = Passes()
    passes.lanes.rest_for(others_are("a", "b"))
    await passes.take("a", BRIEF_S * 1.25)
    brief_s = STRETCH_S * 1.2

    async def go_on(environment: str, seconds: float) -> None:
        while True:
            await passes.take(environment, seconds)

    tasks = [asyncio.create_task(go_on("a", brief_s)) for _ in range(20)]
    await asyncio.sleep(0)
    passes.clock.work(1.0)  # it has rested
    for _ in range(3):
        await asyncio.sleep(0)
    tasks += [asyncio.create_task(go_on("b", STRETCH_S / 10)) for _ in range(20)]
    began = len(passes.done)
    for _ in range(5):
        await asyncio.sleep(0)
    assert passes.of("b"), "its turn has come"
    for _ in range(500):
        await asyncio.sleep(0)
    turns = Counter(name for name, _, _ in passes.done[began:])
    of_a_s, of_b_s = turns["a"] * brief_s, turns["b"] * STRETCH_S / 10
    assert of_a_s / 1.5 <= of_b_s <= of_a_s * 1.5
    for task in tasks:
        task.cancel()
    passes.stop()


async def test_a_rest_that_ends_while_it_is_looked_at_is_over() -> None:
    """Between two looks at the clock of the same pass: who has rested is served all the same."""
    passes = Passes()
    passes.stop()
    passes.lanes.rest_for(others_are("b"))
    await passes.take("a", BRIEF_S * 2)
    rest_until_s = passes.clock.at_s + BRIEF_S * 2
    waits = passes.many("a", STRETCH_S / 10, 1)
    for _ in range(5):  # until nothing but the time is waited for
        await asyncio.sleep(0)
    passes.clock.at_s, passes.clock.step_s = rest_until_s - 1.5e-6, 1e-6
    async with asyncio.timeout(10):
        await all_of(waits)


@pytest.mark.parametrize("seconds", [SLOW_S, STRETCH_S * 1.2])
async def test_what_lines_up_while_its_lane_is_served_is_not_lost(seconds: float) -> None:
    """Nor what was in the lane before, which comes first."""
    passes = Passes()
    found: list[asyncio.Future[None]] = []
    order: list[str] = []

    def leads_to_more(_: float) -> None:
        passes.clock.work(seconds)
        order.append("before")
        found.append(passes.lanes.line_up("a", lambda _: order.append("after")))

    await passes.take("a", seconds)
    waiting = [passes.lanes.line_up("a", leads_to_more) for _ in range(3)]
    async with asyncio.timeout(10):
        await asyncio.gather(*waiting)
        await asyncio.gather(*found)
    assert order == ["before"] * 3 + ["after"] * 3
    assert passes.lanes.waiting() == {}
    passes.stop()


async def test_what_is_ahead_is_computed_first() -> None:
    """Before what of its environment has lined up earlier."""
    passes = Passes()
    order: list[int] = []
    futures = [
        passes.lanes.line_up("a", lambda _: order.append(1)),
        passes.lanes.line_up("a", lambda _: order.append(2)),
        passes.lanes.line_up("a", lambda _: order.append(0), is_ahead=True),
    ]
    await asyncio.gather(*futures)
    assert order == [0, 1, 2]
    passes.stop()
