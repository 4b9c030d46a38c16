"""What belongs together stays in order: each record's key is the one that topics.py promises."""

import orjson

from services.matcher.app import matcher
from services.matcher.settings import MatcherSettings
from services.trigger_ingest.app import trigger_ingest
from services.trigger_ingest.settings import IngestSettings
from shared.assembly.platform import Platform
from tests.integration.test_subworkflows import WAITS, calling
from tests.support.awaiting import wait
from tests.support.house import settings_of
from tests.support.tasks import SHIP, Task, known, say, worker
from tests.support.works import (
    NOTE,
    Roles,
    Works,
    all_ended,
    cancel,
    caught_up,
    open_works,
    start,
    until,
    workflow,
)

WRITTEN = """
    SELECT key, value FROM bus_records JOIN bus_topics USING (topic_id) WHERE name = $1
"""
EVENT_WAITS = "SELECT count(*) FROM waits WHERE kind = 'event'"


async def test_records_of_one_thing_have_one_key(database: str) -> None:
    """Events by their subjects, else ids; all else by the execution that it is of, or for."""

    def before(platform: Platform) -> Roles:
        kept = settings_of(database, member="one")
        return (
            ("trigger-ingest", trigger_ingest(platform, IngestSettings(**kept))),
            ("matcher", matcher(platform, MatcherSettings(**kept))),
        )

    async with open_works(database, before=before) as works:
        await known(works)

        async def answer(task: Task) -> None:
            await say(works, task, "completed", output={})

        async with worker(works, answer):
            await everything_said(works)
        await caught_up(works)
        topics = works.platform.topics
        assert await keys(works, topics.triggers) == {("s1", "s1"), (None, "e2")}
        for topic in (topics.step_results, topics.executions, topics.tasks("ship")):
            found = await keys(works, topic)
            assert found
            assert all(subject == key for subject, key in found)
        executions = await works.pool.fetch("SELECT id::text FROM executions")
        told = await keys(works, topics.commands)
        assert {key for _, key in told} == {row["id"] for row in executions}
        assert all(subject == key for subject, key in told)


async def everything_said(works: Works) -> None:
    """One execution of each kind of step that others hear of, and one that is cancelled."""
    unasked = {"triggers": [{"event_name": "never"}]}
    child = await works.register(workflow(NOTE) | unasked)
    waits = await works.register(workflow(wait()) | unasked)
    await works.register(workflow(calling(child), SHIP, wait()))
    asked = await works.register(workflow(calling(waits)) | unasked)
    await works.send("go", {}, id="e1", subject="s1")
    await until(works.pool, EVENT_WAITS, 1)
    await works.send("paid", {}, id="e2")
    await all_ended(works.pool, 2)
    ids = await start(works, asked)
    await until(works.pool, WAITS, 1)
    await until(works.pool, EVENT_WAITS, 1)
    await cancel(works, *ids)
    await all_ended(works.pool, 4)


async def keys(works: Works, topic: str) -> set[tuple[str | None, str | None]]:
    """The subjects of a topic's records, and their keys."""
    rows = await works.pool.fetch(WRITTEN, topic)
    return {
        (orjson.loads(row["value"]).get("subject"), row["key"] and row["key"].decode())
        for row in rows
    }
