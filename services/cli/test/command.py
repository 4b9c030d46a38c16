"""``turnout test``."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click

from services.cli.exits import Exit
from services.cli.options import example, json_option
from services.cli.present import plain, write_json
from services.cli.test.judge import Outcome, judge
from services.cli.test.junit import junit
from services.cli.test.suites import read_suite
from services.cli.workflow.files import write_file
from shared.expr.jsonata import ExpressionCache

_EXPRESSIONS_MAX: Final = 10_000


@click.command(
    epilog=example(
        "turnout test tests/orders.yaml",
        "turnout test tests/*.yaml --workflow workflows/ --junit results.xml",
    )
)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--workflow", "workflows", multiple=True, type=click.Path(path_type=Path),
    help="A file of a workflow, or a folder of them, for all FILES; may be given more than once.",
)  # fmt: skip
@click.option(
    "--junit", "report", type=click.Path(path_type=Path, dir_okay=False),
    help="Write the outcomes there as JUnit XML.",
)  # fmt: skip
@json_option
def test(
    files: tuple[Path, ...], *, workflows: tuple[Path, ...], report: Path | None, as_json: bool
) -> None:
    """Say whether events start what the tests in FILES say; nothing is called or kept.

    It needs no server. It ends with 1 where a test fails, with 4 where a file is refused.
    """
    expressions, now = ExpressionCache(_EXPRESSIONS_MAX), datetime.now(UTC)
    outcomes = [
        outcome
        for path in dict.fromkeys(files)
        for outcome in judge(read_suite(path, workflows, now), expressions, time.monotonic)
    ]
    if report is not None:
        write_file(report, junit(outcomes))
    if as_json:
        write_json([_document(one) for one in outcomes])
    else:
        _show(outcomes)
    if any(one.failures for one in outcomes):
        raise click.exceptions.Exit(Exit.FAILED)


def _show(outcomes: Sequence[Outcome]) -> None:
    failed = [one for one in outcomes if one.failures]
    for one in failed:
        click.echo(plain(f"{one.path}: {one.name}"))
        for failure in one.failures:
            click.echo(plain(f"  {failure}"))
    time_ms = sum(one.duration_s for one in outcomes) * 1_000
    click.echo(f"{len(outcomes) - len(failed)} of {len(outcomes)} tests hold ({time_ms:.1f} ms).")


def _document(one: Outcome) -> dict[str, object]:
    return {
        "file": str(one.path),
        "name": one.name,
        "holds": not one.failures,
        "failures": list(one.failures),
        "duration_ms": one.duration_s * 1_000,
    }
