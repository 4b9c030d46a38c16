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
@click.option("--overrides", help="A JSON object, likewise: inputs of steps, by their ids.")
@click.option("--metadata", help="A JSON object, likewise, kept with the execution.")
@click.option("--locale", help="A language tag, such as en or pt-BR.")
@click.option("--record-id", help="The record that it is about.")
@click.option("--force", is_flag=True, help="Run whether or not its turn has come.")
@start_options
@api_options
def run(workflow_id: UUID, **given: Any) -> None:
    """Start the workflow WORKFLOW_ID by hand, whether or not events may."""
    trees = {name: given.pop(name) for name in ("payload", "parameters", "overrides", "metadata")}
    body = {
        name: given_json(written, f"--{name}")
        for name, written in trees.items()
        if written is not None
    }
    said = {name: given.pop(name) for name in ("locale", "record_id", "force")}
    body |= {name: word for name, word in said.items() if word}
    start(f"v1/workflows/{workflow_id}/executions", body, given)
