"""Told to stop a second time, a process breaks off what it waits for, and nothing is lost by it."""

import asyncio
import signal
import subprocess
from pathlib import Path

import pytest

from services.executor.settings import ExecutorSettings
from shared.assembly.platform import open_platform
from tests.integration.cli.command import running
from tests.support.eventually import eventually
from tests.support.gated import Receiver, open_receiver
from tests.support.house import settings_of
from tests.support.works import (
    NOTE,
    Works,
    all_ended,
    check_history,
    open_works,
    start,
    statuses,
    workflow,
)

pytestmark = pytest.mark.xdist_group("cli")

DRAIN_S = 100.0
"""Far longer than the test lets the process take after the second signal."""
AT_ONCE_S = 40.0
"""On however busy a machine."""


async def begin(database: str, receiver: Receiver) -> None:
    """Have an execution started by whichever executor there is."""
    async with open_platform(ExecutorSettings(**settings_of(database))) as platform:
        works = Works(platform)
        flow = workflow(NOTE, receiver.step(), {**NOTE, "id": "last"})
        await start(works, await works.register(flow))


async def test_a_second_signal_ends_a_drain(database: str, tmp_path: Path) -> None:
    """With 1, long before the time for that; the step under way runs again under its key."""
    env = {
        "DATABASE_URL": database,
        "TURNOUT_ADMIN__PORT": "0",
        "TURNOUT_PARTITIONS": "4",
        "TURNOUT_EGRESS__ALLOW_LOOPBACK": "true",
        "TURNOUT_DRAIN_S": str(DRAIN_S),
        "TURNOUT_STOP_WITHIN_S": str(DRAIN_S + 10),
    }
    async with open_receiver() as receiver:
        receiver.gate.clear()
        with running("serve", "executor", "--member", "one", folder=tmp_path, env=env) as process:
            await eventually(lambda: "partition_assigned" in process.err, within_s=60)
            await begin(database, receiver)
            await eventually(lambda: len(receiver.keys) == 1, within_s=60)
            process.process.send_signal(signal.SIGTERM)
            await eventually(lambda: '"stopping"' in process.err, within_s=60)
            with pytest.raises(TimeoutError):  # it waits for the step
                await ended(process.process, within_s=1.0)
            process.process.send_signal(signal.SIGTERM)
            assert await ended(process.process, within_s=AT_ONCE_S) == 1, process.err
            assert "Traceback" not in process.err
        async with open_works(database) as works:
            await eventually(lambda: len(receiver.keys) == 2, within_s=60)
            receiver.gate.set()
            await all_ended(works.pool, 1)
            assert [*(await statuses(works.pool)).values()] == ["COMPLETED"]
            assert len(set(receiver.keys)) == 1
            await check_history(works)


async def ended(process: "subprocess.Popen[str]", *, within_s: float) -> int:
    """Its exit code. Raises TimeoutError."""
    async with asyncio.timeout(within_s):
        while (code := process.poll()) is None:
            await asyncio.sleep(0.02)
    return code
