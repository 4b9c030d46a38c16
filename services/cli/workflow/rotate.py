"""``turnout workflow rotate``."""

from urllib.parse import quote
from uuid import UUID

import click

from services.cli.client import ask
from services.cli.options import api_options, example
from services.cli.present import show_fields, write_json


@click.command(epilog=example("turnout workflow rotate 4a4de828-f4c9-4bea-8ef4-2d705aec43bc hook"))
@click.argument("workflow_id", type=click.UUID)
@click.argument("trigger_id")
@api_options
def rotate(
    workflow_id: UUID, trigger_id: str, *, url: str, token: str | None, as_json: bool
) -> None:
    """Give the webhook TRIGGER_ID of the workflow WORKFLOW_ID a new address, shown this once.

    The old one starts nothing any more.
    """
    show_rotated(workflow_id, trigger_id, url, token, as_json=as_json)


def show_rotated(
    workflow_id: UUID, trigger_id: str, url: str, token: str | None, *, as_json: bool
) -> None:
    """Rotate a webhook, and show its new address."""
    path = f"v1/workflows/{workflow_id}/triggers/{quote(trigger_id, safe='')}/rotate"
    workflow = ask(url, token, "POST", path).body
    if as_json:
        write_json(workflow)
    else:
        show_fields(workflow["webhook_urls"])
