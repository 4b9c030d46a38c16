"""``turnout key rotate``."""

from uuid import UUID

import click

from services.cli.client import ask
from services.cli.key.issued import show_issued
from services.cli.options import api_options, example


@click.command(
    epilog=example("turnout key rotate 7d9f0f39-5d2b-5a55-9b0c-6f6c2f1e5f0b --grace-s 3600")
)
@click.argument("key_id", type=click.UUID)
@click.option(
    "--grace-s",
    type=click.FloatRange(0),
    default=0,
    show_default=True,
    help="How long the old secret counts beside the new one.",
)
@api_options
def rotate(key_id: UUID, *, grace_s: float, url: str, token: str | None, as_json: bool) -> None:
    """Make another key of the name and scopes of KEY_ID, print its secret, and end the old one."""
    path = f"v1/keys/{key_id}/rotate"
    issued = ask(url, token, "POST", path, body={"grace_s": grace_s})
    show_issued(issued.body, as_json=as_json)
