"""Searching: conditions on what documents hold, and the pages of what was found."""

from collections.abc import Callable
from typing import Annotated, Any, Final, TypeVar

from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from services.api.http.pages import cursor_after
from shared.db.search import Found
from shared.domain.errors import Invalid
from shared.domain.executions import Status
from shared.wire.documents.parts import SearchPage
from shared.wire.envelope import dumps, stamp
from shared.wire.strict_json import JsonLimits, read_json

_NAMES: Final = "|".join(Status)
_LIMITS: Final = JsonLimits(body_bytes_max=1_024, depth_max=16, keys_max=20)

T = TypeVar("T")
D = TypeVar("D")


def _condition(written: Any) -> str:
    try:
        return dumps(read_json(str(written).encode(), _LIMITS)).decode()
    except (Invalid, UnicodeEncodeError):
        raise PydanticCustomError(
            "query",
            "It must be JSON, such as {form}, of at most {bytes} bytes and {keys} fields.",
            {
                "form": '{"order": {"id": 42}}',
                "bytes": _LIMITS.body_bytes_max,
                "keys": _LIMITS.keys_max,
            },
        ) from None


Condition = Annotated[
    str,
    BeforeValidator(_condition),
    WithJsonSchema({"type": "string", "contentMediaType": "application/json"}),
]
"""JSON that a document must hold: each field that it names, with the same value, at the same place.

Objects may have other fields beside, lists other items, in any order.
"""


def _words(written: Any) -> list[str]:
    return str(written).upper().split(",")


Statuses = Annotated[
    list[Status],
    BeforeValidator(_words),
    WithJsonSchema({"type": "string", "pattern": f"^({_NAMES})(,({_NAMES}))*$"}),
]
"""Words with commas between them, in either case."""


def search_page(found: Found[T], render: Callable[[T], D]) -> SearchPage[D]:
    """The document of a page of a search."""
    return {
        "items": [render(each) for each in found.items],
        "next_cursor": None if found.after is None else cursor_after(found.after),
        "searched_back_to": stamp(found.after[0]) if found.is_cut and found.after else None,
    }
