"""``turnout workflow delete``."""

from uuid import UUID

import click

from services.cli.client import ask
from services.cli.options import api_options, example
from services.cli.present import say, write_json


@click.command(epilog=example("turnout workflow delete 4a4de828-f4c9-4bea-8ef4-2d705aec43bc"))
@click.argument("workflow_id", type=click.UUID)
@api_options
def delete(workflow_id: UUID, *, url: str, token: str | None, as_json: bool) -> None:
    """Delete the workflow WORKFLOW_ID: no event starts it any more.

    Executions under way go on; its history stays.
    """
    ask(url, token, "DELETE", f"v1/workflows/{workflow_id}")
    if as_json:
        write_json({"id": str(workflow_id), "result": "deleted"})
    else:
        say(f"Workflow {workflow_id} is deleted.")
