"""The product's roles as processes, started by its own command line."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import ClientError, ClientSession

from tests.support.ports import hold_port

TURNOUT = Path(sys.executable).with_name("turnout")
READY_WITHIN_S = 100


class Roles:
    """Processes by role and replica; each has a member name that it keeps, and an admin port."""

    def __init__(self, environment: Mapping[str, str], prefix: str) -> None:
        self.prefix = prefix
        self._running: dict[tuple[str, str], asyncio.subprocess.Process] = {}
        self._ports_held = ExitStack()
        self._ports: dict[str, int] = {}
        self.source = f"{prefix}.events"
        self.api_url = self.api_url_of()
        self._environment = {**os.environ, **environment}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._ports_held:
            for process in self._running.values():
                if process.returncode is None:
                    process.send_signal(signal.SIGTERM)
            for (name, _), process in self._running.items():
                async with asyncio.timeout(60):
                    code = await process.wait()
                assert code == 0 or error is not None, f"{name} ended with {code}"

    def api_url_of(self, replica: str = "") -> str:
        """Where a replica of the api serves, now and when it is started again."""
        if replica not in self._ports:
            self._ports[replica] = self._ports_held.enter_context(hold_port())
        return f"http://127.0.0.1:{self._ports[replica]}"

    def process(self, name: str, replica: str = "") -> asyncio.subprocess.Process:
        """A replica as it runs, to be signalled."""
        return self._running[name, replica]

    async def start(self, name: str, replica: str = "") -> None:
        """Start a role and return when it is ready."""
        admin_port = self._ports_held.enter_context(hold_port())
        process = await asyncio.create_subprocess_exec(
            TURNOUT,
            *("serve", name, "--member", f"{self.prefix}-{name}{replica}"),
            env={
                **self._environment,
                "TURNOUT_ADMIN__PORT": str(admin_port),
                "TURNOUT_PORT": self.api_url_of(replica).rpartition(":")[2],
            },
            stdout=asyncio.subprocess.DEVNULL,
        )
        self._running[name, replica] = process
        await _ready(f"http://127.0.0.1:{admin_port}/readyz", process)

    async def kill_and_restart(self, name: str, *, after_s: float) -> None:
        """After a while kill -9 the role, then start it again under the same name."""
        await asyncio.sleep(after_s)
        process = self._running[name, ""]
        process.kill()
        await process.wait()
        await self.start(name)

    async def stop_and_restart(self, name: str, replica: str, *, within_s: float) -> None:
        """Tell a replica to stop, see it end in order and in time, then start it again."""
        process = self._running[name, replica]
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(within_s):
            code = await process.wait()
        assert code == 0, f"{name} {replica} ended with {code}"
        await self.start(name, replica)


async def _ready(url: str, process: asyncio.subprocess.Process) -> None:
    async with ClientSession() as session, asyncio.timeout(READY_WITHIN_S):
        while True:
            assert process.returncode is None, f"ended with {process.returncode}"
            try:
                async with session.get(url) as answer:
                    if answer.status == 200:
                        return
            except ClientError:
                pass
            await asyncio.sleep(0.05)
