"""Reading an event as publishers send it, by HTTP or on a source topic.

Three forms are understood:

* CloudEvents 1.0, structured: the content type ``application/cloudevents+json``, or any object
  with a ``specversion``;
* CloudEvents 1.0, binary: headers ``ce_id``, ``ce_source``, ``ce_type``, …, the value is the data;
* the plain envelope ``{id?, event, payload?, environment_id?, created_at?, source?, subject?}``,
  where ``type`` and ``event_type`` are other names of ``event``, ``data`` of ``payload``, and
  ``time`` of ``created_at``; when several are given the first counts.

The environment is named by ``environment_id`` or the extension attribute ``environmentid``.
Whatever else the publisher sent beside the payload is kept as attributes.
"""

import re
from base64 import b64decode
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson

from shared.domain.errors import Invalid
from shared.domain.events import Event
from shared.domain.ids import EnvironmentId, event_key
from shared.wire.envelope import CLOUD_EVENT, dumps
from shared.wire.event_fields import NOT_ATTRIBUTES, EventFault, EventLimits, Fields
from shared.wire.strict_json import JsonFault, check_value, invalid, pointer_of, read_json

__all__ = [
    "CLOUD_EVENT",
    "EventFault",
    "EventLimits",
    "environment_named",
    "read_event",
    "write_event",
]


def read_event(
    value: bytes | None,
    headers: Sequence[tuple[str, bytes]],
    *,
    fallback_id: str,
    default_source: str,
    default_environment: EnvironmentId,
    received_at: datetime,
    limits: EventLimits,
) -> Event:
    """The event of a record. Raises Invalid with one EventFault or JsonFault and its place.

    The fallback and the defaults fill in for what the publisher left out.
    """
    fields = _read_fields(value, headers, limits)
    kind = fields.text("type", limits)
    if kind is None:
        place = fields.pointer("type")
        raise invalid(place, EventFault.MISSING_TYPE, "Name the event's type.")
    source = fields.text("source", limits) or default_source
    event_id = fields.text("id", limits) or fallback_id
    environment_id = fields.environment_id() or default_environment
    return Event(
        key=event_key(environment_id, source, event_id),
        environment_id=environment_id,
        type=kind,
        source=source,
        id=event_id,
        received_at=received_at,
        payload=fields.payload,
        subject=fields.text("subject", limits),
        time=fields.time(),
        attributes=fields.attributes(),
    )


def write_event(record: Mapping[str, Any], limits: EventLimits) -> bytes:
    """A structured CloudEvent, as a source topic carries it.

    Raises Invalid where ``read_event`` would refuse it there: nobody is told that an event is taken
    which is then buried.
    """
    value = dumps(record)
    if len(value) > limits.body_bytes_max:
        most = limits.body_bytes_max
        detail = f"As an event, with what is written beside it, it has more than {most} bytes."
        raise invalid("", JsonFault.TOO_LARGE, detail)
    check_value(value, record, limits)
    _check_cloud_event(record)
    fields = Fields(values=record, payload=None, places={})
    for name in ("type", "source", "id", "subject"):
        fields.text(name, limits)
    return value


def environment_named(
    value: bytes | None, headers: Sequence[tuple[str, bytes]]
) -> EnvironmentId | None:
    """The environment that a record names, though it be no event; None where it shows none.

    It stands where that of an event does, and is no less to be believed.
    """
    try:
        content_type, context, _ = _read_headers(headers)
        if _is_binary(content_type, context):
            return Fields(values=context, payload=None, places={}).environment_id()
        document = orjson.loads(value or b"")
        if not isinstance(document, dict):
            return None
        name = "environmentid" if _is_structured(content_type, document) else "environment_id"
        named = {"environmentid": document.get(name)}
        return Fields(values=named, payload=None, places={}).environment_id()
    except (Invalid, orjson.JSONDecodeError):
        return None


_WRITTEN_HERE = "turnoutkey"
_ATTRIBUTE_NAME = re.compile(r"[a-z0-9]+")
_UNFIT_FOR_NAMES = re.compile(r"[^a-z0-9]+")
_TRACEPARENT = re.compile(rb"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")

# CloudEvents' name of each field, and those of the plain envelope, the preferred one first.
_PLAIN_NAMES = (
    ("type", ("event", "type", "event_type")),
    ("data", ("payload", "data")),
    ("time", ("created_at", "time")),
    ("environmentid", ("environment_id",)),
    ("id", ("id",)),
    ("source", ("source",)),
    ("subject", ("subject",)),
)


def _read_fields(
    value: bytes | None, headers: Sequence[tuple[str, bytes]], limits: EventLimits
) -> Fields:
    content_type, context, traced = _read_headers(headers)
    size = len(value or b"") + sum(len(name) + len(text) for name, text in context.items())
    if size > limits.body_bytes_max:
        raise invalid("", JsonFault.TOO_LARGE, f"Send at most {limits.body_bytes_max} bytes.")
    if content_type.startswith("application/cloudevents") and content_type != CLOUD_EVENT:
        raise _unsupported("", content_type)
    if _is_binary(content_type, context):
        _check_cloud_event(context)
        payload = _read_data(value or b"", content_type, limits)
        return Fields(values={**traced, **context}, payload=payload, places={})
    document = _read_object(value, limits)
    if _is_structured(content_type, document):
        _check_cloud_event(document)
        payload = _payload(document, limits)
        return Fields(values={**traced, **document}, payload=payload, places={})
    return _read_plain(document, traced)


