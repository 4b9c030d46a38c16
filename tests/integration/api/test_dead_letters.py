"""Dead letters: seen, tried again as they were, or let go, by their own environment alone."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from shared.bus.portions import BYTES_AT_ONCE
from shared.bus.protocol import Record
from shared.db.dead_letters import KEPT_MAX, keep_letters
from shared.db.pool import Pool
from shared.domain.ids import DEFAULT_ENVIRONMENT
from shared.domain.principals import Scope
from shared.domain.workflows import Workflow
from shared.wire.dead_letters import VALUE_BYTES_MAX, DeadLetter
from tests.integration.api.asking import OPERATOR, Asker
from tests.support.eventually import eventually
from tests.support.house import House, open_house
from tests.support.served import open_api
from tests.support.works import open_works, start_command, until, workflow

FLOW = workflow({"id": "only", "kind": "respond"})
GARBAGE = b"\xff\xfe no JSON"
SHORT = (
    "id, environment_id, at, reason, detail, pointer, topic, partition, record_offset, value_bytes,"
    " is_whole"
)
HEADERS = (("ce_type", b"go"), ("content-type", b"application/octet-stream\xff"))


@asynccontextmanager
async def open_both(database: str) -> AsyncIterator[tuple[House, Asker]]:
    """Every role on an event's way, and the operator of an API beside them."""
    async with open_house(database) as house, open_api(house, OPERATOR) as client:
        yield house, Asker(client, OPERATOR)


async def publish(house: House, value: bytes, headers: tuple[tuple[str, bytes], ...] = ()) -> None:
    """A record of a publisher, under a key."""
    topic = house.platform.topics.sources[0]
    await house.platform.bus.publish([Record(topic, b"key", value, headers)])


async def letters(house: House, count: int) -> None:
    """Until so many dead letters are kept."""
    await until(house.platform.pool, "SELECT count(*) FROM dead_letters", count)


async def listed(asker: Asker, query: str = "") -> list[Any]:
    """The letters that somebody sees."""
    items: list[Any] = (await asker.get(f"/v1/dead-letters{query}"))["items"]
    return items


def letter(number: int, **more: Any) -> DeadLetter:
    """A letter like any other."""
    said = {
        "reason": "EMPTY",
        "detail": "nothing\0",
        "pointer": "",
        "topic": "turnout.events",
        "partition": 0,
        "offset": number,
        "key": None,
        "value": None,
    }
    return DeadLetter(**{**said, **more})


async def keep(pool: Pool, *kept: DeadLetter) -> None:
    """Keep letters as a role does."""
    async with pool.acquire() as conn:
        await keep_letters(conn, kept, datetime.now(UTC), nobody=DEFAULT_ENVIRONMENT)


async def test_a_letter_shows_its_record_and_is_published_as_it_was(database: str) -> None:
    """Value, key and headers come again as they came; still of no use, they are another letter."""
    async with open_both(database) as (house, operator):
        await publish(house, GARBAGE, HEADERS)
        await letters(house, 1)
        first = (await listed(operator))[0]
        path = f"/v1/dead-letters/{first['id']}"
        shown = await operator.get(path)
        assert shown["key"] == "key"
        assert shown["value"] is None
        assert shown["value_base64"] == "//4gbm8gSlNPTg=="
        assert shown["headers"][0] == ["ce_type", "go"]
        async with house.platform.bus.tail(house.platform.topics.sources[:1]) as records:
            assert (await operator.ask("POST", f"{path}/retry"))[0] == 202
            again = await anext(records)
        assert (again.key, again.value, again.headers) == (b"key", GARBAGE, HEADERS)
        await eventually(lambda: len(house.letters()) == 2)
        await letters(house, 1)
        assert (await listed(operator))[0]["offset"] == first["offset"] + 1
        assert (await operator.ask("POST", f"{path}/retry"))[0] == 404
        assert [n["action"] for n in (await operator.get("/v1/audit"))["items"]] == [
            "dead-letter.retry"
        ]


async def test_what_came_too_early_runs_when_it_is_tried_again(database: str) -> None:
    """A start of a workflow that is not there is a dead letter until there is one."""
    async with open_both(database) as (house, operator):
        flow = uuid4()
        early = Workflow.model_construct(id=flow, environment_id=DEFAULT_ENVIRONMENT, version=1)
        id_, command = start_command(early)
        record = Record(house.platform.topics.commands, str(id_).encode(), command)
        await house.platform.bus.publish([record])
        await letters(house, 1)
        assert (await listed(operator, "?reason=UNKNOWN_WORKFLOW"))[0]["is_whole"]
        assert await listed(operator, "?reason=EMPTY") == []
        await house.register(FLOW, id=flow)
        status, told = await operator.ask("POST", "/v1/dead-letters/retry", {})
        assert (status, told["done"], told["left"]) == (200, 1, 0)
        await eventually(lambda: house.phases().count("completed") == 1)
        assert house.letters()[0]["reason"] == "UNKNOWN_WORKFLOW"
        await letters(house, 0)


