"""What there is to build of, in Thena's words: events, activities, the words of filters."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from services.api.dialects.thena.documents import (
    ThenaActivityDocument,
    ThenaEventDocument,
    ThenaOperatorsDocument,
    ThenaThrottlerDocument,
)
from services.api.dialects.thena.steps import SLEEP_ACTIVITY
from shared.domain.actions import BUILT_IN, RegisteredAction, Throttle
from shared.domain.event_types import EventType
from shared.matching.operators import OPERATORS

SOURCE: Final = "platform_app"
"""Where an event or an activity comes from if nobody has said it."""

OURS: Final[Mapping[str, str]] = MappingProxyType(
    {**BUILT_IN, SLEEP_ACTIVITY: "Wait: for seconds, minutes, hours or days, or until an instant."}
)
"""The activities that nobody has to register."""

CLOCK: Final[Mapping[str, str]] = MappingProxyType(
    {
        "schedule:daily": "Each day at 00:00 UTC.",
        "schedule:weekly": "Each Monday at 00:00 UTC.",
        "cron:custom": "When the cron line in the workflow's metadata.cronExpression is due.",
    }
)
"""The events that the clock says; nobody has to register, or to send, them."""

_LOGICAL: Final[Mapping[str, str]] = MappingProxyType(
    {
        "~and": "Every filter of a list holds.",
        "~or": "One filter of a list holds.",
        "~not": "A filter does not hold.",
    }
)


def render_event(event_type: EventType) -> ThenaEventDocument:
    """A registered type of events."""
    spec = event_type.spec
    return {
        "uid": spec.uid or event_type.name,
        "description": spec.description or "",
        "eventName": event_type.name,
        "eventType": spec.type or event_type.name,
        "source": spec.source or SOURCE,
        "schema": _object(spec.json_schema),
        "metadata": spec.metadata or {},
    }


def unregistered_event(said: str) -> ThenaEventDocument:
    """An event that nobody has registered, by what a document calls it."""
    return {
        "uid": said,
        "description": CLOCK.get(said, ""),
        "eventName": said,
        "eventType": said,
        "source": SOURCE,
        "schema": {},
        "metadata": {},
    }


def render_activity(action: RegisteredAction) -> ThenaActivityDocument:
    """A registered action."""
    spec = action.spec
    return {
        **built_in_activity(action.name, spec.description or ""),
        "version": action.version,
        "source": spec.source or SOURCE,
        "requestSchema": _object(spec.input_schema),
        "responseSchema": _object(spec.output_schema),
        "throttler": _throttler(spec.throttle),
        "metadata": spec.metadata or {},
    }


def built_in_activity(name: str, description: str) -> ThenaActivityDocument:
    """One of ``OURS``."""
    return {
        "uid": name,
        "name": name,
        "uniqueIdentifier": name,
        "version": 1,
        "source": SOURCE,
        "description": description,
        "requestSchema": {},
        "responseSchema": {},
        "throttler": None,
        "metadata": {},
    }


def render_operators() -> ThenaOperatorsDocument:
    """Every word of filters."""
    return {
        "filterOperators": [
            {"name": name, "description": f"Takes {operator.takes}."}
            for name, operator in OPERATORS.items()
        ],
        "logicalOperators": [
            {"name": name, "description": said} for name, said in _LOGICAL.items()
        ],
    }


def _throttler(throttle: Throttle | None) -> ThenaThrottlerDocument | None:
    if throttle is None:
        return None
    key = throttle.key
    return {
        "ttl": throttle.ttl_s,
        "limit": throttle.limit,
        "key": key.src if key is not None and isinstance(key.src, str) else None,
        "enabled": throttle.enabled,
    }


def _object(schema: dict[str, Any] | bool | None) -> dict[str, Any]:  # noqa: FBT001 - a JSON Schema
    return schema if isinstance(schema, dict) else {}
