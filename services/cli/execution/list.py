"""``turnout execution list``."""

from typing import Any

import click

from services.cli.client import listed
from services.cli.options import api_options, example, limit_option
from services.cli.present import show_rows, write_json
from shared.domain.executions import Status


@click.command("list", epilog=example("turnout execution list --status failed --limit 10"))
@click.option("--workflow", type=click.UUID, help="Only those of this workflow.")
@click.option("--event", type=click.UUID, help="Only those that the event of this key started.")
@click.option("--status", type=click.Choice(list(Status), case_sensitive=False))
@click.option("--from", "from_", help="Created at this time or later, as 2026-11-22T10:00:00Z.")
@click.option("--to", help="Created before this time.")
@limit_option
@api_options
def list_(*, limit: int, url: str, token: str | None, as_json: bool, **given: Any) -> None:
    """List executions, the latest first."""
    query = {
        "workflow_id": given["workflow"],
        "event_key": given["event"],
        "status": given["status"] and Status(given["status"]).value,
        "from": given["from_"],
        "to": given["to"],
    }
    found = listed(url, token, "v1/executions", limit, **query)
    if as_json:
        write_json(found)
    else:
        show_rows(
            ("id", "status", "workflow", "steps", "created", "error"),
            [
                (
                    *(e["id"], e["status"], e["workflow_id"]),
                    f"{e['progress']['completed']}/{e['progress']['total']}",
                    *(e["created_at"], e["error"] and e["error"]["message"]),
                )
                for e in found
            ],
        )
