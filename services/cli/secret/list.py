"""``turnout secret list``."""

import click

from services.cli.client import listed
from services.cli.options import api_options, example, limit_option
from services.cli.present import show_listed

_SHOWN = ("name", "version", "key_id", "created_at", "created_by", "updated_at", "updated_by")


@click.command("list", epilog=example("turnout secret list", "turnout secret list --json"))
@limit_option
@api_options
def list_(*, limit: int, url: str, token: str | None, as_json: bool) -> None:
    """List the secrets of the environment in the order of names, without their values."""
    show_listed(_SHOWN, listed(url, token, "v1/secrets", limit), as_json=as_json)
