"""``turnout doctor conservation`` accuses nobody: what looks like a loss and is none."""

import asyncio
from datetime import timedelta
from functools import partial
from threading import Thread
from typing import Any

import asyncpg
import orjson
import pytest
from pydantic import SecretStr

from services.cli.doctor.conservation.report import Report, Stage
from shared.bus.local import open_local_bus
from shared.bus.placing import Placer
from shared.db.pool import open_pool
from shared.runtime.clock import SystemClock
from shared.runtime.settings import PostgresSettings
from tests.integration.test_conservation_losses import CALLER, CHILD, DOCTORED
from tests.integration.test_made_anew import MADE_ANEW
from tests.support.awaiting import wait
from tests.support.conserved import EVENTS, PASSED, Copy, looked_at
from tests.support.crowd import open_crowd
from tests.support.eventually import eventually
from tests.support.house import House, open_house, settings_of
from tests.support.metrics import total
from tests.support.works import NOTE, caught_up, transform, until, workflow

pytestmark = pytest.mark.xdist_group("conserved")

DAYS = timedelta(days=2)
LETTERS = "topic_id = (SELECT topic_id FROM bus_topics WHERE name = 'turnout.dead-letters')"
TODAY = "(now() AT TIME ZONE 'UTC')::date"
RESTING = "SELECT count(*) FROM executions WHERE status IN ('WAITING', 'RETRYING')"
TOLD = "SELECT count(*) FROM inbox"


def has_letters(house: House, count: int) -> bool:
    """Whether so many dead letters were heard."""
    return len(house.letters()) == count


def resting(called: object, port: int) -> list[dict[str, Any]]:
    """Steps that do not end by themselves within an hour: each rests in another way."""
    slow = {"initial_interval_s": 3_000, "max_interval_s": 3_600, "total_s": 86_400}
    call = {
        "action": "http_request",
        "input": {"src": {"url": f"http://127.0.0.1:{port}/"}},
        "retry": {"max_attempts": 2, **slow},
    }
    return [
        {"id": "s", "kind": "sleep", "sleep": {"duration_s": 3_600}},
        {"id": "s", "kind": "approval"},
        wait(event_name="never"),
        {"id": "s", **call},
        {"id": "s", "kind": "iterator", "iterator": {"items": {"src": [1, 2]}, "body": call}},
        {"id": "s", "kind": "subworkflow", "subworkflow": {"workflow_id": str(called)}},
    ]


def codes(report: Report) -> set[str]:
    """What is wrong."""
    return {finding.code for finding in report.findings.values()}


