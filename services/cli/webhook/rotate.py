"""``turnout webhook rotate``."""

from uuid import UUID

import click

from services.cli.options import api_options, example
from services.cli.workflow.rotate import show_rotated


@click.command(epilog=example("turnout webhook rotate 4a4de828-f4c9-4bea-8ef4-2d705aec43bc hook"))
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
