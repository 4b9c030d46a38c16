"""``turnout event send``."""

import asyncio
from typing import Any

import click

from services.cli.client import open_client
from services.cli.given_json import given_json
from services.cli.options import api_options, example
from services.cli.present import show_fields, write_json


@click.command(
    epilog=example(
        """turnout event send integrated_account:connected --payload '{"id": "acc_1"}'""",
        "turnout event send order:created --id 42 --payload @order.json",
    )
)
@click.argument("type_", metavar="TYPE")
@click.option("--payload", help="JSON; @FILE reads a file, - standard input.")
@click.option("--id", "event_id", help="Sent again under the same id, it counts once.")
@click.option("--source", help="Who says so; ids are told apart by source.")
@api_options
def send(
    *,
    type_: str,
    payload: str | None,
    event_id: str | None,
    source: str | None,
    url: str,
    token: str | None,
    as_json: bool,
) -> None:
    """Send an event of TYPE, such as integrated_account:connected."""
    given = {
        "event": type_,
        "id": event_id,
        "source": source,
    }
    body = {name: value for name, value in given.items() if value is not None}
    if payload is not None:
        body["payload"] = given_json(payload, "--payload")

    async def post() -> Any:
        async with open_client(url, token) as client:
            return (await client.call("POST", "v1/events", body=body)).body

    sent = asyncio.run(post())
    if as_json:
        write_json(sent)
    else:
        show_fields({**sent, "next": f"turnout event get {sent['key']}"})
