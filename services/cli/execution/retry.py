"""``turnout execution retry``."""

from typing import Any
from uuid import UUID

import click

from services.cli.options import api_options, example
from services.cli.starting import start, start_options


@click.command(epilog=example("turnout execution retry 0b0e2a3c-6a53-5b36-9f1c-1f0d3d6a9f10"))
@click.argument("execution_id", type=click.UUID)
@start_options
@api_options
def retry(execution_id: UUID, **given: Any) -> None:
    """Start another execution that goes on where EXECUTION_ID failed.

    What completed in it is taken over. It must be FAILED, EXPIRED or CANCELLED.
    """
    start(f"v1/executions/{execution_id}/retry", {}, given)
