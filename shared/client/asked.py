"""What can be asked of the API, before it is: a request, and the type of its answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar
from urllib.parse import quote
from uuid import UUID

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked(Generic[T_co]):
    """A request whose answer is a ``T_co``; ``AsyncTurnout.ask`` and ``Turnout.ask`` send it.

    ``path`` is encoded as in a URL. The functions of ``shared.client.api`` make them.
    """

    method: str
    path: str
    query: Mapping[str, str]
    body: Any = None


def path_of(template: str, *parts: UUID | str) -> str:
    """``template`` with its ``{…}`` filled, each with one segment of a path."""
    for part in parts:
        before, _, rest = template.partition("{")
        template = f"{before}{quote(str(part), safe='')}{rest.partition('}')[2]}"
    return template


def query_of(**given: Any) -> dict[str, str]:
    """A query string without what is None; ``from_`` and its like go without the last letter."""
    return {
        name.removesuffix("_"): _text(value) for name, value in given.items() if value is not None
    }


def body_of(**given: Any) -> dict[str, Any]:
    """A body without what is None, as ``query_of``."""
    return {
        name.removesuffix("_"): _json(value) for name, value in given.items() if value is not None
    }


def _text(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case datetime():
            return value.astimezone(UTC).isoformat()
        case list() | tuple() | set() | frozenset():
            return ",".join(_text(each) for each in value)
        case _:
            return str(value)


def _json(value: Any) -> Any:
    """Times in UTC, sets as lists; orjson writes what else there is."""
    match value:
        case datetime():
            return value.astimezone(UTC)
        case set() | frozenset():
            return sorted(value)
        case _:
            return value
