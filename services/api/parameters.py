"""Reading paths, query strings and headers, and the cursors of lists."""

from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, TypeVar
from urllib.parse import quote
from uuid import UUID

from aiohttp import web
from pydantic import TypeAdapter, ValidationError

from services.api.auth import caller_of, environment_of
from services.api.pages import Place, place_of_cursor
from services.api.problems import BAD_PARAMETER
from shared.domain.errors import Invalid, NotFound
from shared.domain.ids import EnvironmentId, StepId, as_uuid
from shared.domain.principals import Caller
from shared.wire.strict_json import invalid

LIMIT_DEFAULT: Final = 50
LIMIT_MAX: Final = 200

_TEXT_CHARS_MAX: Final = 1_024
_KEY_CHARS_MAX: Final = 256

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)


def id_in_path(request: web.Request) -> UUID:
    """The ``{id}`` of the path. Raises NotFound for what cannot be one."""
    written = request.match_info["id"]
    parsed = as_uuid(written)
    if parsed is None:
        raise NotFound("There is no such thing: its id would be a UUID.")
    return parsed


def step_in_path(request: web.Request) -> StepId:
    """The ``{step_id}`` of the path. Raises NotFound for what cannot be one."""
    written = request.match_info["step_id"]
    if len(written) > _TEXT_CHARS_MAX or not _is_plain(written):
        raise NotFound("There is no such step.")
    return StepId(written)


def name_in_path(request: web.Request, kind: TypeAdapter[str], what: str) -> str:
    """The ``{name}`` of the path. Raises NotFound, with ``what`` there is not, for no name."""
    name = request.match_info["name"]
    if not is_name(name, kind):
        raise NotFound(f"There is no {what} '{quote(name[:64])}'.")
    return name


def is_name(written: str, kind: TypeAdapter[str]) -> bool:
    """Whether it is a name as a registry takes them."""
    try:
        kind.validate_python(written, strict=True)
    except ValidationError:
        return False
    return True


def idempotency_key(request: web.Request) -> str | None:
    """What the header Idempotency-Key says. Raises Invalid for what cannot be one."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not 0 < len(key) <= _KEY_CHARS_MAX or not key.isascii() or not key.isprintable():
        detail = f"It must be 1 to {_KEY_CHARS_MAX} printable ASCII characters."
        raise invalid("/headers/Idempotency-Key", BAD_PARAMETER, detail)
    return key


class Query:
    """The query string. Each reader gives None for what is absent, and raises Invalid."""

    def __init__(self, request: web.Request, *known: str) -> None:
        for name in request.query:
            if name not in known:
                listed = ", ".join(known) or "none"
                raise refused(name[:64], f"There is no such parameter here; known are: {listed}.")
            if len(request.query.getall(name)) > 1:
                raise refused(name, "Give it once.")
        self._given = request.query
        self._request = request

    def text(self, name: str) -> str | None:
        """A text that Postgres can compare with."""
        value = self._given.get(name)
        if value is None:
            return None
        if not value or len(value) > _TEXT_CHARS_MAX or not _is_plain(value):
            raise refused(name, f"It must be a text of 1 to {_TEXT_CHARS_MAX} characters.")
        return value

    def id(self, name: str, kind: Callable[[UUID], T]) -> T | None:
        """An id of a kind."""
        value = self._given.get(name)
        if value is None:
            return None
        parsed = as_uuid(value)
        if parsed is None:
            raise refused(name, "It must be a UUID.")
        return kind(parsed)

    async def environment(self) -> EnvironmentId:
        """The environment that the request is for; ``environment_id`` may name it."""
        return await environment_of(self._request)

    async def caller(self) -> Caller:
        """Who asks for a change, and where; as ``environment``."""
        return await caller_of(self._request)

    def integer(self, name: str, *, minimum: int, maximum: int) -> int | None:
        """A whole number within bounds."""
        value = self._given.get(name)
        if value is None:
            return None
        digits_max = len(str(maximum))
        is_number = value.isascii() and value.isdecimal() and len(value) <= digits_max
        if not is_number or not minimum <= int(value) <= maximum:
            raise refused(name, f"It must be a whole number from {minimum} to {maximum}.")
        return int(value)

    def time(self, name: str) -> datetime | None:
        """A time with its zone."""
        value = self._given.get(name)
        if value is None:
            return None
        try:
            return _as_time(value)
        except (ValueError, OverflowError):
            raise refused(
                name, "It must be RFC 3339 in UTC, such as 2026-11-22T10:00:00Z."
            ) from None

    def choice(self, name: str, words: type[E]) -> E | None:
        """One of some words, in either case."""
        value = self._given.get(name)
        if value is None:
            return None
        for word in words:
            if word.upper() == value.upper():
                return word
        raise refused(name, f"It must be one of {', '.join(words)}.")

    @property
    def limit(self) -> int:
        """How many things a page holds."""
        return self.integer("limit", minimum=1, maximum=LIMIT_MAX) or LIMIT_DEFAULT

    def cursor(self, name: str = "cursor") -> Place | None:
        """Where the page before ended."""
        value = self._given.get(name)
        if value is None:
            return None
        place = place_of_cursor(value)
        if place is None:
            raise refused(name, "It is not a cursor that a list answered with.")
        return place


def refused(name: str, detail: str) -> Invalid:
    """The error of a wrong query parameter."""
    return invalid(f"/query/{name}", BAD_PARAMETER, detail)


def _as_time(value: Any) -> datetime:
    at = datetime.fromisoformat(value)
    if at.tzinfo is None:
        raise ValueError("no zone")
    return at.astimezone(UTC)


def _is_plain(value: str) -> bool:
    try:
        return b"\0" not in value.encode()
    except UnicodeEncodeError:
        return False
