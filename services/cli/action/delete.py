"""``turnout action delete``."""

from urllib.parse import quote

import click

from services.cli.client import ask
from services.cli.options import api_options, example
from services.cli.present import say, write_json


@click.command(epilog=example("turnout action delete slack.postMessage"))
@click.argument("name")
@api_options
def delete(name: str, *, url: str, token: str | None, as_json: bool) -> None:
    """Delete the action NAME: steps that use it fail from now on."""
    path = f"v1/actions/{quote(name, safe='')}"
    ask(url, token, "DELETE", path)
    if as_json:
        write_json({"name": name, "result": "deleted"})
    else:
        say(f"Action {name} is deleted.")
