"""Time zones by the names that Luxon takes."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_OFFSET = re.compile(r"utc(?:([+-]\d{1,2})(?::(\d{2}))?)?", re.IGNORECASE)
_AMERICAN = {
    "EST": "Eastern Standard Time",
    "EDT": "Eastern Daylight Time",
    "CST": "Central Standard Time",
    "CDT": "Central Daylight Time",
    "MST": "Mountain Standard Time",
    "MDT": "Mountain Daylight Time",
    "PST": "Pacific Standard Time",
    "PDT": "Pacific Daylight Time",
    "AKST": "Alaska Standard Time",
    "AKDT": "Alaska Daylight Time",
    "HST": "Hawaii-Aleutian Standard Time",
    "UTC": "Coordinated Universal Time",
}
"""The abbreviations that English has; other zones are named by their offsets."""


@dataclass(frozen=True, slots=True)
class Zone:
    """A zone; ``is_fixed`` where its offset never changes."""

    name: str
    rules: tzinfo
    is_fixed: bool

    def offset_min(self, at: datetime) -> int:
        """Minutes ahead of UTC at an instant."""
        offset = at.astimezone(self.rules).utcoffset() or timedelta()
        return round(offset.total_seconds() / 60)

    def is_dst(self, at: datetime) -> bool:
        """Whether summer time holds."""
        return not self.is_fixed and bool(at.astimezone(self.rules).dst())

    def names(self, at: datetime) -> tuple[str, str]:
        """What the offset is called at an instant, short and long."""
        if self.is_fixed:
            return self.name, self.name
        short = at.astimezone(self.rules).tzname() or ""
        if short in _AMERICAN and (
            short == "UTC" or self.name.startswith(("America/", "US/", "Pacific/"))
        ):
            return short, _AMERICAN[short]
        offset = self.offset_min(at)
        hours, minutes = divmod(abs(offset), 60)
        shown = f"{hours}:{minutes:02d}" if minutes else str(hours)
        named = f"GMT{'-' if offset < 0 else '+'}{shown}" if offset else "GMT"
        return named, named


UTC_ZONE = Zone("UTC", UTC, is_fixed=True)
LOCAL_ZONE = Zone("UTC", UTC, is_fixed=False)
"""Where no zone is said; UTC, whatever the machine's."""


def fixed_zone(offset_min: int) -> Zone:
    """The zone of an offset: "UTC+5:30"."""
    if not offset_min:
        return UTC_ZONE
    hours, minutes = divmod(abs(offset_min), 60)
    shown = f"{hours}:{minutes:02d}" if minutes else str(hours)
    name = f"UTC{'-' if offset_min < 0 else '+'}{shown}"
    return Zone(name, timezone(timedelta(minutes=offset_min)), is_fixed=True)


def zone_named(name: Any) -> Zone | None:
    """The zone of a name or of minutes ahead of UTC; None if there is none."""
    if isinstance(name, int | float):
        return fixed_zone(int(name)) if abs(name) < 24 * 60 else None
    if not isinstance(name, str) or name.lower() in ("local", "system", "default"):
        return LOCAL_ZONE if isinstance(name, str) or name is None else None
    if found := _OFFSET.fullmatch(name):
        hours, minutes = int(found[1] or 0), int(found[2] or 0)
        return zone_named(hours * 60 + (-minutes if (found[1] or "").startswith("-") else minutes))
    try:
        return Zone(name, ZoneInfo(name), is_fixed=False)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
