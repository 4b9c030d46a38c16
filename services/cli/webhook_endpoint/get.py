"""``turnout webhook-endpoint get``."""

from uuid import UUID

import click

from services.cli.client import ask
from services.cli.options import api_options, example
from services.cli.present import show_fields, write_json


@click.command(epilog=example("turnout webhook-endpoint get 7d9f0f39-5d2b-5a55-9b0c-6f6c2f1e5f0b"))
@click.argument("endpoint_id", type=click.UUID)
@api_options
def get(endpoint_id: UUID, *, url: str, token: str | None, as_json: bool) -> None:
    """Show the endpoint ENDPOINT_ID, without its address."""
    endpoint = ask(url, token, "GET", f"v1/webhook-endpoints/{endpoint_id}").body
    if as_json:
        write_json(endpoint)
    else:
        show_fields(endpoint)
