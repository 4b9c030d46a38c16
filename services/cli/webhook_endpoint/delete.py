"""``turnout webhook-endpoint delete``."""

from uuid import UUID

import click

from services.cli.client import ask
from services.cli.options import api_options, example
from services.cli.present import say, write_json


@click.command(
    epilog=example("turnout webhook-endpoint delete 7d9f0f39-5d2b-5a55-9b0c-6f6c2f1e5f0b")
)
@click.argument("endpoint_id", type=click.UUID)
@api_options
def delete(endpoint_id: UUID, *, url: str, token: str | None, as_json: bool) -> None:
    """Delete the endpoint ENDPOINT_ID: its address is nobody's."""
    ask(url, token, "DELETE", f"v1/webhook-endpoints/{endpoint_id}")
    if as_json:
        write_json({"id": str(endpoint_id), "result": "deleted"})
    else:
        say(f"Endpoint {endpoint_id} is deleted.")
