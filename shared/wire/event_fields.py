"""The fields of an event as its publisher gave them, each checked when it is asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from shared.domain.ids import EnvironmentId, is_of_trigger
from shared.wire.strict_json import JsonLimits, invalid


class EventFault(StrEnum):
    """Why a record is no event, beside the faults of its JSON (``strict_json.JsonFault``)."""

    EMPTY = "EMPTY"
    NOT_AN_OBJECT = "NOT_AN_OBJECT"
    MISSING_TYPE = "MISSING_TYPE"
    WRONG_TYPE = "WRONG_TYPE"
    TOO_LONG = "TOO_LONG"
    BAD_ENVIRONMENT = "BAD_ENVIRONMENT"
    BAD_TIME = "BAD_TIME"
    BAD_ATTRIBUTE = "BAD_ATTRIBUTE"
    RESERVED_SOURCE = "RESERVED_SOURCE"
    UNSUPPORTED_VERSION = "UNSUPPORTED_VERSION"
    UNSUPPORTED_CONTENT = "UNSUPPORTED_CONTENT"


RESERVED: Final = "Only Turnout starts workflows as their triggers do: name another source."
"""What is wrong with a source that is ``RESERVED_SOURCE``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventLimits(JsonLimits):
    """``id_bytes_max`` bounds id, type, source and subject, each."""

    id_bytes_max: int = 256


# What Event holds apart from its attributes, and what only we may say.
NOT_ATTRIBUTES = frozenset(
    (
        *("specversion", "id", "source", "type", "time", "subject", "environmentid"),
        *("data", "data_base64", "datacontenttype", "turnoutkey", "receivedat"),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """A record under CloudEvents' names; ``places`` tells where the publisher put them."""

    values: Mapping[str, Any]
    payload: Any
    places: Mapping[str, str]

    def pointer(self, name: str) -> str:
        return f"/{self.places.get(name, name)}"

    def text(self, name: str, limits: EventLimits) -> str | None:
        value = self.values.get(name)
        if value is None:
            return None
        if not isinstance(value, str) or not value:
            raise invalid(
                self.pointer(name), EventFault.WRONG_TYPE, f"The {name} must be a text, not empty."
            )
        if len(value.encode()) > limits.id_bytes_max:
            raise invalid(
                self.pointer(name),
                EventFault.TOO_LONG,
                f"The {name} must be at most {limits.id_bytes_max} bytes.",
            )
        if name == "source" and is_of_trigger(value):
            raise invalid(self.pointer(name), EventFault.RESERVED_SOURCE, RESERVED)
        return value

    def environment_id(self) -> EnvironmentId | None:
        value = self.values.get("environmentid")
        if value is None:
            return None
        try:
            return EnvironmentId(UUID(value))
        except (ValueError, TypeError, AttributeError):
            raise invalid(
                self.pointer("environmentid"),
                EventFault.BAD_ENVIRONMENT,
                "The environment must be a UUID.",
            ) from None

    def time(self) -> datetime | None:
        value = self.values.get("time")
        if value is None:
            return None
        try:
            at = datetime.fromisoformat(value.upper())
            # Some publishers leave the zone out and mean UTC.
            return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
        except (ValueError, TypeError, AttributeError, OverflowError):
            raise invalid(
                self.pointer("time"),
                EventFault.BAD_TIME,
                "The time must be RFC 3339, such as 2026-11-22T10:00:00Z.",
            ) from None

    def attributes(self) -> dict[str, Any]:
        return {
            name: value
            for name, value in self.values.items()
            if name not in NOT_ATTRIBUTES and value is not None
        }
