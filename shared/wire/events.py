"""An accepted event as a record: on ``triggers``, in the archive, and inside start commands."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shared.domain.errors import Defect
from shared.domain.events import Event
from shared.domain.ids import EnvironmentId, EventKey, known_uuid, read_uuid
from shared.wire.envelope import dumps, stamp

_OUR_FIELDS = frozenset(
    (
        *("specversion", "id", "source", "type", "time", "datacontenttype", "subject", "data"),
        *("environmentid", "turnoutkey", "receivedat"),
    )
)


def encode_event(event: Event) -> bytes:
    """The record on ``triggers``, and the one archived."""
    return dumps(event_record(event))


def event_record(event: Event) -> dict[str, Any]:
    """What ``encode_event`` writes, as a document."""
    record = {
        **event.attributes,
        "specversion": "1.0",
        "id": event.id,
        "source": event.source,
        "type": event.type,
        "time": stamp(event.time or event.received_at),
        "datacontenttype": "application/json",
        "environmentid": str(event.environment_id),
        "turnoutkey": str(event.key),
        "receivedat": stamp(event.received_at),
        "data": event.payload,
    }
    if event.subject is not None:
        record["subject"] = event.subject
    return record


def decode_event(record: Mapping[str, Any]) -> Event:
    """An event that ``encode_event`` wrote. Raises Defect on any other record."""
    try:
        return Event(
            key=EventKey(read_uuid(record["turnoutkey"])),
            environment_id=EnvironmentId(known_uuid(record["environmentid"])),
            type=record["type"],
            source=record["source"],
            id=record["id"],
            received_at=datetime.fromisoformat(record["receivedat"]),
            time=datetime.fromisoformat(record["time"]),
            subject=record.get("subject"),
            payload=record["data"],
            attributes={}
            if record.keys() <= _OUR_FIELDS
            else {k: v for k, v in record.items() if k not in _OUR_FIELDS},
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Defect(f"Not an event as trigger-ingest writes them: {error!r}") from error
