"""What stands around the product's processes: their settings, and the receiver that they call."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from tests.chaos.servers import Servers
from tests.support.rings import written

SESSION_S: Final = 5.0
PARTITIONS: Final = 4
EXECUTIONS_MAX: Final = (100_000, 32)
"""So many executions an environment may have in an executor, of even and odd seeds: few, so that
others are held.
"""
STOP_WITHIN_S: Final = 10.0
"""A process that is told to stop ends within this, and what it takes to close what it holds."""


def environment(servers: Servers, seed: int) -> dict[str, str]:
    """The settings of every process."""
    return {
        **os.environ,
        "DATABASE_URL": servers.postgres.dsn,
        "KAFKA_BOOTSTRAP_SERVERS": servers.bootstrap,
        "TURNOUT_PARTITIONS": str(PARTITIONS),
        "TURNOUT_KAFKA__SESSION_TIMEOUT_S": str(SESSION_S),
        "TURNOUT_STOP_WITHIN_S": str(STOP_WITHIN_S),
        "TURNOUT_DRAIN_S": "2",
        "TURNOUT_CONCURRENCY__EXECUTIONS_MAX": str(EXECUTIONS_MAX[seed % 2]),
        "TURNOUT_EGRESS__ALLOW_LOOPBACK": "true",
        "TURNOUT_EGRESS__IDLE_S": "3",
        "TURNOUT_KEYRING": written("chaos"),
        "TURNOUT_WEBHOOKS__TIMEOUT_S": "4",
        "TURNOUT_WEBHOOKS__RETRY_S": str([1.0] * 50),
        "TURNOUT_LOGIN": "none",
        "LOG_LEVEL": "WARNING",
    }


@asynccontextmanager
async def receiver(folder: Path, port: int, seed: int) -> AsyncIterator[None]:
    """The recording receiver; nothing is done to it."""
    with (folder / "receiver.log").open("ab") as said:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.chaos.receiver"),
            *("--port", str(port), "--history", str(folder / "history.jsonl")),
            *("--seed", str(seed), "--busy", str(folder / "busy")),
            cwd=Path(__file__).parents[2],
            stdin=asyncio.subprocess.PIPE,
            stdout=said,
            stderr=said,
        )
    try:
        yield
        assert process.returncode is None, "the receiver ended by itself"
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
