"""An event that a step publishes is one that ingest takes, or the step fails."""

from collections.abc import Sequence
from typing import Any, cast

import orjson
import pytest

from services.executor.actions.emit_event import EmitEvent
from shared.bus.protocol import Bus, Record
from shared.domain.ids import DEFAULT_ENVIRONMENT
from shared.domain.outcomes import Completed, ErrorKind, Failed, Outcome
from shared.wire.intake import EventLimits, read_event
from tests.unit.executor.calls import NOW, call

MOST = EventLimits()


class Published:
    """Keeps what is published: all that the action asks of a bus."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    async def publish(self, records: Sequence[Record]) -> None:
        self.records += records


async def emitted(payload: Any, **more: Any) -> tuple[Outcome, list[Record]]:
    """How a step ends that is given this, and what was published."""
    bus = Published()
    act = EmitEvent(cast("Bus", bus), "turnout.events", depth_max=16, limits=MOST)
    return await act(call({"type": "a:b", "payload": payload, **more})), bus.records


def nested(levels: int) -> Any:
    """Arrays in arrays."""
    return orjson.loads(b"[" * levels + b"]" * levels)


@pytest.mark.parametrize(
    ("payload", "more", "kind"),
    [
        ("x" * 300_000, {}, ErrorKind.TOO_LARGE),
        (nested(64), {}, ErrorKind.TOO_LARGE),
        ({str(n): n for n in range(10_000)}, {}, ErrorKind.TOO_LARGE),
        (None, {"type": "ё" * 129}, ErrorKind.INVALID_INPUT),
        (None, {"id": "ё" * 129}, ErrorKind.INVALID_INPUT),
        (["\0"], {}, ErrorKind.INVALID_INPUT),
    ],
)
async def test_what_ingest_would_bury_fails_the_step(
    payload: Any, more: dict[str, Any], kind: ErrorKind
) -> None:
    """And nothing is published."""
    outcome, records = await emitted(payload, **more)
    assert isinstance(outcome, Failed)
    assert (outcome.error.kind, outcome.error.retryable, records) == (kind, False, [])


async def test_the_largest_that_ingest_takes_is_published() -> None:
    """To the byte, and it is read as what was given."""
    _, [record] = await emitted("")
    payload = "x" * (MOST.body_bytes_max - len(record.value or b""))
    outcome, [record] = await emitted(payload)
    assert isinstance(outcome, Completed)
    event = read_event(
        record.value,
        record.headers,
        fallback_id="none",
        default_source="none",
        default_environment=DEFAULT_ENVIRONMENT,
        received_at=NOW,
        limits=MOST,
    )
    assert (event.type, event.payload, event.id) == ("a:b", payload, outcome.output["id"])
    outcome, records = await emitted(payload + "x")
    assert isinstance(outcome, Failed)
    assert not records
