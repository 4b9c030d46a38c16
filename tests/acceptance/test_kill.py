"""kill -9 of any role, in the middle of real work on real Kafka: nothing is lost, nothing repeated.

Four processes of the product, started by its own command line. In each of twenty rounds events are
published, one role is killed at a random moment and started again, and every expected execution
must complete. The verdict is read from the outside: the database, a dump of the topics, and what
the receiver saw.
"""

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import orjson
import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from shared.bus.kafka import open_kafka_bus
from shared.bus.protocol import Bus, Record
from shared.domain.ids import EnvironmentId, WorkflowId, event_key, execution_id
from shared.runtime.settings import KafkaSettings
from tests.support.kafka import KAFKA_MARKS
from tests.support.processes import Roles

pytestmark = [*KAFKA_MARKS, pytest.mark.slow, pytest.mark.timeout(400)]

ROUNDS = 20
EVENTS = 30
ENVIRONMENT = EnvironmentId(UUID("05daecaf-4365-42e8-8370-8127de5dd717"))
TOKEN = "a-token-for-tests-only"
KILLED = ("trigger-ingest", "matcher", "executor")

WORKFLOW = {
    "environment_id": str(ENVIRONMENT),
    "trigger_name": "integrated_account:connected",
    "config": {
        "run_if": "integration.name = 'calcom'",
        "steps": [
            {
                "type": "run",
                "action": "run_sync_job",
                "config": '{"sync_job_id": "51b79ace", "integrated_account_id": id}',
            },
            {
                "type": "run",
                "action": "run_sync_job",
                "config": '{"sync_job_id": "second", "after": steps[0].output.body.run}',
            },
        ],
    },
}


class SyncJobs:
    """The service behind ``run_sync_job``: remembers the key of each call."""

    def __init__(self) -> None:
        self.calls: defaultdict[str, list[bytes]] = defaultdict(list)
        app = web.Application()
        app.router.add_post("/jobs", self._run)
        self.server = TestServer(app)

    async def _run(self, request: web.Request) -> web.Response:
        self.calls[request.headers["Idempotency-Key"]].append(await request.read())
        await asyncio.sleep(random.random() * 0.05)
        return web.json_response({"run": len(self.calls)})


@pytest.fixture
async def jobs() -> AsyncIterator[SyncJobs]:
    """A running sync-job service."""
    service = SyncJobs()
    await service.server.start_server()
    yield service
    await service.server.close()


@pytest.fixture
async def roles(database: str, kafka: str, jobs: SyncJobs) -> AsyncIterator[Roles]:
    """All roles, each a process."""
    prefix = f"kill{uuid4().hex[:8]}"
    environment = {
        "DATABASE_URL": database,
        "KAFKA_BOOTSTRAP_SERVERS": kafka,
        "TURNOUT_TOPIC_PREFIX": prefix,
        "TURNOUT_SOURCE_TOPICS": f'["{prefix}.events"]',
        "TURNOUT_PARTITIONS": "3",
        "TURNOUT_KAFKA__SESSION_TIMEOUT_S": "3",
        "TURNOUT_EGRESS__ALLOW_LOOPBACK": "true",
        "TURNOUT_RUN_SYNC_JOB__URL": str(jobs.server.make_url("/jobs")),
        "TURNOUT_TOKEN": TOKEN,
        "TURNOUT_LOG_LEVEL": "WARNING",
    }
    async with Roles(environment, prefix) as running:
        for name in ("api", *KILLED):
            await running.start(name)
        yield running


async def register(roles: Roles) -> WorkflowId:
    """Register the workflow over HTTP."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with (
        ClientSession() as session,
        session.post(f"{roles.api_url}/truto/workflow", json=WORKFLOW, headers=headers) as answer,
    ):
        body = await answer.json()
        assert answer.status in (200, 201), body
        return WorkflowId(UUID(body["id"]))


def event(number: str, *, matches: bool) -> bytes:
    """An event of the seed's kind."""
    return orjson.dumps(
        {
            "id": number,
            "source": "acceptance",
            "event": "integrated_account:connected",
            "environment_id": str(ENVIRONMENT),
            "payload": {
                "id": f"account-{number}",
                "integration": {"name": "calcom" if matches else "hubspot"},
            },
        }
    )


