"""Every role restarted in turn under load, as a deployment does: nobody outside notices.

Two replicas of each role on real Kafka. A caller sends events to whichever api says that it is
ready, as a load balancer would; one replica after another is told to stop and started again.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from uuid import UUID, uuid4

import asyncpg
import pytest
from aiohttp import ClientError, ClientSession
from aiohttp.test_utils import TestServer

from tests.acceptance.test_kill import SyncJobs
from tests.support.kafka import KAFKA_MARKS
from tests.support.processes import Roles

pytestmark = [*KAFKA_MARKS, pytest.mark.slow, pytest.mark.timeout(600)]

ROLES = ("api", "trigger-ingest", "matcher", "executor", "scheduler", "webhooks")
REPLICAS = ("a", "b")
TOKEN = "a-token-for-tests-only"
LOOK_S = 0.1
STOP_WITHIN_S = 20
JOB = {"sync_job_id": "51b79ace", "integrated_account_id": "account"}
ENDED = "SELECT count(*) FROM executions WHERE finished_at IS NOT NULL"
WORKFLOW = {
    "name": "rolling",
    "triggers": [{"event_name": "order:placed"}],
    "steps": [
        {"id": "first", "action": "run_sync_job", "input": {"src": JOB}},
        {"id": "pause", "kind": "sleep", "sleep": {"duration_s": 0.5}},
        {"id": "second", "action": "run_sync_job", "input": {"src": JOB}},
    ],
}


class Balancer:
    """Sends events, every few milliseconds, to replicas of the api that were ready just now."""

    def __init__(self, urls: Sequence[str]) -> None:
        self._urls = urls
        self._ready: list[str] = []
        self._session = ClientSession(headers={"x-api-key": TOKEN})
        self._enough = asyncio.Event()
        self.statuses: Counter[int | str] = Counter()

    async def look(self) -> None:
        """See who is ready, again and again, until it is enough."""
        while not self._enough.is_set():
            self._ready = [url for url in self._urls if await self._is_ready(url)]
            await asyncio.sleep(LOOK_S)

    async def send(self) -> None:
        """Send event after event, until it is enough."""
        number = 0
        while not self._enough.is_set():
            await asyncio.sleep(0.01)
            if not self._ready:
                continue
            number += 1
            url = self._ready[number % len(self._ready)]
            event = {"id": str(number), "source": "rolling", "event": "order:placed", "payload": {}}
            try:
                async with self._session.post(f"{url}/v1/events", json=event) as answer:
                    self.statuses[answer.status] += 1
            except ClientError as error:
                self.statuses[repr(error)] += 1

    def enough(self) -> None:
        """Begin nothing new; what was sent is waited for."""
        self._enough.set()

    async def close(self) -> None:
        """Hang up."""
        await self._session.close()

    async def _is_ready(self, url: str) -> bool:
        with suppress(ClientError):
            async with self._session.get(f"{url}/readyz") as answer:
                return answer.status == 200
        return False


@pytest.fixture
async def jobs() -> AsyncIterator[SyncJobs]:
    """A running sync-job service."""
    service = SyncJobs()
    await service.server.start_server()
    yield service
    await service.server.close()


@pytest.fixture
async def roles(database: str, kafka: str, jobs: SyncJobs) -> AsyncIterator[Roles]:
    """Two replicas of each role."""
    prefix = f"roll{uuid4().hex[:8]}"
    environment = {
        "DATABASE_URL": database,
        "KAFKA_BOOTSTRAP_SERVERS": kafka,
        "TURNOUT_TOPIC_PREFIX": prefix,
        "TURNOUT_SOURCE_TOPICS": f'["{prefix}.events"]',
        "TURNOUT_PARTITIONS": "4",
        "TURNOUT_KAFKA__SESSION_TIMEOUT_S": "30",  # a starved role is no lost one
        "TURNOUT_EGRESS__ALLOW_LOOPBACK": "true",
        "TURNOUT_RUN_SYNC_JOB__URL": str(_jobs_url(jobs.server)),
        "TURNOUT_API__LEAVE_S": "1",
        "TURNOUT_TOKEN": TOKEN,
        "TURNOUT_LOG_LEVEL": "WARNING",
    }
    async with Roles(environment, prefix) as running:
        for name in ROLES:
            for replica in REPLICAS:
                await running.start(name, replica)
        yield running


def _jobs_url(server: TestServer) -> str:
    return str(server.make_url("/jobs"))


async def test_a_rolling_restart_is_not_noticed(
    database: str, roles: Roles, jobs: SyncJobs
) -> None:
    """No call of the api fails; each event is one completed execution, each step one call."""
    urls = [roles.api_url_of(replica) for replica in REPLICAS]
    async with (
        ClientSession(headers={"x-api-key": TOKEN}) as session,
        session.post(f"{urls[0]}/v1/workflows", json=WORKFLOW) as answer,
    ):
        assert answer.status == 201, await answer.text()
        UUID((await answer.json())["id"])
    balancer = Balancer(urls)
    async with asyncio.TaskGroup() as group:
        group.create_task(balancer.look())
        group.create_task(balancer.send())
        for name in ROLES:
            for replica in REPLICAS:
                await roles.stop_and_restart(name, replica, within_s=STOP_WITHIN_S)
        balancer.enough()
    await balancer.close()
    sent = balancer.statuses[202]
    assert balancer.statuses == {202: sent}
    assert sent > 100

    conn = await asyncpg.connect(database)
    async with asyncio.timeout(60):
        while await conn.fetchval(ENDED) < sent:
            await asyncio.sleep(0.1)
    rows = await conn.fetch("SELECT status, count(*) FROM executions GROUP BY status")
    assert {row["status"]: row["count"] for row in rows} == {"COMPLETED": sent}
    await conn.close()
    assert len(jobs.calls) == 2 * sent
    assert {len(bodies) for bodies in jobs.calls.values()} == {1}
