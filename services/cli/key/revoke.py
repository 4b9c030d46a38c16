"""``turnout key revoke``."""

from uuid import UUID

import click

from services.cli.client import ask
from services.cli.options import api_options, example
from services.cli.present import say, write_json


@click.command(epilog=example("turnout key revoke 7d9f0f39-5d2b-5a55-9b0c-6f6c2f1e5f0b"))
@click.argument("key_id", type=click.UUID)
@api_options
def revoke(key_id: UUID, *, url: str, token: str | None, as_json: bool) -> None:
    """End the key KEY_ID: within seconds it lets nobody in."""
    ask(url, token, "DELETE", f"v1/keys/{key_id}")
    if as_json:
        write_json({"id": str(key_id), "result": "revoked"})
    else:
        say(f"Key {key_id} is revoked.")
