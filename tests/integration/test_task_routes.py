"""The routes of remote tasks: workers that poll."""

import asyncio
from typing import Any
from uuid import uuid4

from tests.support.served import open_api
from tests.support.tasks import SHIP, attempts, known, last, task_of
from tests.support.works import all_ended, open_works, start, until, workflow

BLOCKED = (
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE wait_event_type = 'Lock' AND datname = current_database()"
)
POLL = {"actions": ["ship"], "worker": "w"}


async def test_a_worker_polls_and_completes(database: str) -> None:
    """It is given the task once it is there, keeps it alive, and its answer is the output."""
    async with open_works(database) as works, open_api(works) as client:
        await known(works)
        flow = await works.register(workflow({**SHIP, "heartbeat_s": 30.0}))
        waiting = asyncio.create_task(client.post("/v1/tasks/poll", json={**POLL, "wait_s": 10}))
        [id_] = await start(works, flow)
        [task] = (await (await waiting).json())["items"]
        assert task["task_id"] == f"{id_}:ship:1"
        assert (task["input"], task["attempt"], task["progress"]) == ({"to": "Oslo"}, 1, None)
        path = f"/v1/tasks/{task['task_id']}"
        beaten = await client.post(f"{path}/heartbeat", json={"progress": {"n": 1}, "lease_s": 99})
        assert beaten.status == 200
        row = await works.pool.fetchrow(
            "SELECT claimed_by, progress, claimed_until > now() + interval '90 s' AS is_long"
            " FROM waits"
        )
        assert row is not None
        assert tuple(row) == ("w", '{"n":1}', True)
        done = await client.post(f"{path}/complete", json={"output": {"parcel": 7}})
        assert done.status == 202
        await all_ended(works.pool, 1)
        assert await last(works, "output") == {"parcel": 7}
        for verb, body in (("complete", {}), ("heartbeat", {}), ("fail", {"message": "no"})):
            assert (await client.post(f"{path}/{verb}", json=body)).status == 409


async def test_a_worker_that_fails_is_asked_again(database: str) -> None:
    """The next attempt is another task."""
    async with open_works(database) as works, open_api(works) as client:
        await known(works)
        await start(works, await works.register(workflow(SHIP)))
        for attempt in (1, 2):
            polled = await client.post("/v1/tasks/poll", json={**POLL, "wait_s": 10})
            [task] = (await polled.json())["items"]
            assert task["attempt"] == attempt
            path = f"/v1/tasks/{task['task_id']}"
            if attempt == 1:
                failed = await client.post(f"{path}/fail", json={"message": "no van"})
                assert failed.status == 202
                await until(works.pool, "SELECT count(*) FROM execution_log WHERE attempt = 1", 2)
            else:
                assert (await client.post(f"{path}/complete")).status == 202
        await all_ended(works.pool, 1)
        assert await attempts(works) == [(1, "RETRYING"), (2, "COMPLETED")]


async def test_no_task_is_given_to_two_within_its_lease(database: str) -> None:
    """Of 40 tasks each goes to one of 8 pollers; after the lease they can be had again."""
    async with open_works(database) as works, open_api(works) as client:
        await known(works)
        await start(works, await works.register(workflow(SHIP)), 40)
        await until(works.pool, "SELECT count(*) FROM waits", 40)
        given: list[str] = []

        async def take(name: int) -> None:
            body = {"actions": ["none", "ship"], "worker": str(name), "limit": 3, "lease_s": 60}
            while True:
                polled = await client.post("/v1/tasks/poll", json=body)
                items = (await polled.json())["items"]
                if not items:
                    return
                given.extend(task["task_id"] for task in items)

        await asyncio.gather(*(take(name) for name in range(8)))
        assert len(given) == len(set(given)) == 40
        assert (await (await client.post("/v1/tasks/poll", json=POLL)).json())["items"] == []
        # As time would do.
        await works.pool.execute("UPDATE waits SET claimed_until = now() - interval '1 s'")
        again = await client.post("/v1/tasks/poll", json={**POLL, "limit": 100})
        items = (await again.json())["items"]
        assert sorted(task["task_id"] for task in items) == sorted(given)


