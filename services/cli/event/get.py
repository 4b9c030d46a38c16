"""``turnout event get``."""

import asyncio
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

import click

from services.cli.client import open_client
from services.cli.options import api_options, example
from services.cli.present import show_fields, show_rows, write_json

_DECIDED: Final = ("workflow_name", "workflow_id", "reason", "detail", "execution_id")


@click.command(epilog=example("turnout event get evt_1 --source https://example.com"))
@click.argument("event_id", metavar="ID")
@click.option("--source", help="The publisher's, when ID is an id of theirs.")
@click.option("--workflow", type=click.UUID, help="Explain this workflow, whatever it awaits.")
@api_options
def get(
    event_id: str,
    *,
    source: str | None,
    workflow: UUID | None,
    url: str,
    token: str | None,
    as_json: bool,
) -> None:
    """Show the event ID (its key, or its publisher's id), and what it did not start, and why."""

    async def fetch() -> Any:
        async with open_client(url, token) as client:
            return await client.get(
                f"v1/events/{quote(event_id, safe='')}",
                source=source,
                workflow_id=workflow,
            )

    found = asyncio.run(fetch())
    if as_json:
        write_json(found)
        return
    decisions = found.pop("decisions")
    show_fields({k: v for k, v in found.items() if k not in ("executions", "decisions_complete")})
    show_rows(
        ("workflow", "id", "reason", "why", "execution"),
        [[decision[field] for field in _DECIDED] for decision in decisions],
    )
