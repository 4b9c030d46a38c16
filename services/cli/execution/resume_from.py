"""``turnout execution resume-from``."""

from typing import Any
from urllib.parse import quote
from uuid import UUID

import click

from services.cli.options import api_options, example
from services.cli.starting import start, start_options


@click.command(
    "resume-from",
    epilog=example("turnout execution resume-from 0b0e2a3c-6a53-5b36-9f1c-1f0d3d6a9f10 charge"),
)
@click.argument("execution_id", type=click.UUID)
@click.argument("step_id")
@start_options
@api_options
def resume_from(execution_id: UUID, step_id: str, **given: Any) -> None:
    """Start another execution that does again what EXECUTION_ID did from STEP_ID on.

    What came before the step is taken over, and must have completed.
    """
    path = f"v1/executions/{execution_id}/resume-from/{quote(step_id, safe='')}"
    start(path, {}, given)
