"""``turnout workflow lint``."""

import asyncio
from pathlib import Path
from typing import Any, Final

import click

from services.cli.client import open_client
from services.cli.exits import Exit
from services.cli.options import api_options, example
from services.cli.present import say, show_rows, write_json
from services.cli.workflow.files import Written, read_definitions
from services.cli.workflow.syncing import refused
from shared.domain.errors import Rejected

_FIELDS: Final = ("file", "severity", "pointer", "code", "detail", "event_key")


@click.command(
    epilog=example("turnout workflow lint workflows/", "turnout workflow lint order.yaml --strict")
)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--strict", is_flag=True, help="End with 1 where there is a warning.")
@click.option(
    "--events", type=click.IntRange(0, 1_000), default=1_000, show_default=True,
    help="Hold conditions against the last so many events; takes the scope 'payloads'.",
)  # fmt: skip
@api_options
def lint(
    files: tuple[Path, ...],
    *,
    strict: bool,
    events: int,
    url: str,
    token: str | None,
    as_json: bool,
) -> None:
    """Say what is wrong, or odd, in the workflows in FILES or folders; keep nothing.

    It ends with 4 where something keeps a workflow from running.
    """
    written = read_definitions(files)
    found = asyncio.run(_ask(written, events, url, token))
    if as_json:
        write_json(found)
    elif found:
        show_rows(
            ("file", "severity", "where", "code", "what", "see event"),
            [[one[name] for name in _FIELDS] for one in found],
        )
    else:
        say("Nothing is odd.")
    severities = {one["severity"] for one in found}
    if "error" in severities:
        raise click.exceptions.Exit(Exit.REJECTED)
    if strict and "warning" in severities:
        raise click.exceptions.Exit(Exit.FAILED)


async def _ask(
    written: list[Written], events: int, url: str, token: str | None
) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    async with open_client(url, token) as client:
        for path, document in written:
            try:
                query = {"events": events}
                answer = await client.call("POST", "v1/workflows/lint", query=query, body=document)
            except Rejected as error:
                raise refused(path, error) from None
            found += [{"file": str(path), **one} for one in answer.body["findings"]]
    return found
