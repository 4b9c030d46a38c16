"""Postgres and Kafka behind proxies: killed, they come back where clients look for them."""

import asyncio
import contextlib
import os
import random
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from aiokafka.admin import AIOKafkaAdminClient

from shared.db.migrate import migrate
from shared.embedded.kafka import EmbeddedKafka
from shared.embedded.postgres import EmbeddedPostgres
from tests.chaos.clocks import ClockedPostgres
from tests.chaos.proxy import Proxy, open_proxy
from tests.support.postgres import execute, sibling

DATABASE: Final = "chaos"
_FORGOTTEN_S: Final = 30.0


@dataclass(slots=True)
class Postgres:
    """A server that syncs to disk, as in production, on a folder that outlives its deaths.

    ``clocked``: its clock can be moved.
    """

    folder: Path
    proxy: Proxy
    clocked: ClockedPostgres | None = None
    _server: EmbeddedPostgres | None = field(default=None)

    @property
    def direct_dsn(self) -> str:
        """The database, past the proxy; its port changes with each start."""
        assert self._server is not None, "it was started"
        return sibling(self._server.dsn, DATABASE)

    @property
    def dsn(self) -> str:
        """The database, through the proxy."""
        parts = urlsplit(self.direct_dsn)
        place = f"{parts.username}:{parts.password}@127.0.0.1:{self.proxy.port}"
        return parts._replace(netloc=place).geturl()

    @property
    def pid(self) -> int:
        """The postmaster."""
        return int((self.folder / "data" / "postmaster.pid").read_text().split()[0])

    async def start(self) -> None:
        """Return when it answers, its crash recovered from."""
        programs = None if self.clocked is None else self.clocked.bin_dir
        self._server = await EmbeddedPostgres(self.folder, bin_dir=programs).__aenter__()
        self.proxy.target = urlsplit(self._server.dsn).port or 0

    async def stop(self, how: signal.Signals | None = None) -> None:
        """End it with a signal to the postmaster first, or in good order."""
        server = self._server
        if server is None:
            return
        if how is not None:
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                os.kill(self.pid, how)
        await server.__aexit__(None, None, None)

    def backends(self) -> list[int]:
        """Its child processes."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        return [int(pid) for pid in children.split()]


@dataclass(slots=True)
class Servers:
    """Both servers, each with the proxy through which the product sees it."""

    postgres: Postgres
    kafka: EmbeddedKafka
    kafka_proxy: Proxy

    @property
    def bootstrap(self) -> str:
        """Where Kafka is found, through its proxy."""
        return f"127.0.0.1:{self.kafka_proxy.port}"

    @property
    def kafka_folder(self) -> Path:
        """Where Kafka keeps its data."""
        return self.postgres.folder.with_name("kafka")

    async def renew(self) -> None:
        """Make both empty once nobody uses them any more: for another play."""
        server = sibling(self.postgres.direct_dsn, "postgres")
        await execute(server, f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        await execute(server, f"CREATE DATABASE {DATABASE}")
        await migrate(self.postgres.direct_dsn)
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await admin.start()
        try:
            groups = [name for name, _ in await admin.list_consumer_groups()]
            topics = [name for name in await admin.list_topics() if not name.startswith("__")]
            await admin.delete_topics(topics)
            # What groups had consumed is forgotten with the topics, though not at once.
            async with asyncio.timeout(_FORGOTTEN_S):
                while any([await admin.list_consumer_group_offsets(name) for name in groups]):
                    await asyncio.sleep(0.1)
        finally:
            await admin.close()


@asynccontextmanager
async def open_servers(
    folder: Path, chance: random.Random, clocked: ClockedPostgres | None = None
) -> AsyncIterator[Servers]:
    """Both servers with empty data, the schema current; Postgres by a clock that can be moved."""
    async with open_proxy(0, chance) as to_postgres, open_proxy(0, chance) as to_kafka:
        postgres = Postgres(folder / "postgres", to_postgres, clocked)
        kafka = EmbeddedKafka(folder / "kafka", advertised_port=to_kafka.port)
        to_kafka.target = int(kafka.bootstrap_servers.rpartition(":")[2])
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(postgres.start())
                group.create_task(kafka.start())
            servers = Servers(postgres, kafka, to_kafka)
            await servers.renew()
            yield servers
        finally:
            await kafka.close()
            await postgres.stop()


@contextlib.contextmanager
def small_disk(folder: Path, mebibytes: int) -> Iterator[bool]:
    """A file system of so many MiB at ``folder``; False where none can be mounted."""
    folder.mkdir(parents=True, exist_ok=True)
    mount = shutil.which("mount")
    options = ("-t", "tmpfs", "-o", f"size={mebibytes}m", "tmpfs", str(folder))
    mounted = mount is not None and not subprocess.run((mount, *options), check=False).returncode
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(("umount", "-l", str(folder)), check=False)
