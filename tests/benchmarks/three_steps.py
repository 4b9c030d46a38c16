"""The job of ``run``, ``scale`` and the peers: three steps, one after another, that do little."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from os import urandom
from typing import Any, Final
from uuid import UUID

import orjson

from shared.domain.events import Event
from shared.domain.ids import DEFAULT_ENVIRONMENT, EventKey, ExecutionId, WorkflowId
from shared.wire.commands import encode_start
from shared.wire.events import encode_event
from tests.benchmarks.events import EVENT, event_record

STEPS: Final = ("first", "second", "third")
INPUTS: Final[Mapping[str, Sequence[Mapping[str, Any]]]] = {
    "literal": [{"src": {"id": "4711", "number": number}} for number in range(3)],
    "jsonata": [
        {"lang": "jsonata", "src": "{'id': payload.id, 'number': 0}"},
        {"lang": "jsonata", "src": "{'id': payload.id, 'number': steps.first.output.number + 1}"},
        {"lang": "jsonata", "src": "{'id': payload.id, 'number': steps.second.output.number + 1}"},
    ],
}
"""What the steps compute: nothing, or each from the one before."""

_ID: Final = "00000000-0000-4000-8000-00000000aaaa"
_KEY: Final = "00000000-0000-4000-8000-00000000bbbb"


def three_steps(inputs: str, event: str = EVENT) -> Mapping[str, Any]:
    """The workflow that ``event`` starts, with one of ``INPUTS``."""
    steps = [
        {"id": id_, "action": "transform", "input": given}
        for id_, given in zip(STEPS, INPUTS[inputs], strict=True)
    ]
    return {"name": "three-steps", "triggers": [{"event_name": event}], "steps": steps}


def starter(workflow: UUID) -> Callable[[], tuple[bytes, bytes]]:
    """Makes commands that start it; each costs about a microsecond, for only its ids are new."""
    at = datetime.now(UTC)
    execution, workflow_id = ExecutionId(UUID(_ID)), WorkflowId(workflow)
    command = encode_start(execution, workflow_id, 1, event_json(), at)
    marks = _ID.encode(), _KEY.encode()

    def start() -> tuple[bytes, bytes]:
        drawn = urandom(16).hex()
        tail = f"{drawn[8:12]}-5{drawn[13:16]}-9{drawn[17:20]}-{drawn[20:]}"
        id_ = f"{drawn[:8]}-{tail}".encode()
        key = f"{drawn[24:]}-{tail}".encode()
        return id_, command.replace(marks[0], id_).replace(marks[1], key)

    return start


def event_json() -> bytes:
    """The event that starts it, of about 300 bytes of payload, as it stands on ``triggers``."""
    return encode_event(
        Event(
            key=EventKey(UUID(_KEY)),
            environment_id=DEFAULT_ENVIRONMENT,
            type=EVENT,
            source="/benchmark",
            id="4711",
            received_at=datetime.now(UTC),
            payload=orjson.loads(event_record("4711"))["payload"],
        )
    )
