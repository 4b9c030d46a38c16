"""What iterators come to: how large it may get."""

from datetime import timedelta
from typing import Any

import pytest

from shared.domain.executions import AttemptStatus, Status
from shared.domain.ids import StepId, item_key
from shared.domain.outcomes import Completed, ErrorKind, Parked, Wait, WaitKind
from tests.unit.domain.graphs import flow, step
from tests.unit.domain.life import START, Life, begun, keys

A = StepId("a")


def _iterating(count: int) -> Life:
    """An iterator of so many items, one after another, that goes through them."""
    loop = {"items": {}, "body": {"action": "transform"}, "concurrency": 1}
    items = Wait(kind=WaitKind.ITEMS, data={"items": list(range(count))})
    iterator = step("a", kind="iterator", action=None, iterator=loop, on_failure="continue")
    return begun(flow(iterator, step("b")), a=Parked(wait=items))


def _gone_through(count: int, output: Any) -> Life:
    """An iterator of so many items that each give ``output``, as far as it goes."""
    life = _iterating(count)
    for index in range(count):
        life.start()
        if A not in life.state.settled:
            life.finish(item_key(A, index), Completed(output=output))
    return life


def _nested(depth: int) -> Any:
    return [_nested(depth - 1)] if depth else []


@pytest.mark.parametrize(
    ("count", "output", "begun_items", "kind"),
    [
        (2, "x" * 262_140, 2, None),
        (4, "x" * 262_141, 2, ErrorKind.TOO_LARGE),
        (40, "x" * 15_000, 40, ErrorKind.TOO_LARGE),
        (34, "x" * 15_000, 34, None),
        (1, _nested(253), 1, ErrorKind.UNFIT),
    ],
)
def test_a_list_of_outputs_is_an_output(
    count: int, output: Any, begun_items: int, kind: ErrorKind | None
) -> None:
    """It may be as large as others; large items end it early, small ones once all are there."""
    life = _gone_through(count, output)
    ended = life.state.settled[A]
    assert (None if ended.error is None else ended.error.kind) is kind
    assert ended.status is (AttemptStatus.FAILED if kind else AttemptStatus.COMPLETED)
    assert sum(key.startswith("a[") for key in life.state.settled) == begun_items


def test_an_item_that_has_room_now_runs() -> None:
    """Its execution is RUNNING, though no other item may begin."""
    life = _iterating(3)
    until = START + timedelta(seconds=5)
    held = Wait(kind=WaitKind.THROTTLE, data={"until": until.isoformat()})
    life.start()
    life.finish(item_key(A, 0), Parked(wait=held, wake_at=until))
    assert (life.state.status, keys(life)) == (Status.WAITING, [])
    life.wait(until)
    assert (life.state.status, keys(life)) == (Status.RUNNING, ["a[0]"])
