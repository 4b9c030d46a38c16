"""``turnout workflow activate`` and ``turnout workflow deactivate``."""

from uuid import UUID

import click

from services.cli.client import ask
from services.cli.options import api_options, example
from services.cli.present import say, write_json


@click.command(epilog=example("turnout workflow activate 4a4de828-f4c9-4bea-8ef4-2d705aec43bc"))
@click.argument("workflow_id", type=click.UUID)
@api_options
def activate(workflow_id: UUID, *, url: str, token: str | None, as_json: bool) -> None:
    """Let events start the workflow WORKFLOW_ID.

    A draft becomes ready; one that cannot run yet is refused with every reason.
    """
    workflow = ask(url, token, "POST", f"v1/workflows/{workflow_id}/activate").body
    if as_json:
        write_json(workflow)
    else:
        say(f"Workflow {workflow_id} is active, in version {workflow['version']}.")


@click.command(epilog=example("turnout workflow deactivate 4a4de828-f4c9-4bea-8ef4-2d705aec43bc"))
@click.argument("workflow_id", type=click.UUID)
@api_options
def deactivate(workflow_id: UUID, *, url: str, token: str | None, as_json: bool) -> None:
    """Keep events from starting the workflow WORKFLOW_ID; executions under way go on."""
    workflow = ask(url, token, "POST", f"v1/workflows/{workflow_id}/deactivate").body
    if as_json:
        write_json(workflow)
    else:
        say(f"No event starts workflow {workflow_id} any more; it can still be run by hand.")