async def test_a_sign_of_life_waits_for_whoever_writes_the_row(database: str) -> None:
    """A row that the execution's owner is writing takes the sign of life when that is done."""
    async with open_works(database) as works, open_api(works) as client:
        await known(works)
        await start(works, await works.register(workflow(SHIP)))
        path = f"/v1/tasks/{(await task_of(works))['task_id']}/heartbeat"
        async with works.pool.acquire() as conn, conn.transaction():
            await conn.execute("SELECT FROM waits FOR UPDATE")
            beating = asyncio.create_task(client.post(path, json={"progress": {"n": 1}}))
            await until(works.pool, BLOCKED, 1)
        assert (await beating).status == 200
        assert await works.pool.fetchval("SELECT progress->>'n' FROM waits") == "1"


async def test_words_that_older_logs_lack_are_found_elsewhere(database: str) -> None:
    """The input is that of the log: in a wait a secret's value could stand in a word of ours."""
    async with open_works(database) as works, open_api(works) as client:
        await known(works)
        await start(works, await works.register(workflow({**SHIP, "heartbeat_s": 30.0})))
        await until(works.pool, "SELECT count(*) FROM waits", 1)
        changed = """
            UPDATE waits SET data = (data::jsonb - 'input' - 'heartbeat_s' - 'action_version')
                || '{"[secret x]": 1}'
        """
        await works.pool.execute(changed)
        polled = await client.post("/v1/tasks/poll", json=POLL)
        assert polled.status == 200
        [task] = (await polled.json())["items"]
        assert (task["input"], task["heartbeat_s"]) == ({"to": "Oslo"}, None)


async def test_other_environments_see_no_task(database: str) -> None:
    """A worker gets the tasks of the environment that it names."""
    async with open_works(database) as works, open_api(works) as client:
        await known(works)
        await start(works, await works.register(workflow(SHIP)))
        await task_of(works)
        path = f"/v1/tasks/poll?environment_id={uuid4()}"
        assert await (await client.post(path, json=POLL)).json() == {"items": []}


BAD: list[tuple[str, Any, int]] = [
    ("poll", {}, 422),
    ("poll", {"actions": []}, 422),
    ("poll", {"actions": ["a"], "limit": 101}, 422),
    ("poll", {"actions": ["a"], "wait_s": 21}, 422),
    ("poll", {"actions": ["a"], "lease_s": 0}, 422),
    ("poll", {"actions": ["a"], "more": 1}, 422),
    ("poll?other=1", {"actions": ["a"]}, 400),
    ("nothing/complete", {}, 404),
    (f"{uuid4()}:ship:1/complete", {}, 404),
    (f"{uuid4()}:ship:1/heartbeat", {}, 404),
    (f"{uuid4()}:ship:{2**31}/complete", {}, 404),
    (f"{uuid4()}:%ff:1/complete", {}, 404),
    (f"{uuid4()}:ship:1/fail", {}, 422),
    (f"{uuid4()}:ship:1/fail", {"message": "no", "kind": "other"}, 422),
    ("TASK/heartbeat", {"progress": {"text": "x" * 100_000}}, 413),
    ("TASK/heartbeat", {"progress": 1}, 422),
    ("TASK/complete", {"outcome": 1}, 422),
    ("OTHER/complete", {}, 409),
]


async def test_bad_questions(database: str) -> None:
    """Each is refused with a reason, and changes nothing."""
    async with open_works(database) as works, open_api(works) as client:
        await known(works)
        await start(works, await works.register(workflow(SHIP)))
        task_id = (await task_of(works))["task_id"]
        for written, body, status in BAD:
            path = written.replace("TASK", task_id).replace("OTHER", task_id[:-1] + "2")
            answered = await client.post(f"/v1/tasks/{path}", json=body)
            assert (path, answered.status) == (path, status)
            assert (await answered.json())["detail"]
        assert await works.pool.fetchval("SELECT beaten_at IS NULL FROM waits")
        assert await attempts(works) == []
