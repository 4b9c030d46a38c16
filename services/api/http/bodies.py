"""Reading what callers send, and writing what they get."""

import asyncio
from typing import Any, Final

from aiohttp import web

from services.api.http.yaml_documents import yaml_in_parts
from services.api.login.auth import whose_turn
from services.api.resources import RESOURCES
from services.api.settings import ApiSettings
from shared.domain.values import Strict
from shared.wire.envelope import dumps
from shared.wire.event_fields import EventFault
from shared.wire.strict_json import (
    JsonFault,
    JsonLimits,
    check_keys,
    invalid,
    read_json,
)

JSON: Final = frozenset({"application/json"})
YAML: Final = frozenset({"application/yaml", "application/x-yaml", "text/yaml"})
UNKNOWN_CODING: Final = "Pack the body with gzip or deflate, or not at all."

_CODINGS: Final = frozenset({"identity", "gzip", "deflate"})


class NoOptions(Strict):
    """A body that says nothing."""


async def read_raw(request: web.Request, settings: ApiSettings) -> bytes:
    """The body, unpacked. Raises Invalid when it is too large, broken, or too slow."""
    if request.headers.get("Content-Encoding", "identity").lower() not in _CODINGS:
        raise invalid("", EventFault.UNSUPPORTED_CONTENT, UNKNOWN_CODING)
    try:
        async with asyncio.timeout(settings.body_within_s):
            return await request.read()
    except web.HTTPRequestEntityTooLarge:
        limit = settings.body_bytes_max
        raise invalid("", JsonFault.TOO_LARGE, f"Send at most {limit} bytes.") from None
    except TimeoutError:
        raise invalid("", JsonFault.UNREADABLE, "The body did not arrive in time.") from None
    except (web.RequestPayloadError, web.PayloadAccessError):
        raise invalid("", JsonFault.UNREADABLE, "The body cannot be decoded.") from None


async def read_document(
    request: web.Request,
    settings: ApiSettings,
    media: frozenset[str] = JSON | YAML,
    *,
    is_definition: bool = False,
) -> dict[str, Any]:
    """An object in JSON, or in YAML where that is among ``media``. Raises Invalid.

    No key stands twice in a definition, nor in YAML.
    """
    limits = JsonLimits(body_bytes_max=settings.body_bytes_max)
    accept(request, media)
    raw = await read_raw(request, settings)
    if request.content_type in YAML:
        computing = request.app[RESOURCES].computing
        raw = await computing.run(whose_turn(request), yaml_in_parts(raw))
    document = read_json(raw, limits)
    if is_definition:
        check_keys(raw)
    return _object(document)


async def read_options(request: web.Request, settings: ApiSettings) -> dict[str, Any]:
    """A JSON object that may be left out. Raises Invalid."""
    if not await read_raw(request, settings):
        return {}
    return await read_document(request, settings, JSON)


def accept(request: web.Request, kinds: frozenset[str]) -> None:
    """Raises Invalid unless the request says that its body is one of ``kinds``."""
    if request.content_type not in kinds:
        listed = " or ".join(sorted(kinds))
        raise invalid("", EventFault.UNSUPPORTED_CONTENT, f"Set the Content-Type to {listed}.")


def answer(document: Any, *, status: int = 200) -> web.Response:
    """A JSON answer."""
    return web.Response(body=dumps(document), status=status, content_type="application/json")


def answer_once(document: Any, *, status: int = 200) -> web.Response:
    """A JSON answer with what is told this once: nobody may store it, nor do we."""
    response = answer(document, status=status)
    response.headers["Cache-Control"] = "no-store"
    return response


def _object(document: Any) -> dict[str, Any]:
    if not isinstance(document, dict):
        raise invalid("", EventFault.NOT_AN_OBJECT, "Send a JSON object.")
    return document
