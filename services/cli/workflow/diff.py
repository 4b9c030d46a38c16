"""``turnout workflow diff``."""

import asyncio
from pathlib import Path
from typing import Any

import click

from services.cli.client import open_client
from services.cli.exits import Exit
from services.cli.options import api_options, example
from services.cli.present import say, show_rows, write_json
from services.cli.workflow.files import read_definitions
from services.cli.workflow.syncing import Applied, Planned, planned


@click.command(
    epilog=example("turnout workflow diff workflows/", "turnout workflow diff order.yaml --json")
)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@api_options
def diff(files: tuple[Path, ...], *, url: str, token: str | None, as_json: bool) -> None:
    """Show what applying FILES, or the files of folders, would change; change nothing.

    It ends with 1 where anything differs, with 0 where nothing does.
    """
    written = read_definitions(files)

    async def ask() -> list[Planned]:
        async with open_client(url, token) as client:
            return await planned(client, written)

    plans = asyncio.run(ask())
    if as_json:
        write_json([_document(plan) for plan in plans])
    else:
        for plan in plans:
            _show(plan)
    if any(plan.would is not Applied.UNCHANGED for plan in plans):
        raise click.exceptions.Exit(Exit.FAILED)


def _document(plan: Planned) -> dict[str, Any]:
    return {
        "file": str(plan.path),
        "would": plan.would,
        "id": plan.document.get("id"),
        "differences": plan.differences,
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
