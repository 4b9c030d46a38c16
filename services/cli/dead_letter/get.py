"""``turnout dead-letter get``."""

from uuid import UUID

import click

from services.cli.client import ask
from services.cli.options import api_options, example
from services.cli.present import show_fields, write_json


@click.command(epilog=example("turnout dead-letter get 7d9f0f39-5d2b-5a55-9b0c-6f6c2f1e5f0b"))
@click.argument("letter_id", type=click.UUID)
@api_options
def get(letter_id: UUID, *, url: str, token: str | None, as_json: bool) -> None:
    """Show the dead letter LETTER_ID with what its record held."""
    letter = ask(url, token, "GET", f"v1/dead-letters/{letter_id}").body
    if as_json:
        write_json(letter)
    else:
        show_fields(letter)
