"""A matcher's start in one process: so many workflows of a case, read from Postgres.

``python -m tests.benchmarks.match_live CASE COUNT``, with the server's DSN on standard input, says
its figures as JSON.
"""

import asyncio
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID, uuid4

import orjson
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from services.matcher.definitions import Definitions
from services.matcher.metrics import MatcherMetrics
from shared.db.migrate import migrate
from shared.db.pool import open_pool
from shared.domain.ids import DEFAULT_ENVIRONMENT
from shared.domain.workflows import Definition, Dialect, Lifecycle
from shared.expr.jsonata import ExpressionCache
from shared.matching.table import WorkflowTable
from shared.runtime.environment_names import EnvironmentNames
from shared.runtime.process import tune_garbage_collection
from shared.runtime.settings import LogSettings, PostgresSettings
from shared.runtime.telemetry import configure_logging
from tests.benchmarks.match_cases import CASES, Case
from tests.support.postgres import connected, drop, execute, sibling

STEPS: Final = [
    {
        "id": name,
        "action": "http_request",
        "retry": {"max_attempts": 3},
        "input": {
            "lang": "jsonata",
            "src": "{'url': 'https://api.example.com/v1/' & payload.id, 'method': 'POST',"
            " 'body': {'id': payload.id, 'total': payload.total * 2}}",
        },
    }
    for name in ("reserve", "charge", "ship")
]
"""What a matcher has no use for, and a definition is full of: three calls, some 2 KB."""

_AT: Final = datetime(2026, 11, 22, tzinfo=UTC)
_WITHIN_S: Final = 600.0


async def main(dsn: str, name: str, count: int) -> None:
    """Measure, and say it."""
    place = f"live-{uuid4().hex[:8]}"
    await execute(dsn, f'CREATE DATABASE "{place}"')
    try:
        await migrate(sibling(dsn, place))
        await _lay_down(sibling(dsn, place), CASES[name], count)
        tune_garbage_collection()
        said = await _load(sibling(dsn, place))
    finally:
        await drop(dsn, place)
    sys.stdout.buffer.write(orjson.dumps(said))


async def _load(dsn: str) -> dict[str, float]:
    """How long until all of them are live, by the wall and by this process' CPU."""
    registry, table = CollectorRegistry(auto_describe=True), WorkflowTable(ExpressionCache(200_000))
    async with open_pool(PostgresSettings(dsn=SecretStr(dsn))) as pool:
        metrics = MatcherMetrics(registry, EnvironmentNames())
        definitions = Definitions(pool, table, refresh_s=60, metrics=metrics)
        began_s, began_cpu_s = time.perf_counter(), time.process_time()
        await definitions.load()
        return {
            "live_s": time.perf_counter() - began_s,
            "live_cpu_s": time.process_time() - began_cpu_s,
        }


async def _lay_down(dsn: str, case: Case, count: int) -> None:
    async with connected(dsn) as conn:
        await conn.copy_records_to_table(
            "workflows",
            records=[
                (UUID(int=n + 1), DEFAULT_ENVIRONMENT, 1, True, _AT, _AT) for n in range(count)
            ],
            columns=["id", "environment_id", "version", "is_active", "created_at", "updated_at"],
            timeout=_WITHIN_S,
        )
        await conn.copy_records_to_table(
            "workflow_versions",
            records=_versions(case, count),
            columns=[
                *("workflow_id", "version", "dialect", "lifecycle"),
                *("definition", "source", "created_at"),
            ],
            timeout=_WITHIN_S,
        )
        await conn.execute("VACUUM (ANALYZE)", timeout=_WITHIN_S)


def _versions(case: Case, count: int) -> Iterator[tuple[Any, ...]]:
    for n in range(count):
        triggers = [{"event_name": case.trigger(n)}]
        written = {
            "name": f"w{n}",
            "triggers": triggers,
            "steps": STEPS,
            **case.workflow(n, count),
        }
        source = orjson.dumps(written)
        stored = Definition.model_validate_json(source).model_dump_json()
        dialect, lifecycle = Dialect.NATIVE, Lifecycle.READY
        yield UUID(int=n + 1), 1, dialect, lifecycle, stored, source.decode(), _AT


if __name__ == "__main__":
    configure_logging(LogSettings(level="WARNING"))
    asyncio.run(main(sys.stdin.read(), sys.argv[1], int(sys.argv[2])))
