"""The command."""

import asyncio
from pathlib import Path
from typing import Final

import click

from services.cli.doctor import machine, services
from services.cli.doctor.findings import Finding, State
from services.cli.exits import Exit
from services.cli.lazy import Lazy, LazyGroup
from services.cli.options import api_options, example
from services.cli.present import show_rows, write_json
from services.cli.process.settings import Outside, read_keyring, read_process_settings
from shared.domain.errors import Rejected
from shared.runtime.clock import SystemClock

_BUS_TO_DO: Final = "See that it runs where KAFKA_BOOTSTRAP_SERVERS, or else DATABASE_URL, says."


@click.group(
    cls=LazyGroup,
    lazy={
        "conservation": Lazy(
            "services.cli.doctor.conservation.command:conservation",
            "Prove that nothing was lost on the way.",
        )
    },
    invoke_without_command=True,
    epilog=example("turnout doctor", "turnout doctor --url http://turnout:8080 --json"),
)
@api_options
@click.pass_context
def doctor(ctx: click.Context, *, url: str, token: str | None, as_json: bool) -> None:
    """Check what Turnout needs, and say what to do where something is amiss.

    Looks at Python, disk, egress settings, variables that nothing reads, Postgres with its schema
    and clock, the keys of secrets, the bus with its topics, and the API. Changes nothing. Ends with
    1 when a check fails.
    """
    if ctx.invoked_subcommand is not None:
        return
    findings = [machine.check_python(), machine.check_disk(Path.cwd()), machine.check_egress()]
    findings += machine.check_variables()
    findings += asyncio.run(_look_around(url, token))
    if as_json:
        write_json(findings)
    else:
        show_rows(
            ("check", "state", "found", "to do"),
            [(f.check, f.state, f.found, f.to_do or "") for f in findings],
        )
    failed = any(f.state is State.FAIL for f in findings)
    ctx.exit(Exit.FAILED if failed else Exit.OK)


async def _look_around(url: str, token: str | None) -> list[Finding]:
    findings = await _look_at_stores()
    return findings + await services.checked("api", lambda: services.check_api(url, token))


async def _look_at_stores() -> list[Finding]:
    if Outside().database_url is None:
        return [machine.check_embedded_postgres()]
    try:
        settings, ring = read_process_settings({}), read_keyring()
    except Rejected as error:
        return [Finding(check="settings", state=State.FAIL, found=error.message, to_do="Mend it.")]
    clock = SystemClock()
    checked = services.checked
    postgres = await checked("postgres", lambda: services.check_postgres(settings, clock))
    schema = await checked("schema", lambda: services.check_schema_is_current(settings))
    secrets = []
    if schema[0].state is not State.FAIL:
        secrets = await checked("secrets", lambda: services.check_secrets(settings, ring))
    elif settings.kafka_settings is None:
        return [*postgres, *schema, _bus_without_schema()]
    bus = await checked("bus", lambda: services.check_bus(settings, clock), to_do=_BUS_TO_DO)
    return [*postgres, *schema, *secrets, *bus]


def _bus_without_schema() -> Finding:
    return Finding(
        check="bus",
        state=State.FAIL,
        found="kept in Postgres, whose schema is not current",
        to_do="Mend the schema first, or set KAFKA_BOOTSTRAP_SERVERS.",
    )
