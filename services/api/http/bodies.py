"""Reading what callers send, and writing what they get."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final, TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from services.api.http.yaml_documents import yaml_to_json
from services.api.settings import ApiSettings
from shared.domain.errors import Invalid, Problem
from shared.wire.envelope import dumps
from shared.wire.event_fields import EventFault
from shared.wire.strict_json import JsonFault, JsonLimits, invalid, pointer_of, read_json

JSON: Final = frozenset({"application/json"})
YAML: Final = frozenset({"application/yaml", "application/x-yaml", "text/yaml"})

_PROBLEMS_MAX: Final = 1_000

M = TypeVar("M", bound=BaseModel)


async def read_raw(request: web.Request, settings: ApiSettings) -> bytes:
    """The body as it came. Raises Invalid when it is too large, broken, or too slow."""
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
    request: web.Request, settings: ApiSettings, media: frozenset[str] = JSON | YAML
) -> dict[str, Any]:
    """An object in JSON, or in YAML where that is among ``media``. Raises Invalid."""
    limits = JsonLimits(body_bytes_max=settings.body_bytes_max)
    accept(request, media)
    raw = await read_raw(request, settings)
    if request.content_type in YAML:
        raw = await asyncio.to_thread(yaml_to_json, raw)
    return _object(read_json(raw, limits))


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


def validate(model: type[M], document: Any) -> M:
    """``document`` as a model. Raises Invalid with every fault (1,000 of them) and its place."""
    try:
        # Through JSON, as strict models then take a text for an id and a list for a tuple.
        return model.model_validate_json(dumps(document))
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        raise Invalid(_problems(faults[:_PROBLEMS_MAX], document)) from None


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


def _problems(faults: Sequence[ErrorDetails], document: Any) -> list[Problem]:
    """One problem a place: what may have one of several shapes has a fault for each."""
    found: dict[str, Problem] = {}
    for fault in faults:
        pointer = pointer_of(_place(fault, document))
        code, detail = fault["type"].upper(), f"{fault['msg'].removesuffix('.')}."
        if pointer in found:
            earlier = found[pointer]
            code, detail = earlier.code, f"{earlier.detail.removesuffix('.')}; or: {detail}"
        found[pointer] = Problem(pointer=pointer, code=code, detail=detail)
    return list(found.values())


def _place(fault: ErrorDetails, document: Any) -> Sequence[str | int]:
    """Where in ``document`` a fault is: after that, its path names one of several shapes."""
    node, path = document, fault["loc"]
    for depth, part in enumerate(path):
        is_there = part in (node if isinstance(node, dict) else range(_length(node)))
        if not is_there:
            return path if fault["type"] == "missing" else path[:depth]
        node = node[part]
    return path


def _length(node: Any) -> int:
    return len(node) if isinstance(node, list) else 0
