"""Reading paths and headers."""

from typing import Final
from urllib.parse import quote
from uuid import UUID

from aiohttp import web
from pydantic import TypeAdapter, ValidationError

from services.api.http.problems import BAD_PARAMETER
from shared.domain.errors import NotFound
from shared.domain.ids import StepId, as_uuid
from shared.wire.strict_json import invalid

TEXT_CHARS_MAX: Final = 1_024

EXAMPLE_ID: Final = UUID("018f2a6b-7c1d-7e3f-9a5b-1c2d3e4f5a6b")
"""What an id looks like."""

_KEY_CHARS_MAX: Final = 256


def id_in_path(request: web.Request) -> UUID:
    """The ``{id}`` of the path. Raises NotFound for what cannot be one."""
    return uuid_in_path(request, "id")


def uuid_in_path(request: web.Request, part: str) -> UUID:
    """The ``part`` of the path that is an id. Raises NotFound for what cannot be one."""
    parsed = as_uuid(request.match_info[part])
    if parsed is None:
        raise NotFound(f"There is no such thing: its id looks like {EXAMPLE_ID}.")
    return parsed


def step_in_path(request: web.Request) -> StepId:
    """The ``{step_id}`` of the path. Raises NotFound for what cannot be one."""
    written = request.match_info["step_id"]
    if len(written) > TEXT_CHARS_MAX or not is_plain(written):
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
    key, *more = request.headers.getall("Idempotency-Key", (None,))
    if key is None:
        return None
    if more or not 0 < len(key) <= _KEY_CHARS_MAX or not key.isascii() or not key.isprintable():
        detail = f"It must be 1 to {_KEY_CHARS_MAX} printable ASCII characters, and given once."
        raise invalid("/headers/Idempotency-Key", BAD_PARAMETER, detail)
    return key


def is_plain(value: str) -> bool:
    """Whether Postgres can compare it with a text."""
    try:
        return b"\0" not in value.encode()
    except UnicodeEncodeError:
        return False
