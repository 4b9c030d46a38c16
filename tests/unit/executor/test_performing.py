"""An attempt under way can be broken off at any moment, also when nothing is left to break off."""

import asyncio
from datetime import UTC, datetime

import pytest

from services.executor.runs import Performing
from shared.domain.ids import StepId
from shared.domain.readiness import RunStep
from shared.domain.steps import Step


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
