"""``turnout key list``."""

import click

from services.cli.client import listed
from services.cli.options import api_options, example, limit_option
from services.cli.present import show_listed

_SHOWN = (
    "id",
    "name",
    "prefix",
    "scopes",
    "created_by",
    "expires_at",
    "last_used_at",
    "revoked_at",
)


@click.command("list", epilog=example("turnout key list", "turnout key list --json"))
@limit_option
@api_options
def list_(*, limit: int, url: str, token: str | None, as_json: bool) -> None:
    """List the keys of the environment, also those that have ended, the oldest first."""
    show_listed(_SHOWN, listed(url, token, "v1/keys", limit), as_json=as_json)
