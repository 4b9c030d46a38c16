"""``turnout environment list``."""

import click

from services.cli.client import listed
from services.cli.options import api_options, example, limit_option
from services.cli.present import show_listed

_SHOWN = ("id", "name", "organisation_id", "created_at")


@click.command(
    "list", epilog=example("turnout environment list", "turnout environment list --json")
)
@limit_option
@api_options
def list_(*, limit: int, url: str, token: str | None, as_json: bool) -> None:
    """List the environments, the oldest first."""
    show_listed(_SHOWN, listed(url, token, "v1/environments", limit), as_json=as_json)
