"""Truto's cursors lead both ways: each has the ends of the pages on the way to its own."""

from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import Field, model_validator

from services.api.dialects.truto.documents import D, TrutoPage
from services.api.http.pages import Place, cursor_after, place_of_cursor
from services.api.http.query_strings import InEnvironment, ListQuery, cursor_of

BACK_MAX: Final = 20
"""So many pages a cursor leads back: it must fit into an address."""

_FROM_THE_START: Final = "-"
_CURSORS: Final = frozenset({"next_cursor", "prev_cursor"})


@dataclass(frozen=True, slots=True)
class Trail:
    """The ends of the pages before one, the nearest last; of a long way the farthest are left."""

    ends: tuple[Place, ...] = ()
    is_whole: bool = True

    @property
    def after(self) -> Place | None:
        """Where the page begins; None: at the beginning."""
        return self.ends[-1] if self.ends else None

    def page(self, result: list[D], end: Place | None) -> TrutoPage[D]:
        """The page with its cursors; more follows after ``end``, if that is given."""
        is_led_back = len(self.ends) > (not self.is_whole)
        return {
            "result": result,
            "next_cursor": None if end is None else self._to((*self.ends, end)),
            "prev_cursor": self._to(self.ends[:-1]) if is_led_back else None,
        }

    def _to(self, ends: tuple[Place, ...]) -> str:
        kept = ends[-BACK_MAX:]
        is_whole = self.is_whole and kept == ends
        return ".".join([_FROM_THE_START] * is_whole + [cursor_after(end) for end in kept])


def _read(written: Any) -> Trail | None:
    parts = str(written).split(".")
    is_whole = parts[0] == _FROM_THE_START
    ends = tuple(place for part in parts[is_whole:] if (place := place_of_cursor(part)))
    return Trail(ends, is_whole) if len(ends) == len(parts) - is_whole <= BACK_MAX else None


_Cursor = Annotated[Any, cursor_of(_read)]
"""Any, as the trail that it is read as is in no document."""


class TrutoPageQuery(ListQuery, InEnvironment):
    """Which page of a list is wanted; an empty cursor is none, as Truto's clients send it."""

    next_cursor: _Cursor = Field(None, description="Either cursor of another page.")
    prev_cursor: _Cursor = Field(None, description="The same; goes before 'next_cursor'.")

    @model_validator(mode="before")
    @classmethod
    def _without_empty_cursors(cls, asked: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in asked.items() if value or name not in _CURSORS}

    @property
    def trail(self) -> Trail:
        """The way to the page; ``prev_cursor`` goes first."""
        trail: Trail | None = self.prev_cursor or self.next_cursor
        return trail or Trail()