async def completed(conn: "asyncpg.Connection[asyncpg.Record]") -> int:
    """How many executions have completed."""
    count: int = await conn.fetchval("SELECT count(*) FROM executions WHERE status = 'COMPLETED'")
    return count


async def dump(bus: Bus, topics: list[str], expected: int) -> list[dict[str, Any]]:
    """Everything on the topics, once ``expected`` step results are there, and what follows."""
    found: list[dict[str, Any]] = []
    async with bus.subscribe(topics, group=uuid4().hex) as subscription, asyncio.timeout(60):
        quiet = 0
        while len({r["id"] for r in found if ".step." in r["type"]}) < expected or quiet < 3:
            batches = await subscription.fetch(max_records=5_000, wait_s=0.3)
            quiet = 0 if batches else quiet + 1
            found += [orjson.loads(r.value or b"") for rs in batches.values() for r in rs]
    return found


async def test_a_killed_role_loses_and_repeats_nothing(
    database: str, kafka: str, roles: Roles, jobs: SyncJobs
) -> None:
    """Twenty rounds of kill -9: each expected execution exactly once, each result recorded once."""
    chance = random.Random(20)
    workflow = await register(roles)
    expected: set[UUID] = set()
    conn = await asyncpg.connect(database)
    async with open_kafka_bus(KafkaSettings(bootstrap_servers=kafka)) as bus:
        for round_ in range(ROUNDS):
            records = []
            for n in range(EVENTS):
                number, matches = f"{round_}-{n}", n % 2 == 0
                value = event(number, matches=matches)
                records.append(Record(topic=roles.source, key=None, value=value))
                if matches:
                    key = event_key(ENVIRONMENT, "acceptance", number)
                    expected.add(execution_id(workflow, key))
            await bus.publish(records)
            await roles.kill_and_restart(chance.choice(KILLED), after_s=chance.random() * 0.4)
            async with asyncio.timeout(60):
                while await completed(conn) < len(expected):
                    await asyncio.sleep(0.05)
        heard = await dump(
            bus, [f"{roles.prefix}.step-results", f"{roles.prefix}.executions"], 2 * len(expected)
        )

    rows = await conn.fetch("SELECT id, status FROM executions")
    assert {row["id"] for row in rows} == expected
    assert {row["status"] for row in rows} == {"COMPLETED"}
    log = await conn.fetch("SELECT execution_id, position, step_id FROM execution_log")
    assert len(log) == 3 * len(expected)
    await conn.close()
    judge_records(heard, expected)
    judge_calls(jobs, expected)


def judge_records(heard: list[dict[str, Any]], expected: set[UUID]) -> None:
    """Each result was published; a repeat is the same record; first appearances are in order."""
    by_id: dict[str, dict[str, Any]] = {}
    order: defaultdict[str, list[int]] = defaultdict(list)
    for record in heard:
        if record["id"] in by_id:
            assert by_id[record["id"]] == record
        elif ".step." in record["type"]:
            order[record["subject"]].append(record["data"]["sequence"])
        by_id.setdefault(record["id"], record)
    assert {UUID(subject) for subject in order} == expected
    assert set(map(tuple, order.values())) == {(2, 3)}
    phases = [r["data"]["phase"] for r in by_id.values() if "phase" in r["data"]]
    for phase in ("created", "started", "completed"):
        assert phases.count(phase) == len(expected)
    assert len(phases) == 3 * len(expected)


def judge_calls(jobs: SyncJobs, expected: set[UUID]) -> None:
    """Each step called under its own key; a call repeated after a kill is the same call."""
    assert set(jobs.calls) == {f"{id_}:s{n}" for id_ in expected for n in (0, 1)}
    for bodies in jobs.calls.values():
        assert len(set(bodies)) == 1
