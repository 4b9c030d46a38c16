"""``turnout doctor conservation``: every loss is found by its id, and only losses are."""

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

import orjson
import pytest

from services.cli.doctor.conservation.report import Stage
from shared.bus.protocol import Record
from shared.domain.ids import execution_id
from tests.integration.cli.command import Done, turnout
from tests.support.conserved import EVENTS, HOUR, Copy

pytestmark = pytest.mark.xdist_group("conserved")

EVENT = "SELECT key FROM events WHERE type = 'go' ORDER BY key LIMIT 1"
# Whose command is not the first of its partition: that one could have been deleted by its age.
CALLER = (
    "SELECT id FROM executions WHERE lineage IS NULL AND command_offset > 0 ORDER BY id LIMIT 1"
)
CHILD = "SELECT id FROM executions WHERE lineage IS NOT NULL ORDER BY id LIMIT 1"
JSON = "convert_from(value, 'UTF8')::json"


def record(topic: str, *, but_first: bool = True) -> str:
    """The place of a record on a topic of which another one is older."""
    return (
        "(topic_id, partition, record_offset) = (SELECT topic_id, partition, record_offset"
        " FROM bus_records JOIN bus_topics USING (topic_id)"
        f" WHERE name = 'turnout.{topic}' AND (record_offset > 0) = {but_first}"
        " ORDER BY partition, record_offset LIMIT 1)"
    )


DOCTORED = {
    "event_not_archived": f"DELETE FROM events WHERE key = ({EVENT}) RETURNING key",
    "event_missing": (
        f"WITH k AS ({EVENT}), e AS (DELETE FROM events USING k WHERE events.key = k.key),"
        " gone AS (DELETE FROM event_keys USING k WHERE event_keys.key = k.key),"
        " x AS (UPDATE executions SET event_key = k.key FROM k WHERE id IN"
        " (SELECT id FROM executions WHERE lineage IS NULL) AND event_key = k.key RETURNING id)"
        " SELECT id FROM x"
    ),
    "key_lost": f"DELETE FROM event_keys WHERE key = ({EVENT}) RETURNING key",
    "record_lost": (
        "DELETE FROM bus_records WHERE topic_id = (SELECT topic_id FROM bus_topics"
        f" WHERE name = 'turnout.dead-letters') AND {JSON} -> 'data' ->> 'reason'"
        " <> 'EVENT_CONFLICT'"
        f" RETURNING regexp_replace({JSON} ->> 'id', ':[^:]*$', '')"
    ),
    "conflict_lost": "DELETE FROM event_conflicts RETURNING origin",
    "event_not_passed_on": (
        f"DELETE FROM bus_records WHERE {record('triggers')} RETURNING {JSON} ->> 'turnoutkey'"
    ),
    "event_differs": (
        "UPDATE bus_records SET value = value || ' '::bytea"
        f" WHERE {record('triggers')} RETURNING {JSON} ->> 'turnoutkey'"
    ),
    "execution_missing": (
        f"WITH x AS (DELETE FROM executions WHERE id = ({CALLER}) RETURNING id)"
        " DELETE FROM execution_log USING x WHERE execution_id = x.id RETURNING x.id"
    ),
    "start_missing": (
        f"WITH x AS (DELETE FROM executions WHERE id = ({CALLER}) RETURNING id),"
        " l AS (DELETE FROM execution_log USING x WHERE execution_id = x.id)"
        " DELETE FROM bus_records USING x"
        " WHERE strpos(convert_from(value, 'UTF8'), '\"id\":\"' || x.id || '\"') > 0 RETURNING x.id"
    ),
    "wrong_id": (
        f"UPDATE executions SET event_key = gen_random_uuid() WHERE id = ({CALLER}) RETURNING id"
    ),
    "log_missing": (
        f"DELETE FROM execution_log WHERE execution_id = ({CHILD}) RETURNING execution_id"
    ),
    "log_gap": (
        f"DELETE FROM execution_log WHERE execution_id = ({CALLER}) AND position = 2"
        " RETURNING execution_id"
    ),
    "wrong_end": (
        f"UPDATE execution_log SET phases = '{{}}' WHERE execution_id = ({CHILD})"
        " AND phases && '{completed}' RETURNING execution_id"
    ),
    "unknown_step": (
        f"UPDATE execution_log SET step_id = 'nobody' WHERE execution_id = ({CHILD})"
        " AND step_id = 'say' RETURNING execution_id || ':' || position"
    ),
    "settled_twice": (
        f"UPDATE execution_log SET step_id = 'first' WHERE execution_id = ({CALLER})"
        " AND step_id = 'fails' RETURNING execution_id || ':' || position"
    ),
    "not_published": (
        f"DELETE FROM bus_records WHERE {record('step-results')} RETURNING {JSON} ->> 'id'"
    ),
    "other_bytes": (
        "UPDATE bus_records SET value = value || ' '::bytea"
        f" WHERE {record('executions')} RETURNING {JSON} ->> 'id'"
    ),
}


@pytest.mark.parametrize("code", DOCTORED)
async def test_a_loss_is_found_by_its_id(copy: Copy, code: str) -> None:
    """Of a history tampered with in one place, that place is named."""
    id_ = await copy.pool.fetchval(DOCTORED[code])
    assert id_ is not None
    assert (code, str(id_)) in await copy.found()


def set_back(group: str) -> str:
    """A group of consumers that has passed nothing yet."""
    return f"UPDATE bus_positions SET position = 0 WHERE group_name = 'turnout.{group}'"


