"""How ``turnout dev`` and ``turnout serve`` start, refuse to start, and end."""

import asyncio
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from services.cli.process import patience
from shared.domain.errors import Unavailable
from shared.embedded.postgres import EmbeddedPostgres
from tests.integration.cli.command import (
    WITHIN_S,
    Running,
    eventually,
    is_alive,
    running,
    turnout,
)
from tests.integration.test_schema_changes import NEWER
from tests.support.postgres import execute

pytestmark = pytest.mark.xdist_group("cli")

NOBODY = "postgresql://u:secret@127.0.0.1:1/db"
TOKEN = {"TURNOUT_TOKEN": "a-token-for-tests-only"}


@contextmanager
def dev(folder: Path, *arguments: str) -> Iterator[tuple[Running, int]]:
    """A ready ``turnout dev`` with its data in ``folder``, and the process of its Postgres."""
    with running("dev", "--port", "0", "--json", *arguments, folder=folder) as process:
        process.said()
        server = folder / ".turnout" / "postgres" / "data" / "postmaster.pid"
        yield process, int(server.read_text("utf-8").splitlines()[0])


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_dev_ends_in_order(tmp_path: Path, sign: signal.Signals) -> None:
    """Asked to end, dev ends with 0, and so has its Postgres."""
    with dev(tmp_path) as (process, server):
        assert is_alive(server)
        assert process.end(sign, within_s=WITHIN_S) == 0, process.err
        assert not is_alive(server)
        assert "Traceback" not in process.err


def test_a_killed_dev_leaves_no_postgres(tmp_path: Path) -> None:
    """After kill -9 the Postgres ends too, and dev starts again on the same data."""
    with dev(tmp_path) as (process, server):
        process.end(signal.SIGKILL, within_s=WITHIN_S)
        eventually(lambda: not is_alive(server))
    with dev(tmp_path) as (process, _):
        assert process.process.poll() is None


def test_two_devs_on_one_folder(tmp_path: Path) -> None:
    """A second dev on the same data is refused with 4 and told what to do; the first goes on."""
    with dev(tmp_path) as (first, _):
        second = turnout("dev", "--port", "0", cwd=tmp_path)
        assert second.code == 4
        assert "Another process runs the Postgres" in second.err
        assert first.process.poll() is None


def test_a_taken_port(tmp_path: Path) -> None:
    """Dev says at once that its port is taken, before it makes any data."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = turnout("dev", "--port", str(taken.getsockname()[1]), cwd=tmp_path)
    assert done.code == 4
    assert "--port" in done.err
    assert not (tmp_path / ".turnout").exists()


def test_dev_needs_no_address_of_postgres_but_a_right_one(tmp_path: Path) -> None:
    """A DATABASE_URL that is none is refused with 4, its text unsaid."""
    done = turnout("dev", "--port", "0", cwd=tmp_path, env={"DATABASE_URL": "mysql://u:secret@h"})
    assert done.code == 4
    assert "DATABASE_URL is not an address of Postgres" in done.err
    assert "secret" not in done.err


async def test_whoever_waits_stops_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long it was going to wait until the next try."""
    monkeypatch.setattr(patience, "PAUSE_FIRST_S", 3_600.0)
    tried, stop = asyncio.Event(), asyncio.Event()

    async def attempt() -> None:
        tried.set()
        raise Unavailable

    waiting = asyncio.create_task(patience.patiently(attempt, stop))
    await tried.wait()
    stop.set()
    with pytest.raises(patience.Stopped):
        await asyncio.wait_for(waiting, WITHIN_S)


def test_serve_waits_for_postgres_and_ends_when_told(tmp_path: Path) -> None:
    """While Postgres does not answer, serve waits and says why; SIGTERM ends it with 0.

    A variable that nothing reads is told, without its value.
    """
    env = {"DATABASE_URL": NOBODY, **TOKEN, "TURNOUT_ACTVE_MAX": "5555"}
    with running("serve", "all", folder=tmp_path, env=env) as process:
        eventually(lambda: "Postgres cannot be reached" in process.err)
        assert "TURNOUT_ACTVE_MAX (did you mean TURNOUT_ACTIVE_MAX?)" in process.err
        assert "5555" not in process.err
        assert process.end(signal.SIGTERM, within_s=WITHIN_S) == 0
        assert "secret" not in process.err
        assert "Traceback" not in process.err


