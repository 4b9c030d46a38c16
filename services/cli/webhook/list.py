"""``turnout webhook list``."""

import click

from services.cli.client import listed
from services.cli.options import api_options, example, limit_option
from services.cli.present import show_listed

_SHOWN = ("workflow_id", "workflow_name", "trigger_id", "made_at", "is_active", "auth")


@click.command("list", epilog=example("turnout webhook list --json"))
@limit_option
@api_options
def list_(*, limit: int, url: str, token: str | None, as_json: bool) -> None:
    """List webhooks, without their addresses, and what their senders must show beside them."""
    show_listed(_SHOWN, listed(url, token, "v1/webhooks", limit), as_json=as_json)
