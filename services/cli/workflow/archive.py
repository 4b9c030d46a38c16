"""``turnout workflow archive`` and ``turnout workflow unarchive``."""

from uuid import UUID

import click

from services.cli.client import ask
from services.cli.options import api_options, example
from services.cli.present import say, write_json


@click.command(epilog=example("turnout workflow archive 4a4de828-f4c9-4bea-8ef4-2d705aec43bc"))
@click.argument("workflow_id", type=click.UUID)
@api_options
def archive(workflow_id: UUID, *, url: str, token: str | None, as_json: bool) -> None:
    """Put the workflow WORKFLOW_ID out of sight: nothing starts it any more.

    Executions under way go on; its history stays.
    """
    workflow = ask(url, token, "POST", f"v1/workflows/{workflow_id}/archive").body
    if as_json:
        write_json(workflow)
    else:
        say(f"Workflow {workflow_id} is archived.")


@click.command(epilog=example("turnout workflow unarchive 4a4de828-f4c9-4bea-8ef4-2d705aec43bc"))
@click.argument("workflow_id", type=click.UUID)
@api_options
def unarchive(workflow_id: UUID, *, url: str, token: str | None, as_json: bool) -> None:
    """Take the workflow WORKFLOW_ID out of the archive; it is inactive until it is activated."""
    workflow = ask(url, token, "POST", f"v1/workflows/{workflow_id}/unarchive").body
    if as_json:
        write_json(workflow)
    else:
        said = "active" if workflow["is_active"] else "not active"
        say(f"Workflow {workflow_id} is not archived; it is {workflow['lifecycle']}, and {said}.")
