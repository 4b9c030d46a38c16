"""``turnout doctor conservation`` where what is kept was damaged, and where it only looks so."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import orjson
import pytest

from services.cli.doctor.conservation.report import Stage
from shared.bus.protocol import Record
from shared.db.actions import put_action
from shared.domain.actions import ActionSpec, Transport
from shared.domain.ids import DEFAULT_ENVIRONMENT, EventKey, WorkflowId, replayed_id
from shared.wire.commands import encode_start
from shared.wire.lineage import Lineage, Replay
from tests.integration.test_conservation_losses import CALLER, CHILD, EVENT
from tests.support.conserved import Copy, looked_at
from tests.support.house import House, open_house, settings_of
from tests.support.works import transform, until

pytestmark = pytest.mark.xdist_group("conserved")


def lineage(path: str, value: str) -> str:
    """Changes what a called execution says that it comes of."""
    changed = f"jsonb_set(lineage::jsonb, '{{{path}}}', {value})::json"
    return f"UPDATE executions SET lineage = {changed} WHERE id = ({CHILD}) RETURNING id"


def beyond(group: str, topic: str) -> str:
    """Commits what a group of consumers has not read, as there is no more."""
    return (
        f"WITH g AS (INSERT INTO bus_groups VALUES ('turnout.{group}') ON CONFLICT DO NOTHING)"
        " INSERT INTO bus_positions (group_name, topic_id, partition, position)"
        f" SELECT 'turnout.{group}', topic_id, 0, 1000 FROM bus_topics"
        f" WHERE name = 'turnout.{topic}'"
        " ON CONFLICT (group_name, topic_id, partition) DO UPDATE SET position = excluded.position"
        f" RETURNING 'turnout.{topic}/0'"
    )


def under_way(status: str) -> str:
    """Takes an execution for one that has not ended."""
    return (
        f"UPDATE executions SET status = '{status}', finished_at = NULL"
        f" WHERE id = ({CHILD}) RETURNING id"
    )


DAMAGED = {
    "event_unreadable": f"UPDATE events SET record = '{{}}' WHERE key = ({EVENT}) RETURNING key",
    "event_misfiled": (
        f"UPDATE events SET environment_id = gen_random_uuid() WHERE key = ({EVENT}) RETURNING key"
    ),
    "origin_missing": lineage("parent,execution_id", "to_jsonb(gen_random_uuid())"),
    "wrong_id": lineage("parent,attempt", "'2'"),
    "wrong_attempt": (
        f"UPDATE execution_log SET attempt = 2 WHERE execution_id = ({CALLER})"
        " AND step_id = 'first' RETURNING execution_id || ':' || position"
    ),
    "conflict_lost": (
        f"UPDATE event_keys SET body_hash = '' WHERE key = ({EVENT}) RETURNING origin"
    ),
    "step_missing": (
        "UPDATE execution_log SET step_id = NULL, attempt = NULL, status = NULL WHERE execution_id"
        f" = ({CALLER}) AND step_id = 'first' RETURNING execution_id || ':first'"
    ),
}


@pytest.mark.parametrize("code", DAMAGED)
async def test_damage_is_found_by_its_id(copy: Copy, code: str) -> None:
    """Of a history that was damaged in one place, that place is named."""
    id_ = await copy.pool.fetchval(DAMAGED[code])
    assert id_ is not None
    assert (code, str(id_)) in await copy.found()


def ahead(cursor: str, id_: str) -> str:
    """Sets a cursor of a partition of commands to what has not been written yet."""
    return f"UPDATE partition_owners SET {cursor} WHERE partition = 0 RETURNING '{id_}'"


BEYOND = {
    "ingest": beyond("trigger-ingest", "events"),
    "matcher": beyond("matcher", "triggers"),
    "executor": ahead("consumed_offset = consumed_offset + 1000", "turnout.commands/0"),
    "publisher": ahead("emitted_seq = written_seq + 1", "log/0"),
    "webhooks": beyond("webhooks", "executions"),
    "answers": beyond("task-results", "task-results"),
}


@pytest.mark.parametrize("who", BEYOND)
async def test_no_cursor_is_ahead_unseen(copy: Copy, who: str) -> None:
    """A position beyond the end, from which the next records would be passed over, is named."""
    place = await copy.pool.fetchval(BEYOND[who])
    assert ("cursor_ahead", str(place)) in await copy.found()


@pytest.mark.parametrize("status", ["RUNNING", "RETRYING", "WAITING", "SUSPENDED"])
async def test_who_would_be_found_by_nobody_is_named(copy: Copy, status: str) -> None:
    """One that runs is looked for by its command; one that is suspended waits to be told.

    So does any other; it is found by what it was told and has not taken in.
    """
    id_ = await copy.pool.fetchval(under_way(status))
    named = ("execution_forgotten", str(id_))
    assert (named in await copy.found()) is (status != "SUSPENDED")
    await copy.pool.execute("UPDATE partition_owners SET active_offset = 0")
    assert (named in await copy.found()) is (status not in {"RUNNING", "SUSPENDED"})
    await copy.pool.execute("INSERT INTO inbox VALUES ($1, 1, 0, '{}')", id_)
    assert named not in await copy.found()


async def test_nothing_on_a_topic_ends_the_walk(copy: Copy) -> None:
    """What Turnout would never write is told of on the result topics, and the walk goes on."""
    topics = [
        f"turnout.{name}" for name in ("step-results", "commands", "triggers", "dead-letters")
    ]
    values = (b"", b"nothing", b"3", b'{"id": {}}', b'{"id": "x", "data": 1}')
    await copy.bus.publish([Record(t, b"k", value) for t in topics for value in values])
    found = await copy.found()
    assert {code for code, _ in found} == {"unreadable"}
    assert {id_.split("/")[0] for _, id_ in found} == {"turnout.step-results"}
    assert len(found) == len(values)


async def test_a_topic_that_there_is_not_is_told_of(copy: Copy) -> None:
    """Who looks at the topics of another prefix reads why everything is missed."""
    report = await looked_at(copy.pool, copy.bus, settings_of(copy.dsn, topic_prefix="other"))
    assert not report.is_clean
    assert "There is no topic other.executions." in report.notes
    assert len(report.notes) == len(set(report.notes))
    # In the first hour of a day the archive may not reach as far back as is asked.
    assert not any("topic" in note for note in (await copy.report()).notes)


async def replay(house: House, workflow_id: WorkflowId) -> None:
    """Start what an archived event had started once more, as the api does."""
    row = await house.platform.pool.fetchrow("SELECT key, record FROM events LIMIT 1")
    assert row is not None
    again = Replay(replay_id=uuid4(), again=True)
    id_ = replayed_id(workflow_id, EventKey(row["key"]), again.replay_id)
    at, lineage = datetime.now(UTC), Lineage(replay=again)
    command = encode_start(id_, workflow_id, 1, row["record"].encode(), at, lineage=lineage)
    topic = house.platform.topics.commands
    await house.platform.bus.publish([Record(topic=topic, key=str(id_).encode(), value=command)])


async def test_what_is_started_again_or_for_workers_is_clean(database: str) -> None:
    """A replay's execution has an id of its own; a topic has the tasks of others, too."""
    async with open_house(database) as house:
        pool = house.platform.pool
        async with pool.acquire() as conn, conn.transaction():
            spec = ActionSpec(transport=Transport.WORKER)
            await put_action(conn, DEFAULT_ENVIRONMENT, "ship", spec, datetime.now(UTC))
        steps: list[dict[str, Any]] = [transform("say", "1"), {"id": "ship", "action": "ship"}]
        made = await house.register(
            {"name": "w", "triggers": [{"event_name": "go"}], "steps": steps}
        )
        await house.send("go", {})
        await until(pool, "SELECT count(*) FROM waits WHERE kind = 'task'", 1)
        await replay(house, WorkflowId(made.id))
        await until(pool, "SELECT count(*) FROM waits WHERE kind = 'task'", 2)
        await until(pool, "SELECT bool_and(emitted_seq = written_seq) FROM partition_owners")
        other = orjson.dumps({"id": f"{uuid4()}:ship:1", "data": {"attempt": 1}})
        topic = house.platform.topics.tasks("ship")
        await house.platform.bus.publish([Record(topic=topic, key=b"k", value=other)])
        report = await looked_at(pool, house.platform.bus, settings_of(database))
        assert list(report.findings.values()) == []
        assert report.stages[Stage.EXECUTIONS].checked == 2
