"""A Postgres server of our own, for ``turnout dev`` and the tests."""

import asyncio
import fcntl
import os
import secrets
import shutil
import signal
import socket
from asyncio.subprocess import Process
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from shared.domain.errors import Conflict, Unavailable
from shared.embedded.account import server_account
from shared.embedded.binaries import find_binaries, readable_by_all
from shared.embedded.process import Runner, stop

INITDB = (
    "--username=turnout",
    "--pwfile=/dev/stdin",
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C",
    "--no-sync",  # nothing is in it yet; the server itself always syncs
    "--no-instructions",
)
SERVER = (
    "--listen_addresses=127.0.0.1",
    "--unix_socket_directories=",
    "--max_connections=100",
    "--shared_buffers=128MB",
    "--fsync=on",
    "--synchronous_commit=on",
    "--wal_level=minimal",
    "--max_wal_senders=0",
    "--timezone=UTC",
    "--log_timezone=UTC",
    "--log_min_messages=warning",
)
INITDB_WITHIN_S = 60
START_WITHIN_S = 60  # with recovery after a crash
OLD_SERVER_ENDS_WITHIN_S = 20
PORT_TRIES = 5
POLL_S = 0.01
LOG_TAIL = 2000


class EmbeddedPostgres:
    """A server on 127.0.0.1 that lives as long as this context, on a folder that outlives it.

    ``data_dir`` is made if need be; one supervisor uses it at a time, a second gets Conflict. When
    the supervisor is killed the server ends too, and the next one finds every commit. Enter it on
    a thread that outlives the context: Linux ends the server with the thread that started it.

    In ``data_dir``: ``data`` (Postgres' own), ``password``, ``server.log`` and two lock files.
    Entering raises Unavailable, with the end of the log, when the server cannot start.
    """

    def __init__(self, data_dir: Path, *, bin_dir: Path | None = None) -> None:
        self._home = data_dir.absolute()
        self._data = self._home / "data"
        self._password = self._home / "password"
        self._log = self._home / "server.log"
        self._bin_dir = bin_dir
        self._port = 0
        self._exit = AsyncExitStack()

    @property
    def dsn(self) -> str:
        """The address of the database ``postgres``, password included; its port may change."""
        return f"postgresql://turnout:{self._password.read_text()}@127.0.0.1:{self._port}/postgres"

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as undo:
            try:
                await self._start(undo)
            except OSError as fault:
                raise Unavailable(
                    f"Postgres cannot use {self._home}: {fault}. Let the folder belong to the user"
                    " who starts it, or choose another."
                ) from fault
            self._exit = undo.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._exit.aclose()

    async def _start(self, undo: AsyncExitStack) -> None:
        undo.callback(os.close, self._enter_alone())
        binaries = await asyncio.to_thread(find_binaries, self._bin_dir)
        if os.geteuid() == 0:
            binaries = await asyncio.to_thread(readable_by_all, binaries)
        lock = await self._outlive_the_last_server()
        try:
            runner = Runner(account=server_account(self._data), lock=lock, log=self._log)
            await self._initialise(runner, binaries / "initdb")
            await self._serve(runner, binaries / "postgres", undo)
        finally:
            os.close(lock)  # from here on the server alone holds it

    def _enter_alone(self) -> int:
        self._home.mkdir(parents=True, exist_ok=True, mode=0o700)
        alone = _lock(self._home / "supervisor.lock")
        if alone is None:
            raise Conflict(
                f"Another process runs the Postgres in {self._home}: stop it, or choose another"
                " folder, or set DATABASE_URL."
            )
        self._log.unlink(missing_ok=True)
        return alone

    async def _outlive_the_last_server(self) -> int:
        # A server inherits this lock from the supervisor that started it. While it is held and
        # that supervisor is gone, postmaster.pid is true: no process of a stranger has its number.
        path = self._home / "server.lock"
        lock = _lock(path)
        if lock is None:
            with suppress(FileNotFoundError, ProcessLookupError):
                os.kill(int(self._server_status()[0]), signal.SIGQUIT)
        with suppress(TimeoutError):
            async with asyncio.timeout(OLD_SERVER_ENDS_WITHIN_S):
                while lock is None:
                    await asyncio.sleep(POLL_S)
                    lock = _lock(path)
        if lock is None:
            raise self._failure("still runs from last time")
        return lock

    async def _initialise(self, runner: Runner, initdb: Path) -> None:
        if self._data.exists():
            return
        draft = self._home / "data.new"
        self._prepare(draft, runner)
        with self._password.open("rb") as password:
            process = await runner.start(initdb, draft, *INITDB, stdin=password.fileno())
        try:
            async with asyncio.timeout(INITDB_WITHIN_S):
                await process.wait()
        except TimeoutError:
            raise self._failure(f"is not made after {INITDB_WITHIN_S} s") from None
        finally:
            await stop(process)
        if process.returncode != 0:
            raise self._failure("cannot be made")
        draft.rename(self._data)

    def _prepare(self, draft: Path, runner: Runner) -> None:
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        self._password.unlink(missing_ok=True)
        self._password.touch(mode=0o600)
        self._password.write_text(secrets.token_urlsafe(24))
        for path in (draft, self._password):
            os.chown(path, runner.account.uid, runner.account.gid)

    async def _serve(self, runner: Runner, postgres: Path, undo: AsyncExitStack) -> None:
        for _ in range(PORT_TRIES):
            self._port = _free_port()
            process = await runner.start(postgres, self._data, *SERVER, f"--port={self._port}")
            undo.push_async_callback(stop, process)
            if await self._answers(process):
                return
            if "Address already in use" not in self._log_tail():
                break
        raise self._failure("does not start")

    async def _answers(self, process: Process) -> bool:
        # False: it ended. pg_ctl, too, waits for the eighth line of postmaster.pid.
        with suppress(TimeoutError):
            async with asyncio.timeout(START_WITHIN_S):
                while process.returncode is None:
                    with suppress(FileNotFoundError):
                        status = self._server_status()
                        if status[:1] == [str(process.pid)] and status[7:] == ["ready"]:
                            return True
                    await asyncio.sleep(POLL_S)
        return False

    def _server_status(self) -> list[str]:
        return [line.strip() for line in (self._data / "postmaster.pid").read_text().splitlines()]

    def _failure(self, what: str) -> Unavailable:
        return Unavailable(
            f"The Postgres in {self._home} {what}. Its log ends:\n{self._log_tail()}\n"
            "Mend that, or choose another folder, or set DATABASE_URL to a server that runs."
        )

    def _log_tail(self) -> str:
        return self._log.read_text("utf-8", "replace")[-LOG_TAIL:] if self._log.exists() else ""


def _lock(path: Path) -> int | None:
    # An open file that holds the lock, or None while another process holds it.
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
