"""``turnout secret delete``."""

from urllib.parse import quote

import click

from services.cli.client import ask
from services.cli.options import api_options, example
from services.cli.present import say, write_json


@click.command(epilog=example("turnout secret delete crm_key"))
@click.argument("name")
@api_options
def delete(name: str, *, url: str, token: str | None, as_json: bool) -> None:
    """Delete the secret NAME: steps that need it fail from a few seconds later on."""
    ask(url, token, "DELETE", f"v1/secrets/{quote(name, safe='')}")
    if as_json:
        write_json({"name": name, "result": "deleted"})
    else:
        say(f"The secret {name} is deleted.")