async def test_a_conflict_is_its_environments_alone(database: str) -> None:
    """Another environment neither sees nor touches it; what is of nobody is the default one's."""
    async with open_both(database) as (house, operator):
        mine = await operator.new_environment("mine")
        me = await operator.key([Scope.READ, Scope.OPERATE], mine)
        for payload in (1, 2):
            await house.send("go", payload, id="twice", environment_id=mine)
        await publish(house, GARBAGE)
        await letters(house, 2)
        conflict = (await listed(me))[0]
        assert conflict["reason"] == "EVENT_CONFLICT"
        assert "hidden" in conflict["detail"]
        shown = await me.get(f"/v1/dead-letters/{conflict['id']}")
        assert "hidden" in shown["value"]
        assert "hidden" in shown["headers"]
        garbage = (await listed(operator))[0]
        assert garbage["reason"] == "UNREADABLE"
        for path in (f"{garbage['id']}/retry", f"{conflict['id']}/retry"):
            asker = me if path.startswith(garbage["id"]) else operator
            assert (await asker.ask("POST", f"/v1/dead-letters/{path}"))[0] == 404
        _, told = await me.ask("POST", "/v1/dead-letters/discard", {})
        assert (told["matched"], told["done"]) == (1, 1)
        assert [each["id"] for each in await listed(operator)] == [garbage["id"]]


async def test_a_preview_does_nothing_and_many_are_done_by_what_they_are(database: str) -> None:
    """Those that are not whole are left; a bound says when there are more."""
    async with open_both(database) as (house, operator):
        large = letter(3, value=b"x" * (VALUE_BYTES_MAX + 1))
        await keep(house.platform.pool, letter(1), letter(2), large, letter(4, reason="OTHER"))
        asked = {"reason": "EMPTY", "limit": 2, "preview": True}
        _, told = await operator.ask("POST", "/v1/dead-letters/discard", asked)
        assert told == {"preview": True, "matched": 2, "done": 0, "left": 0, "more": True}
        assert len(await listed(operator)) == 4
        _, told = await operator.ask("POST", "/v1/dead-letters/retry", {"reason": "EMPTY"})
        assert (told["matched"], told["done"], told["left"]) == (3, 2, 1)
        left = next(each for each in await listed(operator) if each["value_bytes"])
        assert left["value_bytes"] == VALUE_BYTES_MAX + 1
        status, problem = await operator.ask("POST", f"/v1/dead-letters/{left['id']}/retry")
        assert status == 409
        assert "too large" in problem["detail"]
        assert (await operator.ask("DELETE", f"/v1/dead-letters/{left['id']}"))[0] == 204
        assert left["id"] not in [each["id"] for each in await listed(operator)]


async def test_many_tried_at_once_do_not_wait_for_each_others_connections(database: str) -> None:
    """More at a time than there are connections: all are published, and others are answered."""
    async with open_both(database) as (house, operator):
        await keep(house.platform.pool, *(letter(number) for number in range(30)))
        kept = await listed(operator)
        async with asyncio.timeout(60):
            told = await asyncio.gather(
                *(operator.ask("POST", f"/v1/dead-letters/{each['id']}/retry") for each in kept)
            )
        assert [status for status, _ in told] == [202] * 30


async def test_what_records_held_is_read_where_it_is_needed_alone(database: str) -> None:
    """Lists, previews and discards of the largest letters take no memory for what they held."""
    async with open_works(database) as works, open_api(works, OPERATOR) as client:
        operator = Asker(client, OPERATOR)
        await keep(works.pool, letter(1), letter(2))
        await works.pool.execute("REVOKE SELECT ON dead_letters FROM turnout_tenant")
        await works.pool.execute(f"GRANT SELECT ({SHORT}) ON dead_letters TO turnout_tenant")
        assert len(await listed(operator)) == 2
        for path in ("retry", "discard"):
            _, told = await operator.ask("POST", f"/v1/dead-letters/{path}", {"preview": True})
            assert told["matched"] == 2
        _, told = await operator.ask("POST", "/v1/dead-letters/discard", {})
        assert told["done"] == 2


async def test_many_large_ones_are_published_in_portions(database: str) -> None:
    """What is published at once has a bound; none is left out, and each is as it was."""
    async with open_works(database) as works, open_api(works, OPERATOR) as client:
        operator, value = Asker(client, OPERATOR), b"x" * VALUE_BYTES_MAX
        await keep(works.pool, *(letter(n, key=str(n).encode(), value=value) for n in range(20)))
        _, told = await operator.ask("POST", "/v1/dead-letters/retry", {})
        assert (told["done"], told["left"]) == (20, 0)
        rows = await works.pool.fetch(
            "SELECT r.xmin::text AS at_once, key, value FROM bus_records AS r JOIN bus_topics"
            " USING (topic_id) WHERE name = $1",
            works.platform.topics.sources[0],
        )
        assert {row["key"] for row in rows} == {str(n).encode() for n in range(20)}
        assert all(row["value"] == value for row in rows)
        at_once = Counter(row["at_once"] for row in rows)
        assert max(at_once.values()) * len(value) <= BYTES_AT_ONCE


async def test_garbage_without_end_fills_no_disk(pool: Pool) -> None:
    """Of an environment the last letters are kept, and another's are not lost for them."""
    other = letter(0, environment_id=uuid4())
    await keep(pool, other)
    await keep(pool, *(letter(number) for number in range(KEPT_MAX)))
    await keep(pool, letter(KEPT_MAX), letter(KEPT_MAX + 1), letter(KEPT_MAX + 1))
    assert await pool.fetchval("SELECT count(*) FROM dead_letters") == KEPT_MAX + 1
    assert await pool.fetchval("SELECT max(record_offset) FROM dead_letters") == KEPT_MAX + 1
