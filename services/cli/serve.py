"""``turnout serve``."""

import asyncio
from typing import Final

import click
import structlog

from services.cli.options import example, json_option
from services.cli.present import write_json_line
from services.cli.process.patience import patiently
from services.cli.process.roles import ROLES, MakeRole, read_roles
from services.cli.process.running import admin_served, bring_up_to_date, opened, play, run
from services.cli.process.settings import read_process_settings
from services.cli.process.variables import unread_here
from shared.assembly.settings import ProcessSettings
from shared.runtime.telemetry import configure_logging

ALL: Final = "all"

log = structlog.get_logger(__name__)


@click.command(
    epilog=example(
        "DATABASE_URL=postgresql://… KAFKA_BOOTSTRAP_SERVERS=kafka:9092 turnout serve all",
        "turnout serve executor --member executor-3",
    )
)
@click.argument("role", metavar="ROLE", type=click.Choice([ALL, *ROLES]))
@click.option("--member", help="A stable name, its own among all replicas; else the host's name.")
@click.option(
    "--migrate", "is_migrating", is_flag=True,
    help="Bring the database up to date first; a newer one is served with a warning.",
)  # fmt: skip
@json_option
def serve(role: str, *, member: str | None, is_migrating: bool, as_json: bool) -> None:
    """Run ROLE until SIGTERM: all, api, trigger-ingest, matcher, executor, scheduler or webhooks.

    Settings come from the environment:
    DATABASE_URL is needed; KAFKA_BOOTSTRAP_SERVERS decides whether the bus is Kafka or is kept in
    Postgres. While one of them does not answer, the process waits. /healthz, /readyz and /metrics
    are at TURNOUT_ADMIN__HOST and TURNOUT_ADMIN__PORT.
    """
    given = {} if member is None else {"member": member}
    settings = read_process_settings(given)
    makers = read_roles(ROLES if role == ALL else [role], given)
    configure_logging(settings.log)
    if names := unread_here():
        log.warning("variables_unread", names=names)

    async def main(stop: asyncio.Event) -> None:
        if is_migrating:
            dsn = settings.database_url.get_secret_value()
            await patiently(lambda: bring_up_to_date(dsn), stop)
        await _serve(settings, makers, stop, as_json=as_json)

    run(main)


async def _serve(
    settings: ProcessSettings,
    makers: dict[str, MakeRole],
    stop: asyncio.Event,
    *,
    as_json: bool,
) -> None:
    async with opened(settings, stop) as platform, admin_served(platform, settings.admin) as url:
        if as_json:
            write_json_line({"roles": list(makers), "admin": url})
        else:
            log.info("running", roles=list(makers), admin=url)
        await play(makers, platform, stop, settings.stop_within_s)
