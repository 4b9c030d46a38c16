"""``turnout workflow list``."""

import click

from services.cli.client import listed
from services.cli.options import api_options, example, limit_option
from services.cli.present import show_rows, write_json
from shared.domain.workflows import Lifecycle


@click.command("list", epilog=example("turnout workflow list --trigger integrated_account:*"))
@click.option("--trigger", help="Only those that await this event name, written the same.")
@click.option(
    "--lifecycle",
    type=click.Choice([one.value for one in Lifecycle]),
    help="Only these; without it, all but the archived ones.",
)
@limit_option
@api_options
def list_(
    *,
    trigger: str | None,
    lifecycle: str | None,
    limit: int,
    url: str,
    token: str | None,
    as_json: bool,
) -> None:
    """List workflows in the order of their creation."""
    found = listed(url, token, "v1/workflows", limit, trigger=trigger, lifecycle=lifecycle)
    if as_json:
        write_json(found)
    else:
        show_rows(
            ("id", "name", "version", "state", "active", "last run", "triggers"),
            [
                (
                    *(w[k] for k in ("id", "name", "version")),
                    "quarantined" if w["quarantine"] else w["lifecycle"],
                    *(w[k] for k in ("is_active", "last_run_at")),
                    ", ".join(t["event_name"] or t["kind"] for t in w["triggers"]),
                )
                for w in found
            ],
        )
