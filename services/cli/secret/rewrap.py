"""``turnout secret rewrap``."""

import asyncio
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Final
from uuid import uuid4

import click
from pydantic import SecretStr

from services.cli.exits import Exit
from services.cli.options import example, json_option
from services.cli.present import counted, say, write_json
from services.cli.process.running import check_schema
from services.cli.process.settings import read_database_url, read_keyring
from shared.db.altostrat_addresses import rewrap_addresses
from shared.db.audit import Change, Noted, note_change
from shared.db.pool import Connection, open_pool, translated
from shared.db.secrets import START, Place, Rewrapped, count_keys, rewrap_some
from shared.db.signing_secrets import rewrap_signing
from shared.domain.errors import Rejected
from shared.domain.ids import EnvironmentId
from shared.domain.principals import Caller
from shared.runtime.clock import SystemClock
from shared.runtime.keyring import KeyRing
from shared.runtime.settings import LogSettings, PostgresSettings
from shared.runtime.telemetry import configure_logging

AT_ONCE: Final = 100
OPERATOR: Final = "operator"
"""Who changes secrets of all environments: whoever has the database and the ring."""


@dataclass(slots=True)
class _Report:
    rewrapped: int = 0
    unreadable: int = 0
    remaining: dict[str, int] = field(default_factory=dict)


@click.command(
    epilog=example("DATABASE_URL=postgresql://… TURNOUT_KEYRING=<new>,<old> turnout secret rewrap")
)
@json_option
@click.pass_context
def rewrap(ctx: click.Context, *, as_json: bool) -> None:
    """Encrypt all secrets of the database anew, by the first key of TURNOUT_KEYRING.

    May be ended and run again at any time, while everything is running. Ends with 1 when secrets
    remain under other keys.
    """
    dsn, ring = read_database_url(), read_keyring()
    if not ring.ids:
        raise Rejected("TURNOUT_KEYRING is not set: set it to the new key, a comma, the old ones.")
    configure_logging(LogSettings(format="console"))
    report = asyncio.run(_rewrap_all(dsn, ring))
    if as_json:
        write_json({"key_id": ring.ids[0], **asdict(report)})
    else:
        say(_told(ring, report))
    ctx.exit(Exit.FAILED if report.remaining else Exit.OK)


async def _rewrap_all(dsn: str, ring: KeyRing) -> _Report:
    await check_schema(dsn)
    report, request_id = _Report(), f"rewrap-{uuid4()}"
    async with open_pool(PostgresSettings(dsn=SecretStr(dsn), pool_max=2)) as pool:
        with translated():
            async with pool.acquire() as conn:
                for some_of in (rewrap_some, rewrap_signing, rewrap_addresses):
                    place: Place | None = START
                    while place is not None:
                        async with conn.transaction():
                            some = await some_of(conn, ring, place, AT_ONCE)
                            await _note(conn, ring, some, request_id)
                        report.rewrapped += len(some.done)
                        report.unreadable += len(some.failed)
                        place = some.last
                        if place is not None:
                            say(f"{report.rewrapped} encrypted anew …")
                counts = await count_keys(conn)
    report.remaining = {id_: count for id_, count in counts.items() if id_ != ring.ids[0]}
    return report


async def _note(conn: Connection, ring: KeyRing, some: Rewrapped, request_id: str) -> None:
    """Note for each environment which keys its secrets were under, and how many they are."""
    keys: dict[EnvironmentId, Counter[str]] = {}
    for (environment_id, _), key_id in some.done.items():
        keys.setdefault(environment_id, Counter())[key_id] += 1
    now = SystemClock().now()
    for environment_id, held in keys.items():
        change = Change(
            action="secret.rewrap",
            target="secrets",
            before=held,
            after={ring.ids[0]: held.total()},
        )
        caller = Caller(name=OPERATOR, environment_id=environment_id, request_id=request_id)
        await note_change(conn, Noted(id=uuid4(), at=now, caller=caller, change=change))


def _told(ring: KeyRing, report: _Report) -> str:
    count = counted(report.rewrapped, "secret is", "secrets are")
    done = f"{count} encrypted anew, by the key '{ring.ids[0]}'."
    if not report.remaining:
        return f"{done} None is under another one: the others may go from every ring."
    listed = ", ".join(f"'{id_}' ({count})" for id_, count in report.remaining.items())
    return (
        f"{done} These remain under others: {listed}. Give the ring those keys, and run it again."
    )
