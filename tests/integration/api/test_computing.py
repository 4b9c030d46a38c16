"""What one environment has computed neither stalls the API nor keeps another waiting."""

import asyncio
from dataclasses import replace
from typing import Any, Final

import pytest
import pytest_asyncio

from services.api.resources import ApiResources
from services.api.workflows import foresee
from shared.domain.principals import Scope
from shared.runtime.clock import SystemClock
from tests.contract.hostile_costs import STALL_S_MAX, Watch
from tests.integration.api.asking import OPERATOR, Asker
from tests.integration.api.conftest import Serve

AT_ONCE: Final = 12
LONG_S: Final = 100.0
HOSTILE: Final = "$contains(payload.a & '!', /^(a|a)*$/)"
"""Takes all the time that an input may."""

EVENT: Final = {"event": "order:created", "payload": {"a": "a" * 40}}


def flow(source: str, steps: int) -> dict[str, Any]:
    """Steps that each compute this."""
    given = {"lang": "jsonata", "src": source}
    return {
        "name": "flow",
        "triggers": [{"event_name": EVENT["event"]}],
        "steps": [{"id": f"s{n}", "action": "transform", "input": given} for n in range(steps)],
    }


class Ahead(SystemClock):
    """May be set ahead, so that what is bounded in time ends."""

    by_s = 0.0

    def monotonic(self) -> float:
        """So much ahead."""
        return super().monotonic() + self.by_s


@pytest_asyncio.fixture
async def resources(resources: ApiResources) -> ApiResources:
    """With a clock that may be set ahead."""
    return replace(resources, clock=Ahead())


async def test_hostile_dry_runs_hold_up_nobody_else(
    serve: Serve, resources: ApiResources, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another environment has its answer before any of them has, and the event loop turns on."""
    clock = resources.clock
    assert isinstance(clock, Ahead)
    monkeypatch.setattr(foresee, "WITHIN_S", LONG_S)
    operator = Asker(await serve(OPERATOR), OPERATOR)
    one = await operator.key([Scope.AUTHOR, Scope.READ], await operator.new_environment("one"))
    other = await operator.key([Scope.AUTHOR, Scope.READ], await operator.new_environment("other"))
    slow = {"event": EVENT, "document": flow(HOSTILE, 50)}
    brief = {"event": EVENT, "document": flow("payload.a", 3)}
    watch = Watch()
    with watch.cost() as cost:
        async with watch.watching():
            hostile = [
                asyncio.ensure_future(one.ask("POST", "/v1/workflows/dry-run", slow))
                for _ in range(AT_ONCE)
            ]
            assert await one.get("/v1/workflows")  # they are at work
            status, _ = await other.ask("POST", "/v1/workflows/dry-run", brief)
            assert status == 200
            assert not any(each.done() for each in hostile)
            clock.by_s = LONG_S
            monkeypatch.setattr(foresee, "WITHIN_S", 0.0)  # of those that have not begun
            refused = {(await each)[0] for each in hostile}
    assert refused <= {400, 503}
    # Half of what twelve at once would have it wait; one evaluation takes 0.15 s.
    assert cost.loop_s < 2 * STALL_S_MAX
