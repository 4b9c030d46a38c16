"""``turnout event-type versions``."""

from urllib.parse import quote

import click

from services.cli.client import listed
from services.cli.options import api_options, example, limit_option
from services.cli.present import show_listed

_SHOWN = ("version", "updated_at", "uid", "type", "source", "description")


@click.command(epilog=example("turnout event-type versions ticket:created"))
@click.argument("name")
@limit_option
@api_options
def versions(name: str, *, limit: int, url: str, token: str | None, as_json: bool) -> None:
    """List the versions of the event type NAME, the latest first; each stays as it is for ever."""
    path = f"v1/event-types/{quote(name, safe='')}/versions"
    show_listed(_SHOWN, listed(url, token, path, limit), as_json=as_json)
