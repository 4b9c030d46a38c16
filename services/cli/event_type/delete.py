"""``turnout event-type delete``."""

from urllib.parse import quote

import click

from services.cli.client import ask
from services.cli.options import api_options, example
from services.cli.present import say, write_json


@click.command(epilog=example("turnout event-type delete ticket:created"))
@click.argument("name")
@api_options
def delete(name: str, *, url: str, token: str | None, as_json: bool) -> None:
    """Forget the event type NAME; workflows that name it keep the name it stood for."""
    path = f"v1/event-types/{quote(name, safe='')}"
    ask(url, token, "DELETE", path)
    if as_json:
        write_json({"name": name, "result": "deleted"})
    else:
        say(f"Event type {name} is deleted.")