def test_serve_waits_for_kafka_and_ends_when_told(tmp_path: Path, database: str) -> None:
    """While Kafka does not answer, serve waits and says why; SIGTERM ends it with 0."""
    env = {"DATABASE_URL": database, "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"}
    with running("serve", "matcher", folder=tmp_path, env=env) as process:
        eventually(lambda: "Kafka" in process.err and '"event": "waiting"' in process.err)
        assert process.end(signal.SIGTERM, within_s=WITHIN_S) == 0
        assert "Traceback" not in process.err


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DATABASE_URL", None),
        ("DATABASE_URL", "secret"),
        ("TURNOUT_PARTITIONS", "-5555"),
        ("TURNOUT_ADMIN__PORT", "secret"),
        ("TURNOUT_SOURCE_TOPICS", "secret"),
        ("TURNOUT_COMMIT_ROWS_MAX", "-5555"),
        ("TURNOUT_TOKEN", "secret"),
        ("TURNOUT_TOKEN", None),
        ("TURNOUT_KAFKA", '{"security_protocol": "secret"}'),
    ],
)
def test_wrong_settings(variable: str, value: str | None) -> None:
    """A wrong setting ends serve with 4 and a sentence that names the variable, not its value."""
    kafka = {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"} if "KAFKA" in variable else {}
    env = {"DATABASE_URL": NOBODY, **TOKEN, **kafka, variable: value}
    done = turnout("serve", "all", env={k: v for k, v in env.items() if v is not None})
    assert (done.code, done.out) == (4, "")
    assert variable.removeprefix("TURNOUT_").lower() in done.err.lower()
    assert value is None or value not in done.err
    assert "Traceback" not in done.err


def test_serve_does_not_migrate_unasked(empty_database: str) -> None:
    """Without a schema, serve is refused with 4 and says what to run."""
    done = turnout("serve", "scheduler", env={"DATABASE_URL": empty_database})
    assert done.code == 4
    assert "turnout db migrate" in done.err


def test_serve_all(tmp_path: Path, empty_database: str, held_port: int) -> None:
    """All roles in one process: ready, measured, guarded by a token; ended by SIGTERM with 0."""
    token = "0123456789abcdef"
    env = {
        "DATABASE_URL": empty_database,
        "TURNOUT_ADMIN__PORT": "0",
        "TURNOUT_PORT": str(held_port),
        "TURNOUT_TOKEN": token,
    }
    arguments = ("serve", "all", "--migrate", "--member", "one", "--json")
    with running(*arguments, folder=tmp_path, env=env) as process:
        admin = process.said()["admin"]
        eventually(lambda: _status(f"{admin}/readyz") == 200)
        assert _status(f"{admin}/healthz") == 200
        with urlopen(f"{admin}/metrics", timeout=60) as answer:
            assert b"turnout_workflows_live" in answer.read()
        url = f"http://127.0.0.1:{held_port}"
        denied = turnout("workflow", "list", "--url", url)
        assert denied.code == 6
        assert "--token" in denied.err
        assert "none of these" not in denied.err
        wrong = turnout("workflow", "list", "--url", url, "--token", "another")
        assert (wrong.code, "none of these" in wrong.err) == (6, True)
        allowed = {"TURNOUT_URL": url, "TURNOUT_TOKEN": token}
        assert turnout("workflow", "list", "--json", env=allowed).json == []
        assert process.end(signal.SIGTERM, within_s=WITHIN_S) == 0


def test_serve_on_a_newer_schema_with_migrate(tmp_path: Path, database: str) -> None:
    """A replica of the version before starts again, with a warning; it migrates nothing."""
    asyncio.run(execute(database, NEWER))
    env = {**TOKEN, "DATABASE_URL": database, "TURNOUT_ADMIN__PORT": "0", "TURNOUT_PORT": "0"}
    with running("serve", "all", "--migrate", "--json", folder=tmp_path, env=env) as process:
        admin = process.said()["admin"]
        eventually(lambda: _status(f"{admin}/readyz") == 200)
        assert "schema_is_newer" in process.err
        assert process.end(signal.SIGTERM, within_s=WITHIN_S) == 0
    refused = turnout("db", "migrate", env=env)
    assert (refused.code, "knows none newer" in refused.err) == (4, True)


def test_a_taken_admin_port(database: str) -> None:
    """When the port of health and metrics is taken, serve is refused with 4 and names it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        env = {"DATABASE_URL": database, "TURNOUT_ADMIN__PORT": port}
        done = turnout("serve", "scheduler", env=env)
    assert done.code == 4
    assert "TURNOUT_ADMIN__PORT" in done.err
    assert "Traceback" not in done.err


async def test_serve_ends_in_time_when_postgres_has_gone(tmp_path: Path) -> None:
    """With Postgres gone under it, serve lives on, and SIGTERM still ends it with 0."""
    folder = tmp_path / "postgres"
    async with EmbeddedPostgres(folder) as server:
        env = {
            **TOKEN,
            "DATABASE_URL": server.dsn,
            "TURNOUT_ADMIN__PORT": "0",
            "TURNOUT_PORT": "0",
            "TURNOUT_STOP_WITHIN_S": "5",
        }
        with running("serve", "all", "--migrate", "--json", folder=tmp_path, env=env) as process:
            admin = process.said()["admin"]
            eventually(lambda: _status(f"{admin}/readyz") == 200)
            pid = int((folder / "data" / "postmaster.pid").read_text("utf-8").split()[0])
            os.kill(pid, signal.SIGQUIT)
            eventually(lambda: _status(f"{admin}/readyz") == 503)
            assert _status(f"{admin}/healthz") == 200
            assert process.end(signal.SIGTERM, within_s=WITHIN_S) == 0


def _status(url: str) -> int:
    try:
        with urlopen(url, timeout=60) as answer:
            return int(answer.status)
    except HTTPError as error:
        return error.code
    except OSError:
        return 0
