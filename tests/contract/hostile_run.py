"""The long run: ``python -m tests.contract.hostile_run``; it starts all it needs.

Without ``--each`` every place of every route gets everything of the corpora, which takes an hour
or more. Every record of the corpora is published in any case.
"""

import asyncio
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

import click

from shared.db.migrate import migrate
from shared.embedded.postgres import EmbeddedPostgres
from shared.runtime.settings import LogSettings
from shared.runtime.telemetry import configure_logging
from tests.contract.hostile_cases import SEED
from tests.contract.hostile_records import attack_records
from tests.contract.hostile_served import Seen, attack, open_ground

TOLD_EVERY = 5_000


@click.command()
@click.option(
    "--each", type=click.IntRange(1), help="So many for each kind of place of each route."
)
@click.option("--start", type=click.IntRange(0), default=SEED, show_default=True, help="The seed.")
def main(each: int | None, start: int) -> None:
    """Send what means badly to every place of every route; end with 1 when something breaks."""
    configure_logging(LogSettings(level="WARNING", format="console"))
    began = monotonic()
    asked, published = asyncio.run(_run(each, start))
    for kind, status in sorted(asked.statuses):
        click.echo(f"{kind:10} {status}: {asked.statuses[kind, status]:,}")
    wrong = {**asked.wrong, **published.wrong}
    sent = f"{asked.statuses.total():,} requests, {published.statuses.total():,} records"
    click.echo(f"{sent}, {len(wrong)} faults, {monotonic() - began:,.0f} s")
    for (kind, place, fault), shown in wrong.items():
        click.echo(f"\n{place}, {kind}: {fault}\n{shown}", err=True)
    sys.exit(1 if wrong else 0)


async def _run(each: int | None, start: int) -> tuple[Seen, Seen]:
    with TemporaryDirectory() as folder:
        async with EmbeddedPostgres(Path(folder)) as server:
            await migrate(server.dsn)
            async with open_ground(server.dsn) as ground:
                published = await attack_records(ground, each=None, start=start)
                return await attack(ground, each=each, start=start, tell=_tell), published


def _tell(done: int) -> None:
    if done % TOLD_EVERY == 0:
        click.echo(f"{done:,} requests", err=True)


if __name__ == "__main__":
    main()
