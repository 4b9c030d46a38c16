"""The long runs: ``python -m tests.contract.hostile_run``; it starts all it needs.

Without ``--each`` every place of every route gets everything of the corpora, which takes an hour
or more. Every record of the corpora is published in any case. With ``--expressions`` every place
that takes an expression gets every hostile one instead, which takes an hour, too; ``--skip`` and
``--take`` make parts of it.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from uuid import uuid4

import click

from shared.db.migrate import migrate
from shared.embedded.postgres import EmbeddedPostgres
from shared.runtime.settings import LogSettings
from shared.runtime.telemetry import configure_logging
from tests.contract.hostile_cases import SEED
from tests.contract.hostile_evaluated import AFTERWARDS, Evaluated, evaluate
from tests.contract.hostile_expressions import combinations, drawn
from tests.contract.hostile_records import attack_records
from tests.contract.hostile_served import Seen, attack, open_ground
from tests.support.postgres import drop, execute, sibling

TOLD_EVERY = 5_000
AT_ONCE = 100
"""Combinations that one installation gets: what is kept of them is bounded, too."""


@click.command()
@click.option(
    "--each", type=click.IntRange(1), help="So many for each kind of place of each route."
)
@click.option("--start", type=click.IntRange(0), default=SEED, show_default=True, help="The seed.")
@click.option("--expressions", is_flag=True, help="Hostile expressions, wherever one is taken.")
@click.option("--skip", type=click.IntRange(0), default=0, help="Of the expressions the first.")
@click.option("--take", type=click.IntRange(1), help="Of the expressions no more.")
def main(*, each: int | None, start: int, expressions: bool, skip: int, take: int | None) -> None:
    """Send what means badly to every place of every route; end with 1 when something breaks."""
    configure_logging(LogSettings(level="WARNING", format="console"))
    began = monotonic()
    if expressions:
        chosen = combinations() if each is None else drawn(each, start)
        last = None if take is None else skip + take
        wrong = asyncio.run(_evaluate_all(chosen[:last], skip))
    else:
        wrong = asyncio.run(_run(each, start))
    click.echo(f"{len(wrong)} faults, {monotonic() - began:,.0f} s")
    sys.exit(1 if wrong else 0)


Wrong = dict[tuple[str, str, str], str]


async def _run(each: int | None, start: int) -> Wrong:
    with TemporaryDirectory() as folder:
        async with EmbeddedPostgres(Path(folder)) as server:
            await migrate(server.dsn)
            async with open_ground(server.dsn) as ground:
                published = await attack_records(ground, each=None, start=start)
                asked = await attack(ground, each=each, start=start, tell=_tell)
    _tell_statuses(asked)
    sent = f"{asked.statuses.total():,} requests, {published.statuses.total():,} records"
    click.echo(sent)
    wrong = {**asked.wrong, **published.wrong}
    _tell_wrong(wrong)
    return wrong


async def _evaluate_all(chosen: Sequence[tuple[str, str]], skip: int) -> Wrong:
    """Of the combinations those after ``skip``; each installation has a database of its own."""
    whole, wrong = Evaluated(), Wrong()
    with TemporaryDirectory() as folder:
        async with EmbeddedPostgres(Path(folder)) as server:
            for first in range(skip, len(chosen), AT_ONCE):
                some = chosen[first : first + AT_ONCE]
                async with _database(server.dsn) as database:
                    found = await evaluate(database, some)
                whole.add(found)
                new = found.seen.wrong | _too_much(found)
                _tell_wrong(new)
                wrong |= new
                done = first + len(some)
                click.echo(f"{done:,} of {len(chosen):,}: {_worst(found)}; --skip {done}", err=True)
    _tell_statuses(whole.seen)
    click.echo(f"{len(whole.costs.keys() - {AFTERWARDS}):,} combinations, {_worst(whole)}")
    return wrong


@asynccontextmanager
async def _database(server: str) -> AsyncIterator[str]:
    name = f"hostile_{uuid4().hex}"
    await execute(server, f'CREATE DATABASE "{name}"')
    await migrate(sibling(server, name))
    yield sibling(server, name)
    await drop(server, name)


def _too_much(found: Evaluated) -> Wrong:
    return {("cost", title, "too much"): str(cost) for title, cost in found.too_much.items()}


def _tell_wrong(wrong: Wrong) -> None:
    for (kind, place, fault), shown in wrong.items():
        click.echo(f"\n{place}, {kind}: {fault}\n{shown}", err=True)


def _worst(found: Evaluated) -> str:
    return ", ".join(f"{what} ({title})" for what, title in found.worst())


def _tell_statuses(seen: Seen) -> None:
    for kind, status in sorted(seen.statuses):
        click.echo(f"{kind:10} {status}: {seen.statuses[kind, status]:,}")


def _tell(done: int) -> None:
    if done % TOLD_EVERY == 0:
        click.echo(f"{done:,} requests", err=True)


if __name__ == "__main__":
    main()
