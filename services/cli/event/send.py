"""``turnout event send``."""

import asyncio
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import click

from services.cli.client import open_client
from services.cli.options import api_options, example
from services.cli.present import show_fields, write_json
from shared.domain.errors import Invalid
from shared.wire.strict_json import JsonLimits, read_json


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
@click.option("--environment", type=click.UUID, help="Where; else the server's default.")
@api_options
def send(
    *,
    type_: str,
    payload: str | None,
    event_id: str | None,
    source: str | None,
    environment: UUID | None,
    url: str,
    token: str | None,
    as_json: bool,
) -> None:
    """Send an event of TYPE, such as integrated_account:connected."""
    given = {
        "event": type_,
        "id": event_id,
        "source": source,
        "environment_id": environment and str(environment),
    }
    body = {name: value for name, value in given.items() if value is not None}
    if payload is not None:
        body["payload"] = _payload(payload)

    async def post() -> Any:
        async with open_client(url, token) as client:
            return (await client.call("POST", "v1/events", body=body)).body

    sent = asyncio.run(post())
    if as_json:
        write_json(sent)
    else:
        show_fields({**sent, "next": f"turnout event get {sent['key']}"})


def _payload(written: str) -> Any:
    try:
        if written == "-":
            raw = sys.stdin.buffer.read()
        elif written.startswith("@"):
            raw = Path(written[1:]).read_bytes()
        else:
            raw = written.encode("utf-8", "surrogateescape")
        return read_json(raw, JsonLimits())
    except OSError as fault:
        place = f"{written[1:]}: {fault.strerror}"
        raise click.BadParameter(place, param_hint="--payload") from None
    except Invalid as error:
        raise click.BadParameter(error.message, param_hint="--payload") from None
