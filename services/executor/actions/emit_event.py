"""``emit_event``: publishes an event to the source topic, where it may start other workflows."""

from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.executor.actions.answers import failed
from services.executor.actions.http_request import in_words
from services.executor.call import Call
from shared.bus.protocol import Bus, Record
from shared.domain.errors import Invalid
from shared.domain.outcomes import Completed, ErrorKind, Outcome
from shared.wire.envelope import HEADERS, stamp
from shared.wire.intake import EventLimits, write_event
from shared.wire.strict_json import JsonFault

_TOO_MUCH: Final = frozenset({JsonFault.TOO_LARGE, JsonFault.TOO_DEEP, JsonFault.TOO_MANY_KEYS})


class EmitInput(BaseModel):
    """The event. Without an ``id`` it gets one that is the same for each attempt."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: str = Field(min_length=1, max_length=256)
    payload: Any = None
    subject: str | None = Field(default=None, max_length=256)
    id: str | None = Field(default=None, min_length=1, max_length=256)


class EmitEvent:
    """The action. Events that cause events stop after ``depth_max``."""

    def __init__(self, bus: Bus, topic: str, *, depth_max: int, limits: EventLimits) -> None:
        self._bus = bus
        self._topic = topic
        self._depth_max = depth_max
        self._limits = limits

    async def __call__(self, call: Call) -> Outcome:
        try:
            given = EmitInput.model_validate(call.input)
        except ValidationError as error:
            return failed(ErrorKind.INVALID_INPUT, in_words(error))
        depth = call.origin.cause.depth + 1
        if depth > self._depth_max:
            return failed(
                ErrorKind.REFUSED,
                f"Loop guard: this event would be the {depth}th caused by an event.",
            )
        event = _event(given, call)
        try:
            value = write_event(event, self._limits)
        except Invalid as error:
            is_too_much = error.problems[0].code in _TOO_MUCH
            kind = ErrorKind.TOO_LARGE if is_too_much else ErrorKind.INVALID_INPUT
            return failed(kind, f"This is no event: {error.message}")
        key = (given.subject or event["id"]).encode()
        await self._bus.publish([Record(topic=self._topic, key=key, value=value, headers=HEADERS)])
        return Completed(output={"id": event["id"], "source": event["source"]})


def _event(given: EmitInput, call: Call) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": given.id or call.idempotency_key,
        "source": f"/turnout/workflows/{call.origin.workflow_id}",
        "type": given.type,
        "time": stamp(call.now),
        "datacontenttype": "application/json",
        "environmentid": str(call.origin.environment_id),
        "causationid": str(call.origin.execution_id),
        **call.origin.chain,
        "data": given.payload,
        **({"subject": given.subject} if given.subject else {}),
    }