async def test_results_without_their_values_are_as_published(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A result that its topic does not take whole is no other one; one that is changed still is."""
    async with open_house(database) as house:
        pool, bus = house.platform.pool, house.platform.bus
        monkeypatch.setattr(bus, "_placer", Placer(record_bytes_max=20_000))
        await house.register(workflow(transform("large", "$pad('', 30000, 'x')")))
        await house.send("go", {})
        await until(pool, "SELECT count(*) FROM executions WHERE finished_at IS NOT NULL", 1)
        await caught_up(house)
        topic = house.platform.topics.step_results
        held = f"(SELECT topic_id FROM bus_topics WHERE name = '{topic}')"
        value = await pool.fetchval(f"SELECT value FROM bus_records WHERE topic_id = {held}")
        assert orjson.loads(value)["data"]["truncated"]
        created = await pool.fetchval("SELECT created_at + interval '1 us' FROM executions")
        given = settings_of(database)
        for since in (None, created):  # within the span, and of an execution before it
            report = await looked_at(pool, bus, given, since=since)
            assert list(report.findings.values()) == []
            assert report.stages[Stage.PUBLISHED].checked >= 3
        await pool.execute(
            f"UPDATE bus_records SET value = value || ' '::bytea WHERE topic_id = {held}"
        )
        for since in (None, created):
            assert codes(await looked_at(pool, bus, given, since=since)) == {"other_bytes"}


async def test_what_is_under_way_is_found_again(database: str, held_port: int) -> None:
    """What runs, rests, is held for want of room or waits for its turn; by that, and no other way.

    Without timers and waits only what runs would be found, and it is by its command.
    """
    more = {"egress": {"allow_loopback": True}, "concurrency": {"executions_max": 2}}
    async with open_crowd() as crowd, open_house(database, **more) as house:
        pool, bus = house.platform.pool, house.platform.bus
        crowd.gate.clear()
        ask = {"id": "s", "kind": "approval"}
        called = await house.register({**workflow(ask), "triggers": [{"kind": "workflow"}]})
        steps = resting(called.id, held_port)
        for step in steps:
            await house.register(workflow(step))
        policy = {"concurrency_key": {"src": "k"}}
        turns = {**workflow(ask), "triggers": [{"event_name": "turn"}], "policy": policy}
        await house.register(turns)
        await house.register({**workflow(crowd.step()), "triggers": [{"event_name": "hang"}]})
        await house.send("go", {})
        await house.send("turn", {})
        await house.send("turn", {})
        await until(pool, RESTING, len(steps) + 3)
        # Whoever still leaves memory has a place in it, and what was held goes on as WAITING.
        await eventually(lambda: total(house.platform.registry, "turnout_executions_active") == 0)
        for _ in range(4):
            await house.send("hang", {"key": "a"})
        await until(pool, RESTING, len(steps) + 5)
        await eventually(lambda: len(crowd.paths) == 2)
        await until(pool, TOLD, 0)
        given = settings_of(database)
        report = await looked_at(pool, bus, given)
        assert list(report.findings.values()) == []
        assert report.stages[Stage.EXECUTIONS].checked >= len(steps) + 7
        await pool.execute("DELETE FROM timers")
        await pool.execute("DELETE FROM waits")
        report = await looked_at(pool, bus, given)
        assert codes(report) == {"execution_forgotten"}
        assert len(report.findings) == len(steps) + 5
        crowd.gate.set()


def completing() -> list[dict[str, Any]]:
    """Workflows that complete though some of their steps do not run."""
    a, off = transform("a", "1"), {"run_if": "false"}
    rest = {"id": "rest", "kind": "sleep", "sleep": {"duration_s": 3_600}}
    ends = {"id": "ends", "kind": "terminate", "depends_on": ["a"]}
    loop = {"items": {"src": [1]}, "body": {"action": "transform", "input": {"src": 1}}}
    filtered = {
        "annotations": [{"entity_type": "thing", "target_path": "thing"}],
        "filters": {"thing.ok": {"~eq": "no"}},
        "result": {"src": 1},
    }
    return [
        workflow(),
        workflow(a, {**rest, "depends_on": ["a"]}, ends, {**NOTE, "depends_on": ["rest"]}),
        {**workflow({**a, **off}, NOTE), "edges": [{"source": "a", "target": "note"}]},
        workflow({**transform("a", "$error('no')"), "on_failure": "continue"}, {**NOTE, **off}),
        workflow({"id": "a", "kind": "iterator", "iterator": loop}),
        {**workflow(NOTE), "policy": {"concurrency_key": {"src": "k"}}, "result": {"src": 1}},
        {**workflow(NOTE), **filtered},
    ]


async def test_every_way_to_complete_is_whole(database: str) -> None:
    """By skipping steps, by ending early, or without having any; else what is missing is named."""
    async with open_crowd() as crowd:
        more = {
            "egress": {"allow_loopback": True},
            "resolvers": {"thing": {"url": str(crowd.server.make_url("/"))}},
        }
        async with open_house(database, **more) as house:
            pool, bus = house.platform.pool, house.platform.bus
            flows = [await house.register(flow) for flow in completing()]
            await house.send("go", {})
            done = "SELECT count(*) FROM executions WHERE status = 'COMPLETED'"
            await until(pool, done, len(flows))
            await caught_up(house)
            assert crowd.paths == ["/"]
            notes = "SELECT count(*) FROM execution_log WHERE step_id = 'note' AND status = "
            assert await pool.fetchval(notes + "'COMPLETED'") == 1
            report = await looked_at(pool, bus, settings_of(database))
            assert list(report.findings.values()) == []


async def test_a_letter_that_may_have_been_deleted_is_not_missed(copy: Copy) -> None:
    """Letters may go before what they are about; for a day they are all there."""
    places = await copy.pool.fetch(f"DELETE FROM bus_records WHERE {LETTERS} RETURNING 1")
    assert len(places) == 2
    await copy.pool.execute(DOCTORED["execution_missing"])
    assert codes(await copy.report()) >= {"record_lost", "conflict_lost", "execution_missing"}
    report = await copy.report(later=DAYS)
    # What the execution called and published is still there.
    assert codes(report) == {"origin_missing", "not_in_log"}
    assert report.stages[Stage.SOURCES].not_checked == 2
    assert report.stages[Stage.EXECUTIONS].not_checked == 1


async def test_an_archive_shorter_than_its_topics_loses_nothing(copy: Copy) -> None:
    """Events of dropped days still stand on the source topic and on triggers."""
    await copy.pool.execute(f"SELECT ensure_event_days({TODAY} + 1, {TODAY} + 2)")
    await copy.pool.execute(f"SELECT drop_event_days({TODAY} + 1)")
    await copy.pool.execute("DELETE FROM event_keys")
    report = await copy.report()
    assert list(report.findings.values()) == []
    assert report.stages[Stage.ARCHIVE].not_checked == EVENTS + 1


async def test_days_that_are_dropped_meanwhile_are_no_loss(copy: Copy) -> None:
    """The archive may let go of a day while it is looked through."""

    async def drop() -> None:
        conn = await asyncpg.connect(copy.dsn)
        await conn.execute(f"SELECT drop_event_days({TODAY} + 1)")
        await conn.close()

    def tell(stage: str) -> None:
        if stage.startswith("archive"):  # in a thread, for the walk is not to go on before
            thread = Thread(target=asyncio.run, args=(drop(),))
            thread.start()
            thread.join()

    await copy.pool.execute(f"SELECT ensure_event_days({TODAY} + 1, {TODAY} + 2)")
    report = await looked_at(copy.pool, copy.bus, settings_of(copy.dsn), tell=tell)
    assert list(report.findings.values()) == []
    assert report.stages[Stage.EXECUTIONS].not_checked == EVENTS - 2


async def test_what_came_after_a_topic_was_made_anew_was_told_of(database: str) -> None:
    """Another record without an id stands where one stood: kept apart, and a dead letter."""
    postgres = PostgresSettings(dsn=SecretStr(database))
    for n in range(2):
        async with open_house(database, member="one") as house:
            await house.publish(b'{"event": "tick", "payload": %d}' % n, key=b"k")
            await until(house.platform.pool, "SELECT count(*) FROM events", 1)
            await eventually(partial(has_letters, house, n))
            await until(house.platform.pool, PASSED)
        async with open_pool(postgres) as pool, open_local_bus(pool, SystemClock()) as bus:
            report = await looked_at(pool, bus, settings_of(database))
            assert list(report.findings.values()) == []
            assert report.stages[Stage.SOURCES].checked == 1
            await pool.execute(MADE_ANEW if n == 0 else f"DELETE FROM bus_records WHERE {LETTERS}")
            found = await looked_at(pool, bus, settings_of(database))
            assert codes(found) == ({"conflict_lost"} if n else set())


@pytest.mark.parametrize(("is_active", "after"), [(True, 1), (False, 30)], ids=["on", "off"])
async def test_who_changed_before_the_matcher_came_may_not_have_matched(
    copy: Copy, *, is_active: bool, after: int
) -> None:
    """A workflow switched off long after its event may have been so when the matcher came to it.

    One that would have matched all the time was to be started, however often it was changed.
    """
    id_ = await copy.pool.fetchval(DOCTORED["start_missing"])
    await copy.pool.execute(
        "INSERT INTO workflow_changes (workflow_id, version, is_active, is_deleted, changed_at)"
        " SELECT id, version, $1, false, now() + make_interval(mins => m)"
        " FROM workflows CROSS JOIN generate_series($2, 60) AS m",
        *(is_active, after),
    )
    report = await copy.report(later=DAYS)
    named = {f.id for f in report.findings.values() if f.code == "start_missing"}
    assert named == ({str(id_)} if is_active else set())
    assert report.stages[Stage.DECISIONS].not_checked == (0 if is_active else 1)


async def test_a_replay_of_long_ago_is_no_fault(copy: Copy) -> None:
    """Its event's day and key are gone, though it began today."""
    key = await copy.pool.fetchval(f"SELECT event_key FROM executions WHERE id = ({CALLER})")
    await copy.pool.execute("DELETE FROM events WHERE key = $1", key)
    await copy.pool.execute("DELETE FROM event_keys WHERE key = $1", key)
    assert "event_missing" in codes(await copy.report())
    await copy.pool.execute(
        "UPDATE execution_log SET input = jsonb_set(input::jsonb, '{receivedat}',"
        " '\"2026-01-01T00:00:00Z\"')::json WHERE position = 1 AND execution_id IN"
        " (SELECT id FROM executions WHERE event_key = $1)",
        key,
    )
    report = await copy.report()
    assert "event_missing" not in codes(report)
    assert report.stages[Stage.EXECUTIONS].not_checked == 1


async def test_a_start_by_hand_need_not_match_the_event_of_its_key(copy: Copy) -> None:
    """Of old such starts the key may be an event's that its workflow does not await."""
    await copy.pool.execute(
        "UPDATE workflow_versions SET definition = jsonb_set(definition::jsonb,"
        " '{triggers,0,event_name}', '\"else\"')::json WHERE definition::text LIKE '%\"go\"%'"
    )
    id_ = await copy.pool.fetchval(
        "UPDATE execution_log SET input = jsonb_set(input::jsonb, '{type}',"
        f" '\"workflow:started\"')::json WHERE position = 1 AND execution_id = ({CALLER})"
        " RETURNING execution_id"
    )
    found = {named for code, named in await copy.found() if code == "not_decided"}
    assert len(found) == EVENTS - 3
    assert str(id_) not in found


async def test_a_text_with_a_null_character_ends_no_walk(copy: Copy) -> None:
    """What a step gives to an execution that it calls may hold what Postgres does not read."""
    await copy.pool.execute(
        f"UPDATE execution_log SET input = $1 WHERE position = 1 AND execution_id = ({CHILD})",
        '{"type": "workflow:called", "receivedat": "now", "data": "\\u0000 \\\\u0000"}',
    )
    assert (await copy.report()).is_clean
