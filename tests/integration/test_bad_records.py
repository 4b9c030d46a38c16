"""Records of strangers on the source topic: each ends where it should, and the next is read."""

import orjson
import pytest

from shared.domain.ids import DEFAULT_ENVIRONMENT
from tests.support.awaiting import decided
from tests.support.eventually import eventually
from tests.support.house import count, open_house

FINE = {"name": "w", "triggers": [{"event_name": "go"}], "steps": []}


def envelope(payload: bytes = b"{}", **fields: object) -> bytes:
    """A plain envelope whose payload is written as given."""
    head = orjson.dumps({"event": "go", **fields})[:-1]
    return head + b',"payload":' + payload + b"}"


BAD = {
    "nothing": (None, "EMPTY"),
    "an empty value": (b"", "EMPTY"),
    "no JSON": (b"{", "UNREADABLE"),
    "no UTF-8": (b'{"event":"\xff"}', "UNREADABLE"),
    "UTF-16": ('{"event":"go"}'.encode("utf-16"), "UNREADABLE"),
    "a byte order mark": (b'\xef\xbb\xbf{"event":"go"}', "UNREADABLE"),
    "NaN": (envelope(b"NaN"), "UNREADABLE"),
    "infinity": (envelope(b"1e400"), "UNREADABLE"),
    "a number of 5,000 digits": (envelope(b"1" * 5_000), "UNREADABLE"),
    "a lone surrogate": (envelope(b'"\\ud800"'), "UNREADABLE"),
    "a NUL in a text": (envelope(b'{"a":"x\\u0000y"}'), "NUL_CHARACTER"),
    "a NUL in a key": (envelope(b'{"\\u0000":1}'), "NUL_CHARACTER"),
    "65 levels": (envelope(b"[" * 65 + b"]" * 65), "TOO_DEEP"),
    "100,000 levels": (envelope(b"[" * 100_000 + b"]" * 100_000), "TOO_DEEP"),
    "200,000 bytes too many": (envelope(b'"' + b"x" * 462_144 + b'"'), "TOO_LARGE"),
    "20,000 keys": (
        envelope(orjson.dumps({str(n): 1 for n in range(20_000)})),
        "TOO_MANY_KEYS",
    ),
    "a list": (b'["go"]', "NOT_AN_OBJECT"),
    "a number": (b"1", "NOT_AN_OBJECT"),
    "no type": (b'{"payload":{}}', "MISSING_TYPE"),
    "a type of the wrong type": (envelope(event=7), "WRONG_TYPE"),
    "an id of the wrong type": (envelope(id=[7]), "WRONG_TYPE"),
    "a source of 300 bytes": (envelope(source="s" * 300), "TOO_LONG"),
    "a source of our own": (
        envelope(source="/turnout/workflows/018f2a6b-7c1d-7e3f-9a5b-1c2d3e4f5a6b/triggers/daily"),
        "RESERVED_SOURCE",
    ),
    "an environment that is none": (envelope(environment_id="home"), "BAD_ENVIRONMENT"),
    "a time that is none": (envelope(created_at="yesterday"), "BAD_TIME"),
    "a CloudEvent of another age": (
        b'{"specversion":"0.3","id":"1","source":"s","type":"go"}',
        "UNSUPPORTED_VERSION",
    ),
}


async def test_each_bad_record_is_a_dead_letter_and_its_neighbours_run(database: str) -> None:
    """Between any two bad records a good one is published: all good ones run, all bad are kept."""
    async with open_house(database) as house:
        await house.register(FINE)
        for value, _ in BAD.values():
            await house.publish(value, key=b"one partition")
            await house.send("go", {})
        await eventually(
            lambda: (
                house.phases().count("completed") == len(BAD) and len(house.letters()) == len(BAD)
            ),
        )
        reasons = [
            (name, letter["reason"]) for name, letter in zip(BAD, house.letters(), strict=True)
        ]
        assert reasons == [(name, reason) for name, (_, reason) in BAD.items()]
        assert await count(house.platform.pool, "events") == len(BAD)


async def test_a_record_with_a_huge_key_is_a_dead_letter_like_any_other(database: str) -> None:
    """A key of 600 kB does not keep the reason from being published."""
    async with open_house(database) as house:
        await house.register(FINE)
        await house.publish(b"[" * 400_000, key=b"k" * 600_000)
        await house.send("go", {})
        await eventually(lambda: "completed" in house.phases() and len(house.letters()) == 1)
        assert house.letters()[0]["value_bytes"] == 400_000


async def test_an_event_that_no_workflow_awaits_is_archived_and_starts_nothing(
    database: str,
) -> None:
    """An unknown type is no fault."""
    async with open_house(database) as house:
        await house.register(FINE)
        await house.send("unheard:of", {"a": 1})
        await house.send("go", {})
        await eventually(lambda: "completed" in house.phases())
        await decided(house, 2)
        assert await count(house.platform.pool, "events") == 2
        assert await count(house.platform.pool, "executions") == 1
        assert house.letters() == []


@pytest.mark.parametrize("run_if", ["$error('no')", "payload.x + 1 > 'a'", "$undefined_function()"])
async def test_a_condition_that_fails_is_no_match_and_is_counted(
    database: str, run_if: str
) -> None:
    """RUN_IF_ERROR: nothing starts, the metric says so, and the next workflow is not disturbed."""
    async with open_house(database) as house:
        await house.register({**FINE, "run_if": run_if})
        good = await house.register(FINE)
        await house.send("go", {"x": 1})
        await eventually(lambda: "completed" in house.phases())
        started = await house.platform.pool.fetchval("SELECT workflow_id FROM executions")
        assert started == good.id
        sample = house.platform.registry.get_sample_value(
            "turnout_decisions_total",
            {"environment": str(DEFAULT_ENVIRONMENT), "reason": "RUN_IF_ERROR"},
        )
        assert sample == 1
