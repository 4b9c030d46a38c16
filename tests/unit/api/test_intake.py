"""Reading events: every form, every fault, and the CloudEvents SDK as the oracle."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
import pytest
from cloudevents.core.bindings.kafka import to_binary, to_structured
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given
from hypothesis import strategies as st

from services.trigger_ingest.accept import read_records
from shared.bus.protocol import Received
from shared.domain.errors import Invalid
from shared.domain.events import Event
from shared.domain.ids import DEFAULT_ENVIRONMENT, EnvironmentId, event_key
from shared.wire.events import decode_event, encode_event, event_record
from shared.wire.intake import EventLimits, read_event, write_event

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
LIMITS = EventLimits()
TRACE = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=60)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
CLOUD_EVENTS = st.builds(
    CloudEvent,
    attributes=st.fixed_dictionaries(
        {"id": TEXTS, "source": TEXTS, "type": TEXTS, "specversion": st.just("1.0")},
        optional={
            "subject": TEXTS,
            "time": st.datetimes(datetime(1970, 1, 2), timezones=st.just(UTC)),  # noqa: DTZ001
            "datacontenttype": st.just("application/json"),
            "priority": TEXTS,
        },
    ),
    data=st.dictionaries(TEXTS, JSON, max_size=4),
)


@given(sent=CLOUD_EVENTS)
def test_cloud_events_read_as_their_sdk_wrote_them(sent: CloudEvent) -> None:
    """In both modes, each attribute and the data arrive; what we write reads back the same."""
    for write in (to_binary, to_structured):
        message = write(sent, JSONFormat())
        event = _read(message.value, list(message.headers.items()))
        assert (event.id, event.source, event.type, event.subject, event.time) == (
            sent.get_id(),
            sent.get_source(),
            sent.get_type(),
            sent.get_subject(),
            sent.get_time(),
        )
        assert event.payload == sent.get_data()
        assert event.attributes.get("priority") == sent.get_extension("priority")
        record = encode_event(event)
        assert _read(record).attributes == event.attributes
        assert _read(record).key == event.key == decode_event(orjson.loads(record)).key


def test_the_plain_envelope_is_read() -> None:
    """Each field, under each of its names; the publisher's other fields become attributes."""
    environment = "05daecaf-4365-42e8-8370-8127de5dd717"
    event = _read(
        orjson.dumps(
            {
                "id": "evt_1",
                "event": "a:b",
                "payload": {"x": 1},
                "environment_id": environment,
                "created_at": "2024-09-01 10:00:00",
                "webhook_id": "w",
                "actor": {"id": 7},
                "nothing": None,
                "turnoutkey": "forged",
            }
        ),
        [("traceparent", TRACE)],
    )
    assert (event.type, event.payload, event.source) == ("a:b", {"x": 1}, "/default")
    assert str(event.environment_id) == environment
    assert event.key == event_key(event.environment_id, "/default", "evt_1")
    assert event.time == datetime(2024, 9, 1, 10, tzinfo=UTC)
    assert event.attributes == {
        "webhookid": "w",
        "actor": {"id": 7},
        "traceparent": TRACE.decode(),
    }
    for names in (("type", "data", "time"), ("event_type", "payload", "created_at")):
        values = ("a:b", {"x": 1}, "2024-09-01T10:00:00Z")
        other = _read(orjson.dumps(dict(zip(names, values, strict=True))))
        assert (other.type, other.payload, other.time) == ("a:b", {"x": 1}, event.time)
        assert (other.id, other.environment_id) == ("topic/0@7", DEFAULT_ENVIRONMENT)
    assert _read(b'{"event":"a","id":12}').id == "12"


def test_the_environment_of_a_cloud_event_is_its_extension() -> None:
    """``environmentid`` names it and is no attribute."""
    document = {"specversion": "1.0", "type": "t", "environmentid": str(DEFAULT_ENVIRONMENT)}
    other = EnvironmentId(event_key(DEFAULT_ENVIRONMENT, "any", "uuid"))
    event = _read(orjson.dumps(document), environment=other)
    assert (event.environment_id, event.attributes) == (DEFAULT_ENVIRONMENT, {})


