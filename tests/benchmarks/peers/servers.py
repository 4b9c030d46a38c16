"""The servers that peers bring along, each on ports and in a folder of its own."""

import asyncio
import os
import socket
from asyncio.subprocess import DEVNULL, STDOUT
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from shared.domain.errors import Unavailable
from tests.benchmarks.peers.installed import Installed

ROOT = Path(__file__).parents[3]
_UP_WITHIN_S = 60.0
_STOP_WITHIN_S = 15.0
_POLL_S = 0.1
_TAIL = 400


@asynccontextmanager
async def serving(
    server: str | None, installed: Installed, folder: Path
) -> AsyncIterator[tuple[str, Mapping[str, int]]]:
    """The address for the job, and the processes by name. Raises Unavailable."""
    match server:
        case None:
            yield "", {}
        case "temporal":
            async with _temporal(installed, folder) as found:
                yield found
        case "restate":
            async with _restate(installed, folder) as found:
                yield found
        case _:
            raise ValueError(server)


@asynccontextmanager
async def _temporal(
    installed: Installed, folder: Path
) -> AsyncIterator[tuple[str, Mapping[str, int]]]:
    [port] = _free_ports(1)
    command = (
        *(str(installed.program("temporal")), "server", "start-dev", "--headless"),
        *("--port", str(port), "--db-filename", str(folder / "temporal.db")),
        *("--sqlite-pragma", "journal_mode=wal", "--sqlite-pragma", "synchronous=2"),
        *("--log-level", "error"),
    )
    async with _started(command, folder) as pid:
        await _connected(port)
        yield f"127.0.0.1:{port}", {"temporal": pid}


@asynccontextmanager
async def _restate(
    installed: Installed, folder: Path
) -> AsyncIterator[tuple[str, Mapping[str, int]]]:
    ingress, admin, fabric, service = _free_ports(4)
    command = (
        *(str(installed.node_bin / "restate-server"), "--no-logo", "--listen-mode", "tcp"),
        *("--base-dir", str(folder), "--node-name", "peers", "--bind-port", str(fabric)),
    )
    environment = {
        "RESTATE_INGRESS__BIND_ADDRESS": f"127.0.0.1:{ingress}",
        "RESTATE_ADMIN__BIND_ADDRESS": f"127.0.0.1:{admin}",
        "RESTATE_BIND_IP": "127.0.0.1",
        "RESTATE_DISABLE_TELEMETRY": "true",
        "RESTATE_LOG_FILTER": "error",
    }
    settings = folder / "hypercorn.toml"
    settings.write_text(
        f'bind = "127.0.0.1:{service}"\nworkers = 2\nh2_max_concurrent_streams = 2147483647\n'
        "keep_alive_max_requests = 2147483647\nkeep_alive_timeout = 2147483647\n",
        "utf-8",
    )
    served = (
        *(str(installed.python), "-m", "hypercorn", "--config", str(settings)),
        "tests.benchmarks.peers.jobs.restate_service:app",
    )
    async with (
        _started(command, folder, environment) as server_pid,
        _started(served, folder) as service_pid,
    ):
        await _connected(service)
        await _healthy(f"http://127.0.0.1:{admin}/health")
        urls = [f"http://127.0.0.1:{port}" for port in (ingress, admin, service)]
        yield " ".join(urls), {"restate": server_pid, "service": service_pid}


@asynccontextmanager
async def _started(
    command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None
) -> AsyncIterator[int]:
    log = folder / f"{Path(command[0]).name}.log"
    with log.open("wb") as said:
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
            stdin=DEVNULL,
            stdout=said,
            stderr=STDOUT,
        )
    try:
        yield process.pid
    except TimeoutError as error:
        tail = log.read_text("utf-8", "replace")[-_TAIL:]
        raise Unavailable(f"{Path(command[0]).name} did not come up: {tail}") from error
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                async with asyncio.timeout(_STOP_WITHIN_S):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()


async def _connected(port: int) -> None:
    async with asyncio.timeout(_UP_WITHIN_S):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(_POLL_S)
            else:
                writer.close()
                return


async def _healthy(url: str) -> None:
    async with asyncio.timeout(_UP_WITHIN_S), aiohttp.ClientSession() as http:
        while True:
            try:
                async with http.get(url) as answer:
                    if answer.ok:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(_POLL_S)


def _free_ports(count: int) -> Sequence[int]:
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports: list[int] = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports
