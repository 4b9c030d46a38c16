"""The limits of requests, whatever they are about."""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final
from uuid import UUID

from services.api.events.send_event import SOURCE
from shared.domain.events import Event
from shared.domain.ids import DEFAULT_ENVIRONMENT, EventKey
from shared.wire.events import encode_event
from tests.integration.api.limits import (
    BY_SERVER,
    DAY_S,
    FLOW,
    JSON,
    NOBODY,
    WHOLE,
    Asked,
    Limit,
    event,
    filled,
    sent,
)


def _nested(depth: int) -> bytes:
    return b'{"event":"e","a":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"


_BESIDE: Final = len(
    encode_event(
        Event(
            key=EventKey(UUID(int=0)),
            environment_id=DEFAULT_ENVIRONMENT,
            type="e",
            source=SOURCE,
            id="i",
            received_at=datetime.now(UTC),
            payload="",
        )
    )
)
"""Bytes of an event that says nothing."""

REQUEST_LIMITS: Final[Mapping[str, Limit]] = MappingProxyType(
    {
        "bytes of a request's body, unpacked": Limit(
            most=262_144,
            ask=lambda n: Asked(path="/v1/events", body=b'{"event":"e"}'.ljust(n), headers=JSON),
            refused=WHOLE,
            fits=202,
        ),
        "bytes of a definition": Limit(
            most=262_144,
            ask=lambda n: filled("/v1/workflows", n, {"name": "n"}, "metadata", "x"),
            refused=WHOLE,
        ),
        "levels of objects and arrays in a document": Limit(
            most=64,
            ask=lambda n: Asked(path="/v1/events", body=_nested(n), headers=JSON),
            refused=(400, ""),
            fits=202,
        ),
        "names in a document's objects, all together": Limit(
            most=10_000,
            ask=lambda n: sent(
                f"/v1/workflows/{FLOW}/executions", {"payload": {str(i): 0 for i in range(n - 1)}}
            ),
            refused=(400, ""),
            far=WHOLE,
            fits=202,
        ),
        "bytes of an event, with what is written beside it": Limit(
            most=262_144,
            ask=lambda n: event(id="i", payload="x" * (n - _BESIDE)),
            refused=WHOLE,
            fits=202,
        ),
        "bytes of an event's id, type, source and subject, each": Limit(
            most=256, ask=lambda n: event(id="i" * n), refused=(422, "/id"), fits=202
        ),
        "events in a batch": Limit(
            most=1_000,
            ask=lambda n: sent("/v1/events/batch", [{"event": "e"}] * n),
            refused=WHOLE,
            fits=202,
        ),
        "seconds until an execution expires, as its caller says": Limit(
            most=366 * DAY_S,
            ask=lambda n: sent(f"/v1/workflows/{FLOW}/executions", {"expires_after_s": n}),
            refused=(422, "/expires_after_s"),
            fits=202,
        ),
        "actions that a worker polls for": Limit(
            most=50,
            ask=lambda n: sent("/v1/tasks/poll", {"actions": [f"a{i}" for i in range(n)]}),
            refused=(422, "/actions"),
            fits=200,
        ),
        "characters of a reason": Limit(
            most=1_024,
            ask=lambda n: sent(f"/v1/executions/{NOBODY}/cancel", {"reason": "r" * n}),
            refused=(422, "/reason"),
            fits=404,
        ),
        "things on a page of a list": Limit(
            most=200,
            ask=lambda n: Asked(method="GET", path=f"/v1/workflows?limit={n}"),
            refused=(400, "/query/limit"),
            fits=200,
        ),
        "characters of a parameter of a query": Limit(
            most=1_024,
            ask=lambda n: Asked(method="GET", path=f"/v1/workflows?trigger={'t' * n}"),
            refused=(400, "/query/trigger"),
            far=BY_SERVER,
            fits=200,
        ),
        "characters of an Idempotency-Key": Limit(
            most=256,
            ask=lambda n: Asked(
                path="/v1/events",
                body=b'{"event":"e"}',
                headers={**JSON, "Idempotency-Key": "k" * n},
            ),
            refused=(400, "/headers/Idempotency-Key"),
            far=BY_SERVER,
            fits=202,
        ),
        "bytes of a header": Limit(
            most=8_190,
            ask=lambda n: Asked(method="GET", path="/healthz", headers={"X-Any": "x" * n}),
            refused=BY_SERVER,
            fits=200,
        ),
        "bytes of a path with its query": Limit(
            most=8_190,
            ask=lambda n: Asked(method="GET", path=f"/healthz?{'x' * (n - 9)}"),
            refused=BY_SERVER,
            fits=200,
        ),
        "headers": Limit(
            most=128,
            ask=lambda n: Asked(
                method="GET", path="/healthz", headers={f"X-{i}": "x" for i in range(n - 4)}
            ),
            refused=BY_SERVER,
            fits=200,
        ),
    }
)