def test_data_is_read_by_its_content_type() -> None:
    """JSON as a value, text as a text, nothing as null; in binary mode and as base64."""
    kind = ("ce_type", b"t")
    for content_type, raw, payload in (
        (b"application/json; charset=utf-8", b'{"a":1}', {"a": 1}),
        (b"application/vnd.x+json", b"[1]", [1]),
        (b"text/plain", "Zoë".encode(), "Zoë"),
        (b"", b"1", 1),
        (b"application/json", b"", None),
    ):
        headers = [kind, ("Content-Type", content_type)]
        assert _read(raw, headers).payload == payload
    document = {"specversion": "1.0", "type": "t", "data_base64": "eyJhIjoxfQ=="}
    assert _read(orjson.dumps(document)).payload == {"a": 1}


OURS = b"/turnout/workflows/018f2a6b-7c1d-7e3f-9a5b-1c2d3e4f5a6b/triggers/"

FAULTS: Sequence[tuple[bytes | None, Sequence[tuple[str, bytes]], str, str]] = (
    (None, (), "EMPTY", ""),
    (b"", (), "EMPTY", ""),
    (b"\x00\x00\x00\x00\x01", (), "UNREADABLE", ""),
    (b"[]", (), "NOT_AN_OBJECT", ""),
    (b'{"event":"a","payload":"' + b"x" * 262_144 + b'"}', (), "TOO_LARGE", ""),
    (b'{"event":"a","payload":' + b"[" * 64 + b"]" * 64 + b"}", (), "TOO_DEEP", ""),
    (b'{"event":"a","payload":["\\u0000"]}', (), "NUL_CHARACTER", "/payload/0"),
    (b"{}", (), "MISSING_TYPE", "/event"),
    (b'{"event":null}', (), "MISSING_TYPE", "/event"),
    (b'{"type":7}', (), "WRONG_TYPE", "/type"),
    (b'{"event":"a","id":true}', (), "WRONG_TYPE", "/id"),
    (b'{"event":"a","subject":[]}', (), "WRONG_TYPE", "/subject"),
    (b'{"event":"a","source":"' + b"s" * 257 + b'"}', (), "TOO_LONG", "/source"),
    (b'{"event":"' + "ё".encode() * 129 + b'"}', (), "TOO_LONG", "/event"),
    *(
        (b'{"event":"a","source":"' + OURS + end + b'"}', (), "RESERVED_SOURCE", "/source")
        for end in (b"daily", b"", b"a/b", b"a\\nb")
    ),
    (b"", [("ce_type", b"a"), ("ce_source", OURS + b"daily")], "RESERVED_SOURCE", "/source"),
    (b'{"event":"a","environment_id":"x"}', (), "BAD_ENVIRONMENT", "/environment_id"),
    (b'{"event":"a","created_at":7}', (), "BAD_TIME", "/created_at"),
    (b'{"event":"a","time":"9999-12-31T23:59:59-14:00"}', (), "BAD_TIME", "/time"),
    (b'{"specversion":"0.3","type":"a"}', (), "UNSUPPORTED_VERSION", "/specversion"),
    (b'{"specversion":"1.0","type":"a","b_c":1}', (), "BAD_ATTRIBUTE", "/b_c"),
    (b'{"specversion":"1.0","type":"a","b":1.5}', (), "BAD_ATTRIBUTE", "/b"),
    (b"{}", [("content-type", b"application/cloudevents+avro")], "UNSUPPORTED_CONTENT", ""),
    (b"{}", [("ce_type", b"\xff")], "UNREADABLE", "/type"),
    (b"{}", [("ce_type", b"a\0")], "NUL_CHARACTER", "/type"),
    (b"{", [("ce_type", b"a")], "UNREADABLE", ""),
    (b"\xff", [("ce_type", b"a"), ("content-type", b"text/plain")], "UNREADABLE", "/data"),
    (
        b"\x89PNG",
        [("ce_type", b"a"), ("content-type", b"image/png")],
        "UNSUPPORTED_CONTENT",
        "/datacontenttype",
    ),
    (b"", [("ce_type", b"a"), ("ce_big", b"x" * 262_144)], "TOO_LARGE", ""),
)


@pytest.mark.parametrize(("value", "headers", "code", "pointer"), FAULTS)
def test_what_is_no_event_says_why_and_where(
    value: bytes | None, headers: Sequence[tuple[str, bytes]], code: str, pointer: str
) -> None:
    """One problem, with its reason code and its place."""
    with pytest.raises(Invalid) as caught:
        _read(value, headers)
    (problem,) = caught.value.problems
    assert (problem.code, problem.pointer) == (code, pointer)


