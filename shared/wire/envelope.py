"""The envelope of every record: CloudEvents 1.0 in JSON.

Numbers are JSON's: an integer beyond 64 bits is read as the nearest double, as JavaScript would.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import orjson

CLOUD_EVENT: Final = "application/cloudevents+json"
HEADERS: Final = (("content-type", CLOUD_EVENT.encode()),)
"""The headers of a record in the JSON format."""


def dumps(value: Any) -> bytes:
    """JSON in UTF-8."""
    return orjson.dumps(value, option=orjson.OPT_UTC_Z)


def stamp(at: datetime) -> str:
    """RFC 3339 in UTC with microseconds: ``2026-11-22T01:02:03.000004Z``."""
    # At a quarter of isoformat's price; orjson leaves microseconds out where there are none.
    utc = at if at.tzinfo is UTC else at.astimezone(UTC)
    text = orjson.dumps(utc, option=orjson.OPT_UTC_Z)[1:-1].decode()
    return text if at.microsecond else f"{text[:-1]}.000000Z"


def stamped(at: datetime | None) -> str | None:
    """As ``stamp``, of a time that may be none."""
    return None if at is None else stamp(at)


_NONE: Final[Mapping[str, Any]] = {}


def envelope(
    *,
    record_id: str,
    kind: str,
    source: str,
    subject: str,
    time: str,
    data: Any,
    attributes: Mapping[str, Any] = _NONE,
) -> bytes:
    """A record of our own making, as CloudEvents' JSON format writes it.

    ``attributes`` are extension attributes.
    """
    return dumps(
        {
            "specversion": "1.0",
            "id": record_id,
            "source": source,
            "type": kind,
            "subject": subject,
            "time": time,
            "datacontenttype": "application/json",
            **attributes,
            "data": data,
        }
    )
