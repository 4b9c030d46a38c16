"""What a webhook's sender says: the payload of the event that comes of it."""

import re
from base64 import b64encode
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

from aiohttp import web

from services.api.http.bodies import JSON
from services.api.webhooks.addresses import Address
from shared.matching.senders import secret_header
from shared.wire.envelope import dumps
from shared.wire.event_fields import EventFault
from shared.wire.strict_json import JsonFault, JsonLimits, invalid, read_json

FORM: Final = "application/x-www-form-urlencoded"

# What says what was sent, and nothing that says who may send it.
_SHOWN: Final = re.compile(
    r"accept|content-type|content-language|date|user-agent|idempotency-key|traceparent"
    r"|ce-[a-z0-9]+|webhook-(id|timestamp)|x-request-id|x-correlation-id"
    r"|x-([a-z0-9]+-)*(event|event-id|event-key|event-type|topic|delivery|delivery-id)"
)


def read_body(request: web.Request, raw: bytes, limits: JsonLimits, *, is_kept: bool) -> Any:
    """JSON as it is, a form as an object, anything else as a text, nothing as null.

    A name that a form gives twice has a list. Bytes that are no text are null when they are kept
    beside (``is_kept``). Raises Invalid.
    """
    kind = request.content_type
    if kind.startswith("multipart/"):
        detail = f"Send JSON, a text, or a form as {FORM}: bodies of several parts are not taken."
        raise invalid("", EventFault.UNSUPPORTED_CONTENT, detail)
    if not raw:
        return None
    if kind in JSON or kind.endswith("+json"):
        return read_json(raw, limits)
    text = _text_of(raw)
    if text is None and is_kept:
        return None
    if text is None:
        detail = "Send JSON, or a text in UTF-8 without the character U+0000."
        raise invalid("", JsonFault.UNREADABLE, detail)
    return _form(text, limits) if kind == FORM else text


def payload_of(
    request: web.Request, address: Address, body: Any, raw: bytes, limits: JsonLimits
) -> dict[str, Any]:
    """What the event holds; of ``raw``, the body as it came, what the address keeps.

    Raises Invalid when what is kept and the body are too large together.
    """
    payload = {"body": body, **_around(request, address), "method": request.method}
    if address.keep_raw:
        text = _text_of(raw)
        as_text = {"raw": text, "raw_encoding": "utf-8"}
        as_bytes = {"raw": b64encode(raw).decode(), "raw_encoding": "base64"}
        payload |= as_bytes if text is None else as_text
    keeps_more = address.keep_raw or address.keep_headers
    if keeps_more and len(dumps(payload)) > limits.body_bytes_max:
        detail = f"With what is kept beside it has more than {limits.body_bytes_max} bytes."
        raise invalid("", JsonFault.TOO_LARGE, detail)
    return payload


def delivery_headers(request: web.Request) -> Mapping[str, list[bytes]]:
    """The values of each header, by its name in lower case."""
    headers: dict[str, list[bytes]] = {}
    for name, value in request.headers.items():
        headers.setdefault(name.lower(), []).append(value.encode("utf-8", "surrogateescape"))
    return headers


def _form(text: str, limits: JsonLimits) -> Any:
    try:
        pairs = parse_qsl(
            text, keep_blank_values=True, errors="strict", max_num_fields=limits.keys_max
        )
    except ValueError:
        detail = f"A form has at most {limits.keys_max} fields, in UTF-8."
        raise invalid("", JsonFault.UNREADABLE, detail) from None
    given: dict[str, list[str]] = {}
    for name, value in pairs:
        given.setdefault(name, []).append(value)
    # Through JSON, as the text in it is held to what other texts are.
    return read_json(dumps(_single(given)), limits)


def _around(request: web.Request, address: Address) -> Mapping[str, Any]:
    """The query, a name given twice with a list, and the headers that may be shown."""
    hidden, kept = secret_header(address.auth), frozenset(address.keep_headers)
    headers = {
        name: ", ".join(_shown(value) for value in request.headers.getall(name))
        for name in dict.fromkeys(each.lower() for each in request.headers)
        if name != hidden and (name in kept or _SHOWN.fullmatch(name))
    }
    given = {name: [_shown(v) for v in request.query.getall(name)] for name in request.query}
    query = _single({_shown(name): values for name, values in given.items()})
    around: Mapping[str, Any] = read_json(dumps({"headers": headers, "query": query}), JsonLimits())
    return around


def _single(given: Mapping[str, list[str]]) -> dict[str, str | list[str]]:
    return {name: values[0] if len(values) == 1 else values for name, values in given.items()}


def _text_of(raw: bytes) -> str | None:
    """The text that bytes are, if they are one that can be kept."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def _shown(value: str) -> str:
    """What stands for bytes that were no UTF-8 becomes a mark."""
    return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
