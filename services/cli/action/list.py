"""``turnout action list``."""

import click

from services.cli.client import listed
from services.cli.options import api_options, example, limit_option
from services.cli.present import show_rows, write_json

_SHOWN = ("name", "transport", "version", "category", "url", "description")


@click.command("list", epilog=example("turnout action list", "turnout action list --json"))
@limit_option
@api_options
def list_(*, limit: int, url: str, token: str | None, as_json: bool) -> None:
    """List actions, built in and registered, in the order of their names."""
    found = listed(url, token, "v1/actions", limit)
    if as_json:
        write_json(found)
    else:
        show_rows(_SHOWN, [[action.get(field) for field in _SHOWN] for action in found])
