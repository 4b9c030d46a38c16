"""One Apache Kafka node on this machine, without Docker: for development, demos and tests.

Needs Java 17 and Maven. Maven fetches the broker's jars once per user, into
``$XDG_CACHE_HOME/turnout/kafka-<version>``. The broker dies with its parent process.
"""

import asyncio
import contextlib
import ctypes
import fcntl
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from string import Template
from types import TracebackType
from typing import Final, Self

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from shared.domain.errors import Unavailable

_DATA: Final = Path(__file__).with_name("kafka_broker")
_FETCH_S: Final = 600.0
_START_S: Final = 60.0
_STOP_S: Final = 20.0
_POLL_S: Final = 0.05
# Any well-formed id will do: a node of its own never meets another cluster.
_CLUSTER_ID: Final = "dHVybm91dC1lbWJlZGRlZA"
_PR_SET_PDEATHSIG: Final = 1


def missing_tools() -> tuple[str, ...]:
    """Which of the programs that a broker needs are not on this machine."""
    return tuple(tool for tool in ("java", "mvn") if shutil.which(tool) is None)


def cache_folder(environ: Mapping[str, str]) -> Path:
    """Where the jars are kept for this user; it may not exist yet."""
    root = environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(root) / "turnout"


class EmbeddedKafka:
    """A supervised broker. After ``kill`` or ``stop``, ``start`` goes on with the same data.

    ``log_dir`` None means a temporary folder, deleted on leaving the context; ``port`` 0 means a
    free one, kept for the broker's life; clients are sent on to ``advertised_port``, where
    something may stand in between. Use it from one event loop at a time.
    """

    def __init__(
        self,
        log_dir: Path | None = None,
        *,
        port: int = 0,
        advertised_port: int = 0,
        cache: Path | None = None,
    ) -> None:
        self._temporary = Path(tempfile.mkdtemp(prefix="turnout-kafka-")) if not log_dir else None
        self._home = log_dir or self._temporary or Path()
        self._port = port or _free_port()
        self._advertised_port = advertised_port or self._port
        self._controller_port = _free_port()
        self._cache = cache or cache_folder(os.environ)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap_servers(self) -> str:
        """The broker's address, as clients take it."""
        return f"127.0.0.1:{self._port}"

    @property
    def pid(self) -> int | None:
        """The running broker's process, for faults that a test sends it."""
        return self._process.pid if self._process else None

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        await self.close()

    async def start(self) -> None:
        """Return when the broker answers; at once when it runs. Raises Unavailable."""
        if self._process:
            return
        libs = await asyncio.to_thread(_fetched_jars, self._cache)
        self._write_settings()
        if not (self._home / "data" / "meta.properties").exists():
            await asyncio.to_thread(_format, libs, self._home)
        # Not in a thread: the kernel ties the death signal to the thread that forks.
        self._process = _spawn(libs, self._home)
        await self._answered()

    async def stop(self) -> None:
        """End the broker in good order, by force after 20 s; its data stays."""
        await self._end(signal.SIGTERM)

    async def kill(self) -> None:
        """End the broker as a power cut would: no goodbye, nothing flushed."""
        await self._end(signal.SIGKILL)

    async def close(self) -> None:
        """Stop, and delete the data if the folder is our own."""
        await self.stop()
        if self._temporary:
            shutil.rmtree(self._temporary, ignore_errors=True)

    def _write_settings(self) -> None:
        data = self._home / "data"
        data.mkdir(parents=True, exist_ok=True)
        template = Template((_DATA / "server.properties").read_text("utf-8"))
        text = template.substitute(
            port=self._port,
            advertised_port=self._advertised_port,
            controller_port=self._controller_port,
            log_dir=data,
        )
        (self._home / "server.properties").write_text(text, "utf-8")

    async def _answered(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_START_S):
                while self._process and self._process.poll() is None:
                    if await _knows_a_broker(self._port):
                        return
                    await asyncio.sleep(_POLL_S)
        await self.kill()
        log = (self._home / "broker.log").read_text("utf-8", errors="replace")
        raise Unavailable(f"Kafka did not start; its log ends with:\n{log[-2000:]}")

    async def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(how)
        # A stopped (SIGSTOP) broker must hear the signal too.
        process.send_signal(signal.SIGCONT)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_STOP_S):
                while process.poll() is None:  # noqa: ASYNC110 - the process may outlive the loop
                    await asyncio.sleep(_POLL_S)
        process.kill()
        process.wait()


def _free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port: int = s.getsockname()[1]
        return port


def _fetched_jars(cache: Path) -> Path:
    """The folder of jars, complete: it appears by one rename, under a lock."""
    pom = _DATA / "pom.xml"
    version = re.search(r"<version>(.+?)</version>", pom.read_text("utf-8"))
    libs = cache / f"kafka-{version[1] if version else 'unknown'}"
    if libs.is_dir():
        return libs
    cache.mkdir(parents=True, exist_ok=True)
    with _locked(libs.with_suffix(libs.suffix + ".lock")):
        if not libs.is_dir():
            scratch = Path(tempfile.mkdtemp(prefix="fetching-", dir=cache))
            goal = ["dependency:copy-dependencies", "-DincludeScope=runtime"]
            try:
                _run(["mvn", "-q", "-B", "-f", str(pom), *goal, f"-DoutputDirectory={scratch}"])
                scratch.rename(libs)
            finally:
                shutil.rmtree(scratch, ignore_errors=True)
    return libs


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _format(libs: Path, home: Path) -> None:
    settings = str(home / "server.properties")
    _run(_java(libs, "kafka.tools.StorageTool", "format", "-t", _CLUSTER_ID, "-c", settings))


def _run(command: list[str]) -> None:
    try:
        subprocess.run(  # noqa: S603 - the arguments are ours
            command, check=True, capture_output=True, timeout=_FETCH_S
        )
    except FileNotFoundError as error:
        raise Unavailable(f"Apache Kafka needs {command[0]!r}, which is not here") from error
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        said = (error.stdout or b"")[-2000:].decode("utf-8", "replace")
        raise Unavailable(f"{command[0]} failed:\n{said}") from error


def _spawn(libs: Path, home: Path) -> "subprocess.Popen[bytes]":
    command = _java(libs, "kafka.Kafka", str(home / "server.properties"))
    with (home / "broker.log").open("ab") as log:
        return subprocess.Popen(  # noqa: S603 - the arguments are ours
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # a person's Ctrl-C reaches us, and we stop the broker
            preexec_fn=_dies_with_parent(),  # noqa: PLW1509 - only a system call in there
        )


def _java(libs: Path, *arguments: str) -> list[str]:
    java = shutil.which("java") or "java"
    logging = f"-Dlog4j2.configurationFile={_DATA / 'log4j2.properties'}"
    # A broker that lives for minutes gains nothing from the second compiler.
    memory = ("-Xms320m", "-Xmn192m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
    return [java, *memory, "-cp", f"{libs}/*", logging, *arguments]


def _dies_with_parent() -> Callable[[], None]:
    prctl = ctypes.CDLL(None).prctl if os.uname().sysname == "Linux" else None

    def arm() -> None:
        if prctl:
            prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)

    return arm


async def _knows_a_broker(port: int) -> bool:
    # The socket comes first: aiokafka logs an error for each refused connection.
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    admin = AIOKafkaAdminClient(bootstrap_servers=f"127.0.0.1:{port}", request_timeout_ms=5000)
    try:
        await admin.start()
        cluster = await admin.describe_cluster()
    except KafkaError:
        return False
    finally:
        await admin.close()
    return bool(cluster["brokers"])
