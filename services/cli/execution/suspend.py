"""``turnout execution suspend``."""

from uuid import UUID

import click

from services.cli.execution.telling import tell
from services.cli.options import api_options, example


@click.command(epilog=example("turnout execution suspend 0b0e2a3c-6a53-5b36-9f1c-1f0d3d6a9f10"))
@click.argument("execution_id", type=click.UUID)
@api_options
def suspend(execution_id: UUID, *, url: str, token: str | None, as_json: bool) -> None:
    """No further step of EXECUTION_ID starts until it is resumed; what runs may end."""
    said = f"Asked. Let it go on with: turnout execution resume {execution_id}"
    tell(execution_id, "suspend", url=url, token=token, as_json=as_json, said=said)
