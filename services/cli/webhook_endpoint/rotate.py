"""``turnout webhook-endpoint rotate``."""

from uuid import UUID

import click

from services.cli.client import ask
from services.cli.options import api_options, example
from services.cli.webhook_endpoint.address import show_address


@click.command(
    epilog=example("turnout webhook-endpoint rotate 7d9f0f39-5d2b-5a55-9b0c-6f6c2f1e5f0b")
)
@click.argument("endpoint_id", type=click.UUID)
@api_options
def rotate(endpoint_id: UUID, *, url: str, token: str | None, as_json: bool) -> None:
    """Give the endpoint ENDPOINT_ID a new address, shown this once; the old one is nobody's."""
    path = f"v1/webhook-endpoints/{endpoint_id}/rotate"
    show_address(ask(url, token, "POST", path).body, as_json=as_json)
