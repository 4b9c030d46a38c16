"""``turnout execution resume``."""

from uuid import UUID

import click

from services.cli.execution.telling import tell
from services.cli.options import api_options, example


@click.command(epilog=example("turnout execution resume 0b0e2a3c-6a53-5b36-9f1c-1f0d3d6a9f10"))
@click.argument("execution_id", type=click.UUID)
@api_options
def resume(execution_id: UUID, *, url: str, token: str | None, as_json: bool) -> None:
    """Let the suspended execution EXECUTION_ID go on."""
    said = f"Asked. Watch it with: turnout execution watch {execution_id}"
    tell(execution_id, "resume", url=url, token=token, as_json=as_json, said=said)
