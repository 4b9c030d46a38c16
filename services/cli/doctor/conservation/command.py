"""The command."""

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import click

from services.cli.doctor.conservation.report import Report
from services.cli.doctor.conservation.walk import Asked, check_conservation
from services.cli.doctor.services import open_bus
from services.cli.exits import Exit
from services.cli.options import example, json_option
from services.cli.present import counted, say, show_rows, write_json
from services.cli.process.settings import explained, read_process_settings
from services.cli.progress import progress
from services.matcher.settings import MatcherSettings
from services.trigger_ingest.settings import IngestSettings
from shared.assembly.settings import ProcessSettings
from shared.db.conservation import Span
from shared.db.pool import open_pool
from shared.domain.ids import EnvironmentId
from shared.runtime.clock import SystemClock


class Instant(click.ParamType[datetime]):
    """A time with its zone, as 2026-11-22T10:00:00Z."""

    name = "time"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        try:
            at = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        except ValueError:
            at = None
        if at is None or at.tzinfo is None:
            self.fail(f"{value!r} is no time with a zone, as 2026-11-22T10:00:00Z.", param, ctx)
        return at.astimezone(UTC)


@click.command(
    epilog=example(
        "turnout doctor conservation --from 2026-11-22T10:00:00Z --to 2026-11-22T11:00:00Z",
        "turnout doctor conservation --from 2026-11-22T00:00:00Z --json",
    )
)
@click.option("--from", "from_at", type=Instant(), required=True, help="Since this time.")
@click.option("--to", "to_at", type=Instant(), help="Before this time; else up to now.")
@click.option("--environment", type=click.UUID, help="Only what belongs to this environment.")
@json_option
@click.pass_context
def conservation(
    ctx: click.Context,
    *,
    from_at: datetime,
    to_at: datetime | None,
    environment: UUID | None,
    as_json: bool,
) -> None:
    """Prove that nothing was lost, from the source topics to the published results.

    Names every gap and every repeat by id. Reads only, and works while everything runs: what is
    still on its way is told by the cursors. Ends with 1 when something is missing or wrong; a
    repeat, which delivery at least once allows, is shown and is no fault.
    """
    given: dict[str, Any] = {}
    settings = read_process_settings(given)
    now = SystemClock().now()
    span = Span(from_at=from_at, to_at=min(to_at or now, now))
    if span.from_at >= span.to_at:
        raise click.BadParameter("It must be before --to and before now.", param_hint="--from")
    with explained():
        asked = Asked(
            span=span,
            now=now,
            environment_id=None if environment is None else EnvironmentId(environment),
            ingest=IngestSettings(**given),
            matcher=MatcherSettings(**given),
        )
    with _telling() as tell:
        report = asyncio.run(_walk(settings, asked, tell))
    if as_json:
        write_json(report.document(span.from_at, span.to_at))
    else:
        _show(report)
    ctx.exit(Exit.OK if report.is_clean else Exit.FAILED)


async def _walk(settings: ProcessSettings, asked: Asked, tell: Callable[[str], None]) -> Report:
    async with open_pool(settings.postgres) as pool, open_bus(settings, SystemClock()) as bus:
        return await check_conservation(pool, bus, asked, tell)


@contextmanager
def _telling() -> Iterator[Callable[[str], None]]:
    """Shows people at a terminal how far it is; nobody else."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    with progress(1) as steps:
        yield steps.begin


def _show(report: Report) -> None:
    show_rows(
        ("stage", "checked", "in flight", "repeats", "not checked"),
        [
            (stage, counts.checked, counts.in_flight, counts.repeats, counts.not_checked)
            for stage, counts in report.stages.items()
        ],
    )
    found = [*report.findings.values(), *report.repeats]
    if found:
        show_rows(
            ("stage", "what", "id", "detail"), [(f.stage, f.code, f.id, f.detail) for f in found]
        )
    for note in report.notes:
        say(note)
    if report.left_out:
        say(f"{counted(report.left_out, 'more is', 'more are')} left out.")
    say("Nothing is missing." if report.is_clean else f"{len(report.findings)} found.")
