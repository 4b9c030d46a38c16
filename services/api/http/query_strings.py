"""What may stand in a query string: each route has a model, of which its description is made."""

from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Final, TypeVar
from uuid import UUID

from aiohttp import web
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from services.api.http.pages import Place, place_of_cursor
from services.api.http.parameters import TEXT_CHARS_MAX, is_plain
from services.api.http.problems import BAD_PARAMETER
from shared.domain.errors import Invalid, Problem
from shared.domain.ids import EnvironmentId, as_uuid
from shared.domain.steps import VERSION_MAX
from shared.wire.faults import in_words

LIMIT_DEFAULT: Final = 50
LIMIT_MAX: Final = 200
CURSOR: Final = "'next_cursor' of the page before."
"""What every cursor is."""

_DIGITS_MAX: Final = 18

Q = TypeVar("Q", bound="QueryString")
K = TypeVar("K", bound=UUID)


def _wrong(detail: str) -> PydanticCustomError:
    return PydanticCustomError("bad_value", "{detail}", {"detail": detail})


def _digits(value: Any) -> Any:
    if isinstance(value, int):
        return value
    if not (value.isascii() and value.isdecimal() and len(value) <= _DIGITS_MAX):
        raise _wrong("It must be a whole number.")
    return int(value)


def _uuid(value: Any) -> UUID:
    parsed = value if isinstance(value, UUID) else as_uuid(str(value))
    if parsed is None:
        raise _wrong("It must be a UUID.")
    return parsed


def _moment(value: Any) -> datetime:
    try:
        at = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        if at.tzinfo is not None:
            return at.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        pass
    raise _wrong("It must be RFC 3339 in UTC, such as 2026-11-22T10:00:00Z.")


def _plain(value: str) -> str:
    if is_plain(value):
        return value
    raise _wrong(f"It must be a text of 1 to {TEXT_CHARS_MAX} characters.")


def cursor_of(read: Callable[[Any], object | None]) -> BeforeValidator:
    """A cursor that ``read`` makes sense of; it gives None for what is none."""

    def place(value: Any) -> object:
        found = read(value)
        if found is None:
            raise _wrong("It is not a cursor that a list answered with.")
        return found

    return BeforeValidator(place, json_schema_input_type=str)


def any_case(words: type[StrEnum]) -> BeforeValidator:
    """One of some words, in either case."""
    by_name = {word.upper(): word for word in words}
    return BeforeValidator(lambda value: by_name.get(str(value).upper(), value))


Whole = Annotated[int, BeforeValidator(_digits)]
"""A whole number; its bounds stand beside it."""
Id = Annotated[K, BeforeValidator(_uuid)]
"""An id of a kind: ``Id[ExecutionId]``."""
Moment = Annotated[datetime, BeforeValidator(_moment)]
Text = Annotated[str, Field(min_length=1, max_length=TEXT_CHARS_MAX), AfterValidator(_plain)]
"""A text that Postgres can compare with."""
Cursor = Annotated[Place, cursor_of(place_of_cursor)]


class QueryString(BaseModel):
    """A query string; what it does not know is refused, as is what is given twice."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class InEnvironment(QueryString):
    """A query string that may name the environment; ``environment_of`` reads it."""

    environment_id: Id[EnvironmentId] | None = Field(
        None, description="Another environment than one's own, or than the default one."
    )


class ListQuery(QueryString):
    """How much of a list is wanted."""

    limit: Annotated[Whole, Field(ge=1, le=LIMIT_MAX)] = Field(
        LIMIT_DEFAULT, description="How many things a page holds."
    )


class PageQuery(ListQuery, InEnvironment):
    """How much of a list is wanted, and what is known of it already."""

    cursor: Cursor | None = Field(None, description=CURSOR)


VersionNumber = Annotated[Whole, Field(ge=1, le=VERSION_MAX)]


class VersionQuery(InEnvironment):
    """Which version is wanted."""

    version: VersionNumber | None = Field(None, description="Without any the current one.")


class VersionsQuery(ListQuery, InEnvironment):
    """How much is wanted of the versions of something, the latest first."""

    cursor: VersionNumber | None = Field(None, description=CURSOR)


class SpanQuery(PageQuery):
    """A page of what happened in a span of time."""

    from_at: Moment | None = Field(None, alias="from", description="At this time or later.")
    before_at: Moment | None = Field(None, alias="to", description="Before this time.")


def read_query(request: web.Request, model: type[Q]) -> Q:
    """The query string of a request. Raises Invalid with every fault."""
    for name in request.query:
        if len(request.query.getall(name)) > 1:
            raise Invalid([_problem(name, "Give it once.")])
    try:
        return model.model_validate(dict(request.query))
    except ValidationError as error:
        known = ", ".join(field.alias or name for name, field in model.model_fields.items())
        raise Invalid(
            [
                _problem(str(fault["loc"][0]), _detail(fault, known))
                for fault in error.errors(include_url=False, include_input=False)
            ]
        ) from None


def _problem(name: str, detail: str) -> Problem:
    return Problem(pointer=f"/query/{name[:64]}", code=BAD_PARAMETER, detail=detail)


def _detail(fault: ErrorDetails, known: str) -> str:
    match fault["type"]:
        case "extra_forbidden":
            return f"There is no such parameter here; known are: {known or 'none'}."
        case "missing":
            return "Give it."
        case _:
            return in_words(fault)
