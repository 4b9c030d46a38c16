"""A role that is started again, after what it needs was away."""

import asyncio
import gc
from collections.abc import Iterator
from typing import Self
from weakref import ref

import pytest

from shared.domain.errors import Unavailable
from shared.runtime import roles
from shared.runtime.health import Health
from shared.runtime.roles import keep


class Held:
    """Something that holds itself, as tasks and errors hold each other."""

    itself: Self


@pytest.fixture
def _seldom(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nobody looks for cycles, and pauses are short."""
    monkeypatch.setattr(roles, "PAUSE_FIRST_S", 0.0)
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("_seldom")
async def test_what_a_broken_role_held_is_let_go_before_it_starts_again() -> None:
    """Else each outage would add what was held in it to the memory of the process."""
    stop, left = asyncio.Event(), list[ref[Held]]()

    async def role(stop: asyncio.Event) -> None:
        if left:
            stop.set()
            return
        held = Held()
        held.itself = held
        left.append(ref(held))
        raise Unavailable("Nobody answers.")

    async with asyncio.timeout(60):
        await keep("role", role, Health(), stop=stop)
    assert [held() for held in left] == [None]
