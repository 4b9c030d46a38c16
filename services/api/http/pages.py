"""Pages of lists, and the cursors between them."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

import orjson

from shared.wire.documents.parts import Page
from shared.wire.envelope import dumps, stamp

Place = tuple[datetime, UUID]
"""Where in a list a thing is."""

T = TypeVar("T")
D = TypeVar("D")


def cursor_after(place: Place) -> str:
    """The cursor of the page that follows ``place``."""
    at, id_ = place
    return urlsafe_b64encode(dumps([stamp(at), str(id_)])).decode()


def place_of_cursor(written: Any) -> Place | None:
    """Where the page before ended; None for what is no cursor."""
    try:
        at, id_ = orjson.loads(urlsafe_b64decode(written))
        return datetime.fromisoformat(at).astimezone(UTC), UUID(id_)
    except (ValueError, TypeError, AttributeError, OverflowError):
        return None


def split_page(found: Sequence[T], limit: int) -> tuple[Sequence[T], T | None]:
    """A page, and its last thing if there is more; ``found`` was asked for one more than fit."""
    page = found[:limit]
    return page, page[-1] if len(found) > limit else None


def page_by(
    found: Sequence[T], limit: int, render: Callable[[T], D], cursor: Callable[[T], str | None]
) -> Page[D]:
    """The document of a page, as ``split_page``; ``cursor`` asks for what follows a thing."""
    page, last = split_page(found, limit)
    return {
        "items": [render(each) for each in page],
        "next_cursor": None if last is None else cursor(last),
    }


def page_of(
    found: Sequence[T], limit: int, render: Callable[[T], D], place: Callable[[T], Place]
) -> Page[D]:
    """As ``page_by``, of a list in which a thing is at a ``place``."""
    return page_by(found, limit, render, lambda one: cursor_after(place(one)))
