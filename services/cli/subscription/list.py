"""``turnout subscription list`` and ``get``."""

from typing import Final
from uuid import UUID

import click

from services.cli.client import ask, listed
from services.cli.options import api_options, example, limit_option
from services.cli.present import show_fields, show_listed, write_json

_SHOWN: Final = (
    *("id", "name", "url", "kinds", "format", "is_active", "failing_since"),
    "disabled_reason",
)


@click.command(
    "list", epilog=example("turnout subscription list", "turnout subscription list --json")
)
@limit_option
@api_options
def list_(*, limit: int, url: str, token: str | None, as_json: bool) -> None:
    """List the subscriptions of the environment, the oldest first."""
    show_listed(_SHOWN, listed(url, token, "v1/webhook-subscriptions", limit), as_json=as_json)


@click.command(epilog=example("turnout subscription get 7d9f0f39-5d2b-5a55-9b0c-6f6c2f1e5f0b"))
@click.argument("subscription_id", type=click.UUID)
@api_options
def get(subscription_id: UUID, *, url: str, token: str | None, as_json: bool) -> None:
    """Show the subscription SUBSCRIPTION_ID, without its secret."""
    one = ask(url, token, "GET", f"v1/webhook-subscriptions/{subscription_id}").body
    if as_json:
        write_json(one)
    else:
        show_fields(one)
