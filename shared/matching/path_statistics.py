"""What observed events have at paths: how many have something, and of which types."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from shared.domain.ids import EventKey

A: Final[Mapping[str, str]] = MappingProxyType(
    {
        "null": "null",
        "boolean": "true or false",
        "number": "a number",
        "string": "a text",
        "array": "a list",
        "object": "an object",
    }
)
"""Each type in words."""


@dataclass(slots=True)
class Sighting:
    """What was seen at one path.

    ``looked_at`` are the events, ``present`` those that have something there; ``types`` says how
    many of these have which type. Of each type, and of absence, one event is kept: the first.
    """

    looked_at: int = 0
    present: int = 0
    types: Counter[str] = field(default_factory=Counter)
    samples: dict[str, EventKey] = field(default_factory=dict)
    absent: EventKey | None = None

    def add(self, key: EventKey, values: Sequence[Any]) -> None:
        """Count an event with these values at the path; several are a list, none is nothing."""
        self.looked_at += 1
        if not values:
            self.absent = self.absent or key
            return
        self.present += 1
        kind = "array" if len(values) > 1 else type_of(values[0])
        self.types[kind] += 1
        self.samples.setdefault(kind, key)

    @property
    def missing(self) -> int:
        """How many have nothing there."""
        return self.looked_at - self.present

    @property
    def share(self) -> str:
        """How many have something there, in words."""
        return f"{100 * self.present / max(self.looked_at, 1):.0f} %"


def type_of(value: Any) -> str:
    """The JSON type of a value."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string"
        case list() | tuple():
            return "array"
        case _:
            return "object"
