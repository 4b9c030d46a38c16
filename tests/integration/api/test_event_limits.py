"""What is answered 202 is an event where it is read: what ingest would bury is refused at once."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson
import pytest
from prometheus_client import CollectorRegistry

from services.api.app import build_app
from services.api.resources import ApiResources
from services.api.settings import ApiSettings
from shared.bus.protocol import Received
from shared.domain.errors import Invalid
from shared.domain.events import Event
from shared.domain.ids import DEFAULT_ENVIRONMENT
from shared.wire.intake import EventLimits, read_event
from tests.integration.api.asking import Asker
from tests.integration.api.conftest import Client
from tests.support.answers import open_checked

JSON = {"Content-Type": "application/json"}
BINARY = {**JSON, "ce-specversion": "1.0", "ce-type": "a:b", "ce-source": "/s", "ce-id": "1"}
MOST = EventLimits()

FILLED = b'{"event":"a:b","payload":"' + b"x" * 261_900 + b'"}'
DOUBLES = b'{"event":"a:b","payload":[' + b",".join([b"1e15"] * 30_000) + b"]}"
DEEP = b"[" * MOST.depth_max + b"]" * MOST.depth_max
NAMES = {str(n): n for n in range(MOST.keys_max - 2)}


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (FILLED, JSON, 413, "TOO_LARGE"),
        (DOUBLES, JSON, 413, "TOO_LARGE"),
        (DEEP, BINARY, 400, "TOO_DEEP"),
        (orjson.dumps({"event": "a:b", "payload": NAMES}), JSON, 400, "TOO_MANY_KEYS"),
    ],
)
async def test_what_is_no_event_once_it_is_written_is_refused(
    client: Client,
    resources: ApiResources,
    body: bytes,
    headers: Mapping[str, str],
    status: int,
    code: str,
) -> None:
    """With what we write beside it it is over a limit: alone, and as one of a batch."""
    assert len(body) <= MOST.body_bytes_max
    async with client.post("/v1/events", data=body, headers=headers) as answer:
        refusal = await answer.json(content_type=None)
        assert (answer.status, refusal["errors"][0]["code"]) == (status, code), refusal
    if headers is JSON:
        batch = b'[{"event":"a:b"},' + body + b"]"
        async with client.post("/v1/events/batch", data=batch, headers=JSON) as answer:
            refusal = await answer.json(content_type=None)
        [fault] = refusal["errors"]
        assert (answer.status, fault["pointer"], fault["code"]) == (status, "/1", code)
    assert await resources.pool.fetchval("SELECT count(*) FROM bus_records") == 0


@pytest.mark.parametrize(
    "document",
    [
        {"event": "a:b", "actor": {"id": 7}, "amounts": [1.5], "rate": 0.25, "is-on": True},
        {"event": "a:b", "payload": {str(n): n for n in range(MOST.keys_max - 20)}},
        {"event": "a:b", "payload": [orjson.loads(b"[" * 62 + b"]" * 62)]},
        {"event": "a:b", "id": "é" * 128, "subject": "s" * 256},
    ],
)
async def test_what_is_taken_is_an_event_to_ingest(
    client: Client, resources: ApiResources, document: Mapping[str, Any]
) -> None:
    """Read as ingest reads it, it is what was sent."""
    event = _read(await _published(client, resources, document))
    assert event.payload == document.get("payload")
    told = ("event", "payload", "id", "subject")
    sent = {k.replace("-", ""): v for k, v in document.items() if k not in told}
    assert event.attributes == sent


async def test_the_largest_event_is_taken_still(client: Client, resources: ApiResources) -> None:
    """The last byte that ingest takes is taken here; one more is refused by both."""
    record = await _published(client, resources, {"event": "a:b", "id": "1", "payload": ""})
    room = MOST.body_bytes_max - len(record.value or b"")
    # An instant on a full second is written as long as any other.
    largest = {"event": "a:b", "id": "1", "payload": "x" * room}
    record = await _published(client, resources, largest)
    assert len(record.value or b"") == MOST.body_bytes_max
    assert _read(record).payload == largest["payload"]
    largest["payload"] += "x"
    status, refusal = await Asker(client).ask("POST", "/v1/events", largest)
    assert (status, refusal["errors"][0]["pointer"]) == (413, "")
    assert str(MOST.body_bytes_max) in refusal["detail"]
    with pytest.raises(Invalid):
        _read(record._replace(value=(record.value or b"") + b" "))


async def test_larger_bodies_are_no_larger_events(resources: ApiResources) -> None:
    """Each limit is what is set: of a body, and of an event, whatever a body may be."""
    limits = EventLimits(body_bytes_max=2_000)
    own = replace(resources, registry=CollectorRegistry(), event_limits=limits)
    batch: Sequence[Any] = [{"event": "a:b", "payload": "x" * 1_000}] * 5
    large = {"event": "a:b", "payload": "x" * 2_000}
    async with open_checked(build_app(own, ApiSettings(body_bytes_max=8_000))) as client:
        asker = Asker(client)
        assert (await asker.ask("POST", "/v1/events/batch", batch))[0] == 202
        status, refusal = await asker.ask("POST", "/v1/events/batch", [*batch, large])
        assert (status, refusal["errors"][0]["pointer"]) == (413, "/5")
        assert (await asker.ask("POST", "/v1/events", large))[0] == 413


async def _published(client: Client, resources: ApiResources, document: Any) -> Received:
    async with resources.bus.tail(resources.topics.sources) as records:
        status, answer = await Asker(client).ask("POST", "/v1/events", document)
        assert status == 202, answer
        return await asyncio.wait_for(anext(records), 30)


def _read(record: Received) -> Event:
    return read_event(
        record.value,
        record.headers,
        fallback_id="none",
        default_source="none",
        default_environment=DEFAULT_ENVIRONMENT,
        received_at=record.published_at,
        limits=EventLimits(),
    )
