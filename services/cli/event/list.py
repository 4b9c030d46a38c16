"""``turnout event list``."""

from typing import Any

import click

from services.cli.client import listed
from services.cli.conditions import condition
from services.cli.options import api_options, example, limit_option
from services.cli.present import show_listed


@click.command(
    "list",
    epilog=example(
        "turnout event list --type order:placed --from 2026-11-22T10:00:00Z",
        "turnout event list --payload order.id=42",
    ),
)
@click.option("--type", "type_", help="Only events of this type.")
@click.option("--source", help="Only those of this publisher.")
@click.option("--subject", help="Only those about this.")
@click.option("--id", "event_id", help="The id that the publisher gave.")
@click.option("--from", "from_", help="Arrived at this time or later, as 2026-11-22T10:00:00Z.")
@click.option("--to", help="Arrived before this time.")
@click.option(
    "--payload", "payloads", metavar="FIELD=VALUE", multiple=True,
    help="What the payload holds, as order.id=42; JSON, or else a text.",
)  # fmt: skip
@limit_option
@api_options
def list_(*, limit: int, url: str, token: str | None, as_json: bool, **given: Any) -> None:
    """List events, the latest first."""
    query = {
        "type": given["type_"],
        "source": given["source"],
        "subject": given["subject"],
        "id": given["event_id"],
        "from": given["from_"],
        "to": given["to"],
        "payload": condition(given["payloads"], "--payload"),
    }
    found = listed(url, token, "v1/events", limit, **query)
    show_listed(("key", "event", "id", "source", "received_at"), found, as_json=as_json)
