"""The workflow that is measured, and the events that start it."""

from collections.abc import Sequence
from typing import Any, Final

import orjson

EVENT: Final = "order:placed"
WORKFLOW: Final[dict[str, Any]] = {
    "name": "benchmark",
    "triggers": [{"event_name": EVENT}],
    "run_if": "payload.total >= 18",
    "steps": [
        {
            "id": "first",
            "action": "transform",
            "input": {"lang": "jsonata", "src": "{'id': payload.id, 'total': payload.total * 2}"},
        }
    ],
}


def event_record(event_id: str, event: str = EVENT) -> bytes:
    """An event of about 300 bytes that starts the workflow; its step gives back the id."""
    return orjson.dumps(
        {
            "id": event_id,
            "event": event,
            "payload": {
                "id": event_id,
                "total": 42,
                "customer": {"name": "Ada Lovelace", "country": "GB", "since": "1843-09-01"},
                "lines": [
                    {"sku": "TURNOUT-1", "count": 2, "price": 12.5},
                    {"sku": "TURNOUT-2", "count": 1, "price": 17},
                ],
                "note": "to be delivered at the back door",
            },
        }
    )


def event_ids(prefix: str, count: int) -> Sequence[str]:
    """Distinct ids."""
    return [f"{prefix}-{number}" for number in range(count)]
