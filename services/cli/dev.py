"""``turnout dev``."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from shlex import quote
from typing import Any

import click

from services.cli.demo.plan import EVENT_TYPE, SEED_ENVIRONMENT, minimal_workflow
from services.cli.options import DEFAULT_URL, example, json_option
from services.cli.present import say, write_json_line
from services.cli.process.own_ring import own_ring
from services.cli.process.patience import patiently
from services.cli.process.ports import LOOPBACK, claim_port
from services.cli.process.roles import ROLES, read_roles
from services.cli.process.running import bring_up_to_date, opened, play, ready, run
from services.cli.process.settings import (
    Outside,
    QuietSettings,
    check_dsn,
    read_keyring,
    read_process_settings,
)
from shared.assembly.settings import ProcessSettings
from shared.embedded.postgres import EmbeddedPostgres
from shared.runtime.telemetry import configure_logging


@click.command(epilog=example("turnout dev --port 8081 --data-dir /tmp/turnout"))
@click.option("--port", type=click.IntRange(0, 65_535), default=8080, show_default=True)
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    default=".turnout",
    show_default=True,
    help="Where Postgres keeps its data, unless DATABASE_URL names a server, and where the key of"
    " secrets is, unless TURNOUT_KEYRING has it.",
)
@json_option
def dev(*, port: int, data_dir: Path, as_json: bool) -> None:
    """Run everything in one process on one port of this machine, for development.

    Postgres is started here unless DATABASE_URL names one; the bus is kept in it unless
    KAFKA_BOOTSTRAP_SERVERS is set. There is no token, and steps may call this machine.
    """
    port = claim_port(port)

    async def main(stop: asyncio.Event) -> None:
        async with _database(data_dir) as (dsn, place):
            given = _given(dsn, port, data_dir)
            settings = read_process_settings(given, QuietSettings)
            makers = read_roles(ROLES, given)
            configure_logging(settings.log)
            await patiently(lambda: bring_up_to_date(dsn), stop)
            async with opened(settings, stop) as platform, asyncio.TaskGroup() as group:
                group.create_task(play(makers, platform, stop, settings.stop_within_s))
                if await ready(platform, stop):
                    _announce(f"http://{LOOPBACK}:{port}", place, settings, as_json=as_json)

    run(main)


@asynccontextmanager
async def _database(data_dir: Path) -> AsyncIterator[tuple[str, str]]:
    """The address of Postgres, and what people call the place of its data."""
    if (dsn := Outside().database_url) is not None:
        check_dsn(dsn)
        yield dsn.get_secret_value(), "the database of DATABASE_URL"
        return
    folder = data_dir / "postgres"
    async with EmbeddedPostgres(folder) as server:
        yield server.dsn, str(folder)


def _given(dsn: str, port: int, data_dir: Path) -> dict[str, Any]:
    ring = read_keyring()
    return {
        "DATABASE_URL": dsn,
        "host": LOOPBACK,
        "port": port,
        "token": None,
        "login": "none",
        "jwt": (),
        "egress": {"allow_loopback": True},
        "keyring": ring if ring.ids else own_ring(data_dir),
    }


def _announce(url: str, place: str, settings: ProcessSettings, *, as_json: bool) -> None:
    kafka = settings.kafka_bootstrap_servers
    if as_json:
        write_json_line({"url": url, "data": place, "kafka_bootstrap_servers": kafka})
        return
    at = "" if url == DEFAULT_URL else f" --url {url}"
    body = quote(minimal_workflow().decode().strip())
    say(
        f"""
Turnout is ready at {url}; Ctrl-C ends it. Its routes: {url}/docs
Data: {place}. Bus: {f"Kafka at {kafka}" if kafka else "kept in Postgres"}.

Register a workflow:
  curl {url}/truto/workflow -H 'Content-Type: application/json' -d {body}
Send an event that starts it, and see what it started:
  turnout event send {EVENT_TYPE}{at} --environment {SEED_ENVIRONMENT}
  turnout execution list{at} --environment {SEED_ENVIRONMENT}
"""
    )
