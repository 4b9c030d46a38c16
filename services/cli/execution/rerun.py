"""``turnout execution rerun``."""

from typing import Any
from uuid import UUID

import click

from services.cli.options import api_options, example
from services.cli.starting import start, start_options


@click.command(epilog=example("turnout execution rerun 0b0e2a3c-6a53-5b36-9f1c-1f0d3d6a9f10"))
@click.argument("execution_id", type=click.UUID)
@start_options
@api_options
def rerun(execution_id: UUID, **given: Any) -> None:
    """Start another execution with the event and workflow version of EXECUTION_ID."""
    start(f"v1/executions/{execution_id}/rerun", {}, given)
