"""How long a receiver asks to be left alone."""

from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime


def retry_after_s(headers: Mapping[str, str], answered_at: datetime) -> float | None:
    """RFC 9110 ``Retry-After``: seconds, or a date, from when the answer came; None: nothing said.

    A date may be beyond all calendars. ``headers`` have small letters.
    """
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        return max(0.0, (parsedate_to_datetime(value) - answered_at).total_seconds())
    except (TypeError, ValueError, OverflowError):
        return None
