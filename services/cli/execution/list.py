"""``turnout execution list``."""

from typing import Any

import click

from services.cli.client import listed
from services.cli.execution.which import where, which_options
from services.cli.options import api_options, example, limit_option
from services.cli.present import show_rows, write_json


@click.command(
    "list",
    epilog=example(
        "turnout execution list --status failed --status cancelled --limit 10",
        "turnout execution list --input order.id=42 --output paid=true",
    ),
)
@which_options
@limit_option
@api_options
def list_(*, limit: int, url: str, token: str | None, as_json: bool, **given: Any) -> None:
    """List executions, the latest first."""
    found = listed(url, token, "v1/executions", limit, **where(given))
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
