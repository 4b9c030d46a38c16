"""Truto's cursors lead on, and back the way that was come."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given, strategies

from services.api.dialects.truto.cursors import BACK_MAX, Trail, TrutoPageQuery
from services.api.http.pages import Place, cursor_after

PLACES = [
    (datetime(2026, 11, 22, tzinfo=UTC) + timedelta(seconds=n), UUID(int=n))
    for n in range(2 * BACK_MAX)
]


def at(cursor: str | None) -> Trail:
    """The way that a cursor knows."""
    assert cursor is not None
    return TrutoPageQuery.model_validate({"prev_cursor": cursor}).trail


@given(strategies.integers(0, len(PLACES)))
def test_each_page_is_come_back_to(pages: int) -> None:
    """As far back as a cursor knows, page by page to the first; further there is no cursor."""
    trail, passed = Trail(), list[Place | None]()
    for place in PLACES[:pages]:
        passed.append(trail.after)
        trail = at(trail.page([], place)["next_cursor"])
    back = list[Place | None]()
    while (cursor := trail.page([], None)["prev_cursor"]) is not None:
        trail = at(cursor)
        back.append(trail.after)
    known = pages if pages <= BACK_MAX else BACK_MAX - 1
    assert back == passed[::-1][:known]


def test_a_place_alone_is_a_cursor() -> None:
    """It leads on, and back to nowhere: what came before it is not known."""
    trail = at(cursor_after(PLACES[3]))
    assert (trail.after, trail.page([], None)["prev_cursor"]) == (PLACES[3], None)
