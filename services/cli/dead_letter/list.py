"""``turnout dead-letter list``."""

from typing import Any

import click

from services.cli.client import listed
from services.cli.dead_letter.which import which_options
from services.cli.options import api_options, example, limit_option
from services.cli.present import show_listed

_SHOWN = ("id", "at", "reason", "topic", "partition", "offset", "is_whole", "detail")


@click.command("list", epilog=example("turnout dead-letter list --reason EVENT_CONFLICT"))
@which_options
@limit_option
@api_options
def list_(*, limit: int, url: str, token: str | None, as_json: bool, **which: Any) -> None:
    """List the records that could not be used, the latest first."""
    show_listed(_SHOWN, listed(url, token, "v1/dead-letters", limit, **which), as_json=as_json)
