"""``turnout event send``."""

import asyncio
from collections.abc import Sequence
from typing import IO, Any

import click

from services.cli.client import Client, ask, open_client
from services.cli.event.batches import batches, in_file
from services.cli.given_json import given_json
from services.cli.options import api_options, example
from services.cli.present import counted, say, show_fields, write_json
from services.cli.progress import progress
from shared.domain.errors import Invalid, TurnoutError


@click.command(
    epilog=example(
        """turnout event send integrated_account:connected --payload '{"id": "acc_1"}'""",
        "turnout event send order:created --id 42 --payload @order.json",
        "turnout event send --file orders.ndjson",
    )
)
@click.argument("type_", metavar="TYPE", required=False)
@click.option("--payload", help="JSON; @FILE reads a file, - standard input.")
@click.option("--id", "event_id", help="Sent again under the same id, it counts once.")
@click.option("--source", help="Who says so; ids are told apart by source.")
@click.option(
    "--file", type=click.File("rb"),
    help="Many events as the API takes them: an array, or one a line; - is standard input.",
)  # fmt: skip
@api_options
def send(
    *,
    type_: str | None,
    payload: str | None,
    event_id: str | None,
    source: str | None,
    file: IO[bytes] | None,
    url: str,
    token: str | None,
    as_json: bool,
) -> None:
    """Send an event of TYPE, such as integrated_account:connected, or the events of a file."""
    given = {"event": type_, "id": event_id, "source": source}
    body = {name: value for name, value in given.items() if value is not None}
    if payload is not None:
        body["payload"] = given_json(payload, "--payload")
    if (file is None) is (type_ is None) or (file is not None and body):
        raise click.UsageError("Name a TYPE, or a --file whose events say all themselves.")
    if file is not None:
        sent = {"sent": asyncio.run(_send_all(file, url, token))}
    else:
        sent = ask(url, token, "POST", "v1/events", body=body).body
    if as_json:
        write_json(sent)
    elif file is not None:
        show_fields(sent)
    else:
        show_fields({**sent, "next": f"turnout event get {sent['key']}"})


async def _send_all(file: IO[bytes], url: str, token: str | None) -> int:
    """How many were sent. Raises Invalid, with places in the file, at the first that are none.

    Of any other fault too it is said how many were sent before it.
    """
    sent = 0
    try:
        async with open_client(url, token) as client:
            with progress(1) as shown:
                for begin, events in batches(file):
                    await _send_batch(client, begin, events)
                    sent = begin + len(events)
                    shown.begin(f"{counted(sent, 'event')} sent")
    except Invalid as error:
        raise Invalid(error.problems, _after(sent)) from None
    except TurnoutError:
        if sent:
            say(_after(sent))
        raise
    return sent


async def _send_batch(client: Client, begin: int, events: Sequence[Any]) -> None:
    try:
        await client.call("POST", "v1/events/batch", body=events)
    except Invalid as error:
        raise Invalid(list(in_file(error.problems, begin))) from None


def _after(sent: int) -> str:
    if not sent:
        return "Nothing was sent: mend this first."
    before = counted(sent, "event before this was", "events before this were")
    return f"{before} sent; sent again, those with ids of their own count once."