@given(value=st.binary(max_size=200), headers=st.lists(st.tuples(st.text(), st.binary())))
def test_any_bytes_are_an_event_or_invalid(
    value: bytes, headers: Sequence[tuple[str, bytes]]
) -> None:
    """Nothing else is ever raised."""
    with suppress(Invalid):
        assert _read(value, headers).type


@given(document=st.dictionaries(st.sampled_from(["event", "id", "time", "a", "specversion"]), JSON))
def test_any_object_is_an_event_or_invalid(document: dict[str, Any]) -> None:
    """And an event can always be written and read again."""
    try:
        event = _read(orjson.dumps(document))
    except Invalid:
        return
    assert decode_event(orjson.loads(encode_event(event))).key == event.key


@given(document=st.dictionaries(st.sampled_from(["subject", "id", "time", "a", "b-c"]), JSON))
def test_what_may_be_published_is_read_where_it_goes(document: dict[str, Any]) -> None:
    """As the same event, whatever its attributes are."""
    try:
        event = _read(orjson.dumps({"event": "e", "rate": 0.5, **document}))
    except Invalid:
        return
    again = _read(write_event(event_record(event), LIMITS))
    assert replace(again, time=event.time) == event


def test_only_what_is_written_here_has_attributes_of_any_kind() -> None:
    """A CloudEvent of somebody else's has those of CloudEvents, and names as theirs it always."""
    record = event_record(_read(b'{"event":"e","actor":{"id":7}}'))
    assert _read(orjson.dumps(record)).attributes == {"actor": {"id": 7}}
    for changed in ({"turnoutkey": None}, {"b_c": 1}):
        document = {k: v for k, v in {**record, **changed}.items() if v is not None}
        with pytest.raises(Invalid) as caught:
            _read(orjson.dumps(document))
        assert caught.value.problems[0].code == "BAD_ATTRIBUTE"


ENVIRONMENT = UUID("05daecaf-4365-42e8-8370-8127de5dd717")
NAMED = str(ENVIRONMENT).encode()


@pytest.mark.parametrize(
    ("value", "headers", "named"),
    [
        (b'{"environment_id":"%b"}' % NAMED, (), ENVIRONMENT),
        (b'{"environment_id":"%b","event":"\\u0000"}' % NAMED, (), ENVIRONMENT),
        (b'{"environment_id":"%b","x":"%b"}' % (NAMED, b"x" * 300_000), (), ENVIRONMENT),
        (b'{"environment_id":"%b","x":%b}' % (NAMED, b"[" * 99 + b"]" * 99), (), ENVIRONMENT),
        (b'{"specversion":"2","environmentid":"%b"}' % NAMED, (), ENVIRONMENT),
        (b'{"specversion":"1.0","environment_id":"%b"}' % NAMED, (), None),
        (b"{", [("ce_type", b"t"), ("ce_environmentid", NAMED)], ENVIRONMENT),
        (b'{"environment_id":"%b"}' % NAMED, [("ce_type", b"\xff")], None),
        (b'{"environment_id":"x"}', (), None),
        (b'{"environment_id":7}', (), None),
        (b"[]", (), None),
        (b"{", (), None),
        (None, (), None),
    ],
)
def test_what_is_no_event_may_show_whose_it_is(
    value: bytes | None, headers: Sequence[tuple[str, bytes]], named: UUID | None
) -> None:
    """Where an event would name its environment; its letter is that environment's."""
    record = Received("turnout.events", 0, 7, None, value, tuple(headers), NOW)
    candidates, [letter] = read_records(
        [record], limits=LIMITS, default_environment=DEFAULT_ENVIRONMENT, now=NOW
    )
    assert (candidates, letter.environment_id) == ([], named)


def _read(
    value: bytes | None,
    headers: Sequence[tuple[str, bytes]] = (),
    *,
    environment: EnvironmentId = DEFAULT_ENVIRONMENT,
) -> Event:
    return read_event(
        value,
        headers,
        fallback_id="topic/0@7",
        default_source="/default",
        default_environment=environment,
        received_at=NOW,
        limits=LIMITS,
    )
