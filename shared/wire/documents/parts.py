"""What documents are made of."""

from typing import Annotated, Generic, TypeVar

from pydantic import Field
from typing_extensions import TypedDict

Id = Annotated[str, Field(json_schema_extra={"format": "uuid"})]
Time = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
"""RFC 3339 in UTC, with microseconds."""

D = TypeVar("D")


class Page(TypedDict, Generic[D]):
    """Some of a list, and the cursor that asks for what follows; null at its end."""

    items: list[D]
    next_cursor: str | None


class ProblemDocument(TypedDict):
    """One fault, and where it is: a JSON pointer into what was sent."""

    pointer: str
    code: str
    detail: str
