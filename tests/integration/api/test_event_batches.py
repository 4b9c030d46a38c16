"""Many events at once: all are taken, or none."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest

from services.api.events.send_event import BATCH_MAX, SOURCE
from services.api.resources import ApiResources
from services.api.settings import ApiSettings
from shared.domain.ids import DEFAULT_ENVIRONMENT, EnvironmentId, event_key
from shared.domain.principals import Scope
from shared.wire.events import decode_event
from shared.wire.strict_json import JsonLimits
from shared.wire.topics import Topics
from tests.integration.api.asking import OPERATOR, Asker
from tests.integration.api.conftest import Client, Serve

BATCH = "/v1/events/batch"
CLOUD = {"specversion": "1.0", "id": "c", "source": "/s", "type": "a:b", "data": {"n": 1}}


async def published(resources: ApiResources) -> int:
    """How many events are on the source topic."""
    ends = (
        "SELECT coalesce(sum(next_offset), 0) FROM bus_partitions JOIN bus_topics USING (topic_id)"
    )
    found: int = await resources.pool.fetchval(
        f"{ends} WHERE name = ANY ($1)", list(Topics().sources)
    )
    return found


async def test_each_event_of_a_batch_is_taken_as_it_would_be_alone(
    client: Client, resources: ApiResources
) -> None:
    """Every form, in the order of the array; those without an id get one of their own."""
    other = str(uuid4())
    batch: list[Any] = [
        {"event": "a:b", "id": "1", "payload": {"n": [1, None, "é"]}, "extra": 1},
        CLOUD,
        {"event": "a:b"},
        {"event": "a:b", "environment_id": other, "id": "1"},
    ]
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    async with resources.bus.tail(Topics().sources) as records:
        status, document = await Asker(client).ask("POST", BATCH, batch, traceparent=trace)
        assert status == 202, document
        seen = [await asyncio.wait_for(anext(records), 30) for _ in batch]
    taken = document["items"]
    events = {str(e.key): e for e in (decode_event(orjson.loads(r.value or b"")) for r in seen)}
    assert [one["key"] for one in taken[:2]] == [
        str(event_key(DEFAULT_ENVIRONMENT, SOURCE, "1")),
        str(event_key(DEFAULT_ENVIRONMENT, "/s", "c")),
    ]
    assert taken[3]["key"] == str(event_key(EnvironmentId(UUID(other)), SOURCE, "1"))
    assert events.keys() == {one["key"] for one in taken}
    assert events[taken[0]["key"]].payload == batch[0]["payload"]
    assert events[taken[1]["key"]].payload == {"n": 1}
    assert {event.attributes["traceparent"] for event in events.values()} == {trace}
    assert str(UUID(taken[2]["id"])) == taken[2]["id"]


@pytest.mark.parametrize(
    ("batch", "status", "pointers"),
    [
        (
            [{"event": "a:b"}, {}, {"event": "a:b", "time": "now"}, 1],
            422,
            ["/1/event", "/2/time", "/3"],
        ),
        ([{"event": "a:b"}, {"event": ""}], 422, ["/1/event"]),
        ([{"event": "a:b"}, {**CLOUD, "Bad": 1}], 422, ["/1/Bad"]),
        (
            [{"event": "a:b"}, {"event": "a:b", "payload": {str(n): n for n in range(10_001)}}],
            400,
            ["/1"],
        ),
        ([{"event": "a:b", "payload": "\0"}], 400, ["/0/payload"]),
        ({"event": "a:b"}, 422, [""]),
        ([], 400, [""]),
        ([{"event": "a:b"}] * (BATCH_MAX + 1), 413, [""]),
    ],
)
async def test_one_that_is_no_event_keeps_all_from_being_taken(
    client: Client, resources: ApiResources, batch: Any, status: int, pointers: list[str]
) -> None:
    """Each fault is named by its place in the array, and nothing is published."""
    found, document = await Asker(client).ask("POST", BATCH, batch)
    assert found == status, document
    assert [fault["pointer"] for fault in document["errors"]] == pointers
    assert await published(resources) == 0


async def test_a_batch_is_as_long_as_it_may_be(client: Client, resources: ApiResources) -> None:
    """1,000 events are taken; more bytes than a body may have, or nested deeper, are not."""
    asker, limits = Asker(client), JsonLimits()
    status, document = await asker.ask("POST", BATCH, [{"event": "a:b"}] * BATCH_MAX)
    assert (status, len(document["items"])) == (202, BATCH_MAX)
    assert len({one["key"] for one in document["items"]}) == BATCH_MAX
    deep = orjson.loads("[" * (limits.depth_max - 1) + "]" * (limits.depth_max - 1))
    assert (await asker.ask("POST", BATCH, [{"event": "a:b", "payload": deep}]))[0] == 202
    status, document = await asker.ask("POST", BATCH, [{"event": "a:b", "payload": [deep]}])
    assert (status, document["errors"][0]["pointer"]) == (400, "/0")
    bottomless, kind = b"[" * 500 + b"]" * 500, {"Content-Type": "application/json"}
    async with client.post(BATCH, data=bottomless, headers=kind) as answer:
        assert answer.status == 400, await answer.text()
    large = [{"event": "a:b", "payload": "x" * ApiSettings().body_bytes_max}]
    assert (await asker.ask("POST", BATCH, large))[0] == 413
    assert await published(resources) == BATCH_MAX + 1


async def test_a_batch_of_cloud_events_says_so(client: Client) -> None:
    """Under CloudEvents' own name for it each has to be one."""
    for documents, status in (([CLOUD, CLOUD], 202), ([CLOUD, {"event": "a:b"}], 422)):
        async with client.post(
            BATCH,
            data=orjson.dumps(documents),
            headers={"Content-Type": "application/cloudevents-batch+json"},
        ) as answer:
            assert answer.status == status, await answer.text()
    async with client.post(BATCH, data=b"[]", headers={"Content-Type": "text/plain"}) as answer:
        assert answer.status == 415


async def test_a_batch_names_no_environment_that_is_not_its_senders(
    serve: Serve, resources: ApiResources
) -> None:
    """One event of another's environment, and nothing of it is published."""
    operator = Asker(await serve(OPERATOR), OPERATOR)
    mine = await operator.new_environment("mine")
    asker = await operator.key([Scope.PUBLISH], mine)
    batch = [{"event": "a:b"}, {"event": "a:b", "environment_id": str(uuid4())}]
    assert (await asker.ask("POST", BATCH, batch))[0] == 403
    assert await published(resources) == 0
    batch[1]["environment_id"] = mine
    assert (await asker.ask("POST", BATCH, batch))[0] == 202
    assert await published(resources) == 2


async def test_a_batch_sent_again_with_its_key_has_the_same_ids(client: Client) -> None:
    """Events without ids of their own are told apart by their places."""
    asker, batch = Asker(client), [{"event": "a:b"}, {"event": "a:b"}]
    first = await asker.ask("POST", BATCH, batch, Idempotency_Key="k")
    assert await asker.ask("POST", BATCH, batch, Idempotency_Key="k") == first
    assert len({one["id"] for one in first[1]["items"]}) == 2
