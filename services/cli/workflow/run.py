"""``turnout workflow run``."""

from typing import Any
from uuid import UUID

import click

from services.cli.given_json import given_json
from services.cli.options import api_options, example
from services.cli.starting import start, start_options


@click.command(
    epilog=example(
        """turnout workflow run 4a4de828-f4c9-4bea-8ef4-2d705aec43bc --payload '{"id": 7}'"""
    )
)
@click.argument("workflow_id", type=click.UUID)
@click.option("--payload", help="JSON; @FILE reads a file, - standard input.")
@click.option("--parameters", help="A JSON object, likewise; they join the payload.")
@start_options
@api_options
def run(workflow_id: UUID, *, payload: str | None, parameters: str | None, **given: Any) -> None:
    """Start the workflow WORKFLOW_ID by hand, whether or not events may."""
    options = {"payload": payload, "parameters": parameters}
    body = {
        name: given_json(written, f"--{name}")
        for name, written in options.items()
        if written is not None
    }
    start(f"v1/workflows/{workflow_id}/executions", body, given)