def _is_binary(content_type: str, context: Mapping[str, str]) -> bool:
    return content_type != CLOUD_EVENT and "type" in context


def _is_structured(content_type: str, document: Mapping[str, Any]) -> bool:
    return content_type == CLOUD_EVENT or "specversion" in document


def _read_headers(
    headers: Sequence[tuple[str, bytes]],
) -> tuple[str, dict[str, str], dict[str, str]]:
    """The content type, the CloudEvents attributes, and the trace; of repeats the last counts."""
    content_type = ""
    context: dict[str, str] = {}
    traced: dict[str, str] = {}
    for name, value in headers:
        name = name.lower()  # noqa: PLW2901 - header names have no case
        if name == "content-type":
            content_type = value.decode("latin-1").partition(";")[0].strip().lower()
        elif name == "traceparent" and _TRACEPARENT.fullmatch(value):
            traced = {"traceparent": value.decode()}
        elif name.startswith("ce_"):
            context[name[3:]] = _read_text(value, f"/{name[3:]}")
    return content_type, context, traced


def _read_object(value: bytes | None, limits: EventLimits) -> dict[str, Any]:
    if not value:
        raise invalid("", EventFault.EMPTY, "There is nothing in it; send an event.")
    document = read_json(value, limits)
    if not isinstance(document, dict):
        raise invalid("", EventFault.NOT_AN_OBJECT, "An event is a JSON object.")
    return document


def _read_plain(document: dict[str, Any], traced: dict[str, str]) -> Fields:
    rest = dict(document)
    values: dict[str, Any] = dict(traced)
    places = {"type": "event", "time": "created_at", "environmentid": "environment_id"}
    for name, aliases in _PLAIN_NAMES:
        for alias in aliases:
            value = rest.pop(alias, None)
            if value is not None and name not in values:
                values[name] = value
                places[name] = alias
    if type(values.get("id")) is int:
        values["id"] = str(values["id"])
    for key, value in rest.items():
        # CloudEvents' names of attributes know neither case nor punctuation.
        name = _UNFIT_FOR_NAMES.sub("", key.lower())
        if name and name not in NOT_ATTRIBUTES:
            values.setdefault(name, value)
    return Fields(values=values, payload=values.get("data"), places=places)


def _check_cloud_event(attributes: Mapping[str, Any]) -> None:
    if attributes.get("specversion", "1.0") != "1.0":
        raise invalid("/specversion", EventFault.UNSUPPORTED_VERSION, "Send CloudEvents 1.0.")
    for name, value in attributes.items():
        if name in NOT_ATTRIBUTES:
            continue
        if not _ATTRIBUTE_NAME.fullmatch(name):
            raise invalid(
                pointer_of([name]),
                EventFault.BAD_ATTRIBUTE,
                "Names of CloudEvents attributes have lower-case letters and digits only.",
            )
        # What came in the plain form has any values, and is written in this one from then on.
        if not isinstance(value, str | int | None) and _WRITTEN_HERE not in attributes:
            raise invalid(
                f"/{name}",
                EventFault.BAD_ATTRIBUTE,
                "CloudEvents attributes are texts, whole numbers or booleans;"
                " put other things in data.",
            )


def _payload(document: Mapping[str, Any], limits: EventLimits) -> Any:
    encoded = document.get("data_base64")
    if encoded is None:
        return document.get("data")
    content_type = document.get("datacontenttype") or ""
    try:
        return _read_data(b64decode(encoded, validate=True), content_type, limits)
    except Invalid as error:
        fault = error.problems[0]
        raise invalid("/data_base64", fault.code, fault.detail) from None
    except (ValueError, TypeError, AttributeError):
        raise invalid(
            "/data_base64", EventFault.WRONG_TYPE, "This is not base64 of some content."
        ) from None


def _read_data(raw: bytes, content_type: str, limits: EventLimits) -> Any:
    """The data of the binary mode; JSON unless its content type says otherwise."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind.startswith("text/"):
        return _read_text(raw, "/data")
    if kind and kind != "application/json" and not kind.endswith("+json"):
        raise _unsupported("/datacontenttype", kind)
    return read_json(raw, limits) if raw else None


def _read_text(raw: bytes, place: str) -> str:
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise invalid(place, JsonFault.UNREADABLE, "This is not UTF-8.") from None
    if "\0" in text:
        raise invalid(place, JsonFault.NUL_CHARACTER, "Texts must not hold the character U+0000.")
    return text


def _unsupported(place: str, content_type: str) -> Invalid:
    return invalid(
        place, EventFault.UNSUPPORTED_CONTENT, f"Send JSON or text; '{content_type}' is neither."
    )
