"""What hostile texts cost is seen, wherever in a process it is spent."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest

from services.api.computing import Computing, Work
from shared.domain.ids import DEFAULT_ENVIRONMENT
from tests.contract.hostile_costs import GROWTH_BYTES_MAX, STALL_S_MAX, Cost, Watch

LONG_S = 0.05


def spend() -> None:
    """So long of this thread's on the processor."""
    until_s = time.thread_time() + LONG_S
    while time.thread_time() < until_s:
        pass


def spend_in_parts() -> Work[None]:
    """The same twice, between which others may have their turn."""
    spend()
    yield
    spend()


def hold(count: int) -> None:
    """So many bytes, and let go of them."""
    bytearray(count)


async def on_the_loop(_: Computing) -> None:
    """Nothing else is done meanwhile."""
    spend()


async def beside_it(computing: Computing) -> None:
    """As what is computed is."""
    await computing.run(DEFAULT_ENVIRONMENT, spend_in_parts())


@pytest.mark.parametrize(
    ("work", "where", "elsewhere"),
    [(on_the_loop, "loop_s", "part_s"), (beside_it, "part_s", "loop_s")],
)
async def test_the_longest_stretch_is_told_of_where_it_was(
    work: Callable[[Computing], Awaitable[None]], where: str, elsewhere: str
) -> None:
    """Of the event loop, or of one part beside it, which is not both parts together."""
    watch = Watch()
    async with watch.watching():
        await asyncio.sleep(0)  # it looks from now on
        with watch.cost() as cost:
            await work(watch.computing())
            await asyncio.sleep(0.01)
        with watch.cost() as later:
            await asyncio.sleep(0.01)
    assert LONG_S <= getattr(cost, where) < 2 * LONG_S
    assert getattr(cost, elsewhere) < LONG_S
    assert max(later.loop_s, later.part_s) < LONG_S


def test_growth_is_seen_after_what_was_larger() -> None:
    """What is freed again counts, and what was before does not."""
    watch = Watch()
    hold(3 * GROWTH_BYTES_MAX)
    with watch.cost() as cost:
        hold(2 * GROWTH_BYTES_MAX)
    with watch.cost() as later:
        pass
    assert GROWTH_BYTES_MAX < cost.grown_bytes < 3 * GROWTH_BYTES_MAX
    assert cost.is_too_much
    assert later.grown_bytes < GROWTH_BYTES_MAX


@pytest.mark.parametrize(
    "cost", [Cost(loop_s=STALL_S_MAX), Cost(part_s=STALL_S_MAX), Cost(grown_bytes=GROWTH_BYTES_MAX)]
)
def test_each_cost_alone_is_too_much(cost: Cost) -> None:
    """None makes up for another."""
    assert cost.is_too_much
    assert not Cost().is_too_much
