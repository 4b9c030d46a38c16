"""``turnout webhook-endpoint list``."""

import click

from services.cli.client import listed
from services.cli.options import api_options, example, limit_option
from services.cli.present import show_listed

_SHOWN = ("id", "name", "event_type", "event_type_from", "auth", "is_active", "address_made_at")


@click.command("list", epilog=example("turnout webhook-endpoint list --json"))
@limit_option
@api_options
def list_(*, limit: int, url: str, token: str | None, as_json: bool) -> None:
    """List endpoints, without their addresses."""
    show_listed(_SHOWN, listed(url, token, "v1/webhook-endpoints", limit), as_json=as_json)
