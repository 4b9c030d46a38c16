"""``turnout workflow validate``."""

import asyncio
from pathlib import Path
from typing import Any

import click

from services.cli.client import open_client
from services.cli.exits import Exit
from services.cli.options import api_options, example
from services.cli.present import say, show_rows, write_json
from services.cli.workflow.files import read_definition


@click.command(epilog=example("turnout workflow validate workflows/order.yaml"))
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@api_options
def validate(file: Path, *, url: str, token: str | None, as_json: bool) -> None:
    """Say what keeps the workflow in FILE, in whichever words, from running; keep nothing."""
    found = asyncio.run(_ask(read_definition(file), url, token))
    if as_json:
        write_json(found)
    elif found["valid"]:
        say(f"{file} can run.")
    else:
        problems = [(p["pointer"], p["code"], p["detail"]) for p in found["problems"]]
        show_rows(("where", "code", "what"), problems)
    if not found["valid"]:
        raise click.exceptions.Exit(Exit.REJECTED)


async def _ask(document: dict[str, Any], url: str, token: str | None) -> dict[str, Any]:
    async with open_client(url, token) as client:
        answer = await client.call("POST", "v1/workflows/validate", body=document)
        found: dict[str, Any] = answer.body
        return found
