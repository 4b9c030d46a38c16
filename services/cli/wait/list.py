"""``turnout wait list``."""

import asyncio
from typing import Any

import click

from services.cli.client import open_client
from services.cli.execution.attempts import step_name
from services.cli.options import api_options, example, limit_option
from services.cli.present import show_rows, write_json

KINDS = ("approval", "form", "event", "task", "subworkflow")


@click.command("list", epilog=example("turnout wait list --kind approval --subject user:ada"))
@click.option("--kind", type=click.Choice(KINDS), help="Only those for this.")
@click.option(
    "--subject", help="Only those for user:<id>, team:<id> or anyone; an event, an action."
)
@click.option("--execution", type=click.UUID, help="Only those of this execution.")
@limit_option
@api_options
def list_(*, limit: int, url: str, token: str | None, as_json: bool, **given: Any) -> None:
    """List the steps that wait for something from outside, the oldest first."""
    query = {
        "kind": given["kind"],
        "subject": given["subject"],
        "execution_id": given["execution"],
    }

    async def fetch() -> list[Any]:
        async with open_client(url, token) as client:
            return await client.items("v1/waits", limit, **query)

    found = asyncio.run(fetch())
    if as_json:
        write_json(found)
    else:
        columns = ("kind", "subject", "since", "due_at")
        show_rows(
            ("execution", "step", *columns, "message"),
            [
                (
                    *(wait["execution_id"], step_name(wait)),
                    *(wait[name] for name in columns),
                    wait["data"].get("message"),
                )
                for wait in found
            ],
        )
