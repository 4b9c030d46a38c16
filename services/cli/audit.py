"""``turnout audit``."""

from typing import Any

import click

from services.cli.client import listed
from services.cli.options import api_options, example, limit_option
from services.cli.present import show_listed

_SHOWN = ("at", "principal", "action", "target", "before", "after", "request_id")


@click.command(
    epilog=example("turnout audit --from 2026-11-22T00:00:00Z", "turnout audit --principal token")
)
@click.option("--target", help="Only changes of this, as workflow:<id> or key:<id>.")
@click.option("--principal", help="Only changes by this caller, as key:<prefix>.")
@click.option("--from", "from_", help="Only since this time, as 2026-11-22T10:00:00Z.")
@click.option("--to", help="Only before this time.")
@limit_option
@api_options
def audit(*, limit: int, url: str, token: str | None, as_json: bool, **given: Any) -> None:
    """Show who changed what in the environment, the latest first."""
    query = {name.removesuffix("_"): value for name, value in given.items()}
    show_listed(_SHOWN, listed(url, token, "v1/audit", limit, **query), as_json=as_json)
