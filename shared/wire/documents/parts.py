"""What documents are made of."""

from typing import Annotated, Any, Generic, TypeVar

from pydantic import Field, GetPydanticSchema
from typing_extensions import TypedDict

Id = Annotated[str, Field(json_schema_extra={"format": "uuid"})]
Time = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
"""RFC 3339 in UTC, with microseconds."""
Data = Annotated[Any, Field(description="For callers without the scope 'payloads' a mark.")]
"""A payload: any JSON value."""

D = TypeVar("D")


def json_of(kind: Any) -> GetPydanticSchema:
    """Describes JSON as ``kind`` writes it, which may be a model."""
    return GetPydanticSchema(lambda _source, handler: handler.generate_schema(kind))


class Page(TypedDict, Generic[D]):
    """Some of a list, and the cursor that asks for what follows; null at its end."""

    items: list[D]
    next_cursor: str | None


class SearchPage(Page[D], Generic[D]):
    """A page of a search, which looks at so much and no more.

    Where it stopped for that reason, ``searched_back_to`` is the time up to which it has looked:
    the page may then hold little or nothing for all that ``next_cursor`` may find more.
    """

    searched_back_to: Time | None


class ProblemDocument(TypedDict):
    """One fault, and where it is: a JSON pointer into what was sent."""

    pointer: str
    code: str
    detail: str
