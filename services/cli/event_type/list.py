"""``turnout event-type list``."""

import click

from services.cli.client import listed
from services.cli.options import api_options, example, limit_option
from services.cli.present import show_listed

_SHOWN = ("name", "uid", "type", "source", "description")


@click.command("list", epilog=example("turnout event-type list", "turnout event-type list --json"))
@limit_option
@api_options
def list_(*, limit: int, url: str, token: str | None, as_json: bool) -> None:
    """List the registered types of events in the order of their names."""
    show_listed(_SHOWN, listed(url, token, "v1/event-types", limit), as_json=as_json)