CURSORS = {
    "event_not_archived": set_back("trigger-ingest"),
    "event_not_passed_on": set_back("trigger-ingest"),
    "start_missing": set_back("matcher"),
    "execution_missing": "UPDATE partition_owners SET consumed_offset = 0",
    "not_published": "UPDATE partition_owners SET emitted_seq = 0",
}


@pytest.mark.parametrize("code", CURSORS)
async def test_what_a_cursor_has_not_passed_is_in_flight(copy: Copy, code: str) -> None:
    """What would be a loss is on its way while the stage before it has not come so far."""
    await copy.pool.execute(CURSORS[code])
    assert await copy.pool.fetchval(DOCTORED[code]) is not None
    report = await copy.report()
    assert code not in {finding.code for finding in report.findings.values()}
    assert sum(counts.in_flight for counts in report.stages.values()) > 0


async def test_what_is_decided_late_is_in_flight(copy: Copy) -> None:
    """An event whose workflows could not all be decided at once has not been lost."""
    await copy.pool.execute(
        "INSERT INTO late_events (environment_id, event_key, late_since, first_workflow_id, event)"
        " SELECT environment_id, key, now(), gen_random_uuid(), '' FROM events"
    )
    assert await copy.pool.fetchval(DOCTORED["start_missing"]) is not None
    report = await copy.report()
    assert "start_missing" not in {finding.code for finding in report.findings.values()}
    assert sum(counts.in_flight for counts in report.stages.values()) > 0


async def test_what_comes_from_nowhere_is_found(copy: Copy) -> None:
    """A record that no event, and one that no log entry stands behind, is named."""
    stray = uuid4()
    places = (("turnout.triggers", "turnoutkey", EVENT), ("turnout.step-results", "subject", CHILD))
    for topic, field, old in places:
        known = str(await copy.pool.fetchval(old))
        value: bytes = await copy.pool.fetchval(
            "SELECT value FROM bus_records JOIN bus_topics USING (topic_id) WHERE name = $1"
            " AND strpos(convert_from(value, 'UTF8'), $2) > 0 LIMIT 1",
            *(topic, f'"{field}":"{known}"'),
        )
        changed = value.replace(known.encode(), str(stray).encode())
        await copy.bus.publish([Record(topic=topic, key=b"k", value=changed)])
    found = await copy.found()
    assert ("event_unknown", str(stray)) in found
    assert [id_ for code, id_ in found if code == "not_in_log" and str(stray) in id_]


async def test_an_execution_that_nothing_decided_is_found(copy: Copy) -> None:
    """An execution of an event that its workflow does not match is named."""
    workflow_id = await copy.pool.fetchval(
        f"SELECT workflow_id FROM executions WHERE id = ({CALLER})"
    )
    key = await copy.pool.fetchval("SELECT key FROM events WHERE record ->> 'id' = 'e0'")
    id_ = execution_id(workflow_id, key)
    await copy.pool.execute(
        "INSERT INTO executions (id, partition, command_offset, environment_id, workflow_id,"
        " workflow_version, event_key, created_at, status, updated_at, finished_at, steps_settled)"
        " SELECT $1, partition, command_offset, environment_id, workflow_id, workflow_version, $2,"
        f" created_at, status, updated_at, finished_at, steps_settled FROM executions"
        f" WHERE id = ({CALLER})",
        *(id_, key),
    )
    assert ("not_decided", str(id_)) in await copy.found()


async def test_repeats_are_shown_and_no_fault(copy: Copy) -> None:
    """What was delivered twice with the same bytes is told by its id, and nothing is wrong."""
    ids = []
    for topic in ("triggers", "step-results", "executions"):
        row = await copy.pool.fetchrow(f"SELECT key, value FROM bus_records WHERE {record(topic)}")
        assert row is not None
        told = orjson.loads(row["value"])
        ids.append(told.get("turnoutkey") or told["id"])
        await copy.bus.publish(
            [Record(topic=f"turnout.{topic}", key=row["key"], value=row["value"])]
        )
    report = await copy.report()
    assert report.is_clean
    assert set(ids) <= {repeat.id for repeat in report.repeats}


async def test_what_is_in_flight_or_deleted_in_time_is_no_loss(copy: Copy) -> None:
    """Beyond the cursors nothing is missed, nor is what a topic has let go of."""
    await copy.pool.execute("UPDATE partition_owners SET emitted_seq = 0")
    await copy.pool.execute(f"DELETE FROM bus_records WHERE {record('executions')}")
    for topic in ("triggers", "commands"):
        await copy.pool.execute(f"DELETE FROM bus_records WHERE {record(topic, but_first=False)}")
    report = await copy.report()
    assert list(report.findings.values()) == []
    assert report.stages[Stage.LOG].in_flight == report.stages[Stage.LOG].checked > 0
    assert report.stages[Stage.ARCHIVE].not_checked == 1


async def test_the_command_tells_by_its_exit_code(copy: Copy) -> None:
    """0 and a clean document; 1 and the id after a loss; only one environment when asked."""
    began = (datetime.now(UTC) - HOUR).isoformat()

    async def run(*more: str) -> Done:
        arguments = ("doctor", "conservation", "--from", began, *more)
        return await asyncio.to_thread(turnout, *arguments, env={"DATABASE_URL": copy.dsn})

    clean = await run("--json")
    assert (clean.code, clean.err) == (0, "")
    assert clean.json["is_clean"]
    assert clean.json["stages"]["published"]["checked"] > EVENTS
    gone = str(await copy.pool.fetchval(DOCTORED["not_published"]))
    dirty = await run()
    assert dirty.code == 1
    assert gone in dirty.out
    assert (await run("--environment", str(uuid4()))).code == 0
    assert (await run("--to", "2020-01-01T00:00:00Z")).code == 2
