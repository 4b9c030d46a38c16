"""``turnout workflow diff``."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from services.cli.client import open_client
from services.cli.exits import Exit
from services.cli.options import api_options, example
from services.cli.present import say, show_rows, write_json
from services.cli.workflow.files import read_definitions
from services.cli.workflow.syncing import Applied, Planned, planned
from services.cli.workflow.what_if import Span, show_what_if, what_if
from services.cli.workflow.words import words_of

Compared = list[tuple[Planned, dict[str, Any] | None]]
"""Files, and what past events would do; None: that was not asked, or there is no workflow yet."""


@click.command(
    epilog=example(
        "turnout workflow diff workflows/",
        "turnout workflow diff order.yaml --since 24h",
        "turnout workflow diff order.yaml --last 500 --json",
    )
)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--since", type=Span(), help="Also decide on the events of the last 30m, 24h, 7d, by both."
)
@click.option("--last", type=click.IntRange(min=1), help="Likewise, on the last so many events.")
@api_options
def diff(
    files: tuple[Path, ...],
    *,
    since: timedelta | None,
    last: int | None,
    url: str,
    token: str | None,
    as_json: bool,
) -> None:
    """Show what applying FILES, or the files of folders, would change; change nothing.

    It ends with 1 where anything differs, with 0 where nothing does. With --since or --last it
    ends with 1 where a past event would have done otherwise, and only then.
    """
    written, is_asked = read_definitions(files), since is not None or last is not None

    async def ask() -> Compared:
        async with open_client(url, token) as client:
            plans = await planned(client, written)
            return [
                (plan, await what_if(client, plan, plan.workflow, since, last))
                if is_asked and plan.workflow is not None
                else (plan, None)
                for plan in plans
            ]

    compared = asyncio.run(ask())
    if as_json:
        write_json([_document(plan, told) for plan, told in compared])
    else:
        for plan, told in compared:
            _show(plan)
            if told is not None:
                show_what_if(plan, told)
    if any(_differs(plan, told) for plan, told in compared):
        raise click.exceptions.Exit(Exit.FAILED)


def _differs(plan: Planned, told: dict[str, Any] | None) -> bool:
    return plan.would is not Applied.UNCHANGED if told is None else not told["is_same"]


def _document(plan: Planned, told: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "file": str(plan.path),
        "would": plan.would,
        "id": words_of(plan.document).uuid_in(plan.document),
        "differences": plan.differences,
        **({} if told is None else {"what_if": told}),
    }


def _show(plan: Planned) -> None:
    if plan.would is Applied.CREATED:
        say(f"{plan.path}: there is no such workflow; it would be created.")
    elif plan.differences:
        show_rows(
            ("where", "what", "of", "before", "after"),
            [
                (d["pointer"], d["kind"], d["name"], d["before"], d["after"])
                for d in plan.differences
            ],
            title=str(plan.path),
        )
