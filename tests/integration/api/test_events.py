"""The routes of events."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson
from cloudevents.core.bindings.http import HTTPMessage, from_http
from cloudevents.core.bindings.kafka import KafkaMessage, from_structured
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from services.api.events.send_event import SOURCE
from services.api.resources import ApiResources
from shared.bus.protocol import Received
from shared.db.intake import Arrival, archive, ensure_days, keep_conflicts
from shared.domain.events import Event
from shared.domain.ids import DEFAULT_ENVIRONMENT, EventKey, WorkflowId, event_key, execution_id
from shared.wire.events import encode_event
from shared.wire.intake import EventLimits, read_event
from shared.wire.topics import Topics
from tests.integration.api.conftest import Client

TYPE = "integrated_account:connected"
PLAIN = {"id": "evt_1", "event": TYPE, "payload": {"id": "a", "name": "Zoë"}, "webhook_id": "w"}
SENT = {
    "specversion": "1.0",
    "id": "1",
    "source": "/crm",
    "type": TYPE,
    "subject": "acct-7",
    "time": "2026-11-22T10:00:00Z",
    "priority": "high",
    "data": {"n": [1, 2.5, None]},
}
BINARY = {
    "ce-specversion": "1.0",
    "ce-id": "1",
    "ce-source": "/crm",
    "ce-type": TYPE,
    "ce-subject": "acct-7",
    "ce-time": "2026-11-22T10:00:00Z",
    "ce-priority": "high",
    "Content-Type": "application/json",
}


async def test_an_accepted_event_is_on_the_source_topic(
    client: Client, resources: ApiResources
) -> None:
    """202 means published: as a CloudEvent that reads back with the key of the answer."""
    async with resources.bus.tail(Topics().sources) as records:
        async with client.post("/v1/events", json=PLAIN) as answer:
            accepted = await answer.json()
        assert answer.status == 202
        record = await asyncio.wait_for(anext(records), 30)
    key = event_key(DEFAULT_ENVIRONMENT, SOURCE, "evt_1")
    assert accepted == {"id": "evt_1", "key": str(key), "source": SOURCE, "event": TYPE}
    event = _read(record)
    assert (event.key, event.payload, event.attributes) == (
        key,
        PLAIN["payload"],
        {"webhookid": "w"},
    )
    assert record.key == b"evt_1"


async def test_cloud_events_are_accepted_in_both_modes(
    client: Client, resources: ApiResources
) -> None:
    """What the CloudEvents SDK sees is what was sent, and what is on the topic."""
    structured = {"Content-Type": "application/cloudevents+json"}
    async with resources.bus.tail(Topics().sources) as records:
        for body, headers in ((orjson.dumps(SENT), structured), (b'{"n":[1,2.5,null]}', BINARY)):
            async with client.post("/v1/events", data=body, headers=headers) as answer:
                accepted = await answer.json()
            assert answer.status == 202, accepted
            record = await asyncio.wait_for(anext(records), 30)
            ours, theirs = _read(record), _oracle(body, headers)
            published = _published(record)
            assert accepted["key"] == str(event_key(DEFAULT_ENVIRONMENT, "/crm", "1"))
            assert record.key == b"acct-7"
            for seen in (theirs, published):
                assert (ours.id, ours.source, ours.type) == (
                    seen.get_id(),
                    seen.get_source(),
                    seen.get_type(),
                )
                assert (ours.time, ours.subject) == (seen.get_time(), seen.get_subject())
                assert seen.get_extension("priority") == ours.attributes["priority"] == "high"
                assert seen.get_data() == ours.payload == SENT["data"]


async def test_an_event_without_an_id_gets_one(client: Client) -> None:
    """Two posts of one body without an id are two events."""
    keys = set()
    for _ in range(2):
        async with client.post("/v1/events", json={"event": "a"}) as answer:
            accepted = await answer.json()
        assert str(UUID(accepted["id"])) == accepted["id"]
        keys.add(accepted["key"])
    assert len(keys) == 2


async def test_an_event_is_explained(client: Client, resources: ApiResources) -> None:
    """Each workflow that awaits the event is listed with the reason, and what it started."""
    wanted: dict[str, dict[str, Any]] = {
        "MATCHED": {},
        "RUN_IF_FALSE": {"run_if": "payload.id = 'b'"},
        "RUN_IF_UNDEFINED": {"run_if": "payload.nothing"},
        "RUN_IF_ERROR": {"run_if": "payload.id + 1"},
        "INACTIVE": {"is_active": False},
        "DRAFT": {"draft": True},
    }
    ids = {
        reason: await _register(client, TYPE if reason != "MATCHED" else "integrated_*", more)
        for reason, more in wanted.items()
    }
    elsewhere = await _register(client, "something:else", {})
    event = await _archive(resources, "evt_1")
    later = await _register(client, TYPE, {})
    for path in (f"/v1/events/{event.key}", "/v1/events/evt_1?source=/crm"):
        found = await _get(client, path)
        assert (found["key"], found["payload"]) == (str(event.key), {"id": "a"})
        decisions = {d["workflow_id"]: d for d in found["decisions"]}
        assert {ids[reason]: reason for reason in wanted} == {
            workflow_id: d["reason"] for workflow_id, d in decisions.items()
        }
        started = WorkflowId(UUID(ids["MATCHED"]))
        matched = decisions[ids["MATCHED"]]
        assert matched["execution_id"] == str(execution_id(started, event.key))
        assert decisions[ids["RUN_IF_ERROR"]]["detail"]
        assert found["decisions_complete"]
    for workflow_id, reasons in ((elsewhere, ["NO_TRIGGER"]), (later, ["NOT_MADE_YET"])):
        found = await _get(client, f"/v1/events/{event.key}?workflow_id={workflow_id}")
        assert [d["reason"] for d in found["decisions"]] == reasons


async def test_a_decision_is_that_of_the_version_of_its_time(
    client: Client, resources: ApiResources
) -> None:
    """A workflow changed or deleted after the event still explains what it did then."""
    workflow_id = await _register(client, TYPE, {})
    event = await _archive(resources, "evt_1")
    body = {"name": "n", "triggers": [{"event_name": TYPE}], "run_if": "false"}
    async with client.put(f"/v1/workflows/{workflow_id}", json=body) as answer:
        assert (await answer.json())["version"] == 2
    async with client.delete(f"/v1/workflows/{workflow_id}"):
        pass
    (decision,) = (await _get(client, f"/v1/events/{event.key}"))["decisions"]
    assert (decision["workflow_version"], decision["reason"]) == (1, "MATCHED")


async def test_conflicting_records_are_shown(client: Client, resources: ApiResources) -> None:
    """What came under the same key with another body is listed beside the event."""
    event = await _archive(resources, "evt_1")
    arrival = _arrival(_event("evt_1", {"other": True}), "turnout.events/0@9")
    async with resources.engine() as conn:
        await keep_conflicts(conn, [arrival])
    (conflict,) = (await _get(client, f"/v1/events/{event.key}"))["conflicts"]
    assert conflict["origin"] == "turnout.events/0@9"
    assert conflict["record"]["data"] == {"other": True}


async def test_recent_events_are_walked_backwards(client: Client, resources: ApiResources) -> None:
    """Pages join without gap or repeat, the latest first; the type picks."""
    made = [str((await _archive(resources, f"evt_{n}")).key) for n in range(5)]
    seen: list[str] = []
    query = {"type": TYPE, "limit": "2"}
    while True:
        page = await _get(client, "/v1/events", query)
        seen += [event["key"] for event in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert seen == made[::-1]
    assert (await _get(client, "/v1/events", {"type": "else"}))["items"] == []


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


def _oracle(body: bytes, headers: Mapping[str, str]) -> CloudEvent:
    message = HTTPMessage(headers=dict(headers), body=body)
    seen = from_http(message, JSONFormat(), CloudEvent)
    assert isinstance(seen, CloudEvent)
    return seen


def _published(record: Received) -> CloudEvent:
    assert record.value is not None
    message = KafkaMessage(headers=dict(record.headers), key=None, value=record.value)
    seen = from_structured(message, JSONFormat(), CloudEvent)
    assert isinstance(seen, CloudEvent)
    return seen


async def _register(client: Client, event_name: str, more: Mapping[str, Any]) -> str:
    body = {"name": "n", "triggers": [{"event_name": event_name}], **more}
    async with client.post("/v1/workflows", json=body) as answer:
        created = await answer.json()
    assert answer.status == 201, created
    workflow_id: str = created["id"]
    return workflow_id


def _event(event_id: str, payload: Any) -> Event:
    return Event(
        key=event_key(DEFAULT_ENVIRONMENT, "/crm", event_id),
        environment_id=DEFAULT_ENVIRONMENT,
        type=TYPE,
        source="/crm",
        id=event_id,
        received_at=datetime.now(UTC),
        payload=payload,
    )


def _arrival(event: Event, origin: str) -> Arrival:
    return Arrival(
        key=EventKey(event.key),
        environment_id=event.environment_id,
        type=event.type,
        received_at=event.received_at,
        record=encode_event(event),
        body_hash=b"",
        origin=origin,
    )


async def _archive(resources: ApiResources, event_id: str) -> Event:
    event = _event(event_id, {"id": "a"})
    day = event.received_at.date()
    async with resources.engine() as conn, conn.transaction():
        await ensure_days(conn, day, day + timedelta(days=1))
        await archive(conn, [_arrival(event, f"turnout.events/0@{uuid4()}")])
    return event


async def _get(client: Client, path: str, query: Mapping[str, str] | None = None) -> Any:
    async with client.get(path, params=query) as answer:
        document = await answer.json(content_type=None)
    assert answer.status == 200, document
    return document
