"""Lanes of an executor that are served when a test says so."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from services.executor import lanes
from services.executor.lanes import Lanes
from tests.support.works import Works, start, transform, workflow


@contextmanager
def nobody_served() -> Iterator[pytest.MonkeyPatch]:
    """Whoever computes lines up, and stays in the line."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lanes, "STRETCH_S", 0.0)
        patch.setattr(Lanes, "is_free", lambda *_: False)
        yield patch


async def go_on(works: Works) -> None:
    """Wake the line: one that is served again looks when something joins it."""
    await start(works, await works.register(workflow(transform("poke", "1"))))


def waiting(works: Works) -> float:
    """How much has lined up."""
    return works.metric("turnout_computing_waiting")
