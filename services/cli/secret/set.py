"""``turnout secret set``."""

import sys
from urllib.parse import quote

import click

from services.cli.client import ask
from services.cli.options import api_options, example
from services.cli.present import say, write_json


@click.command(
    "set", epilog=example("turnout secret set crm_key", "turnout secret set crm_key <crm.key")
)
@click.argument("name")
@api_options
def set_(name: str, *, url: str, token: str | None, as_json: bool) -> None:
    """Give the secret NAME of the environment a value, which nobody is told again.

    It is asked for, or read from standard input; the end of its last line does not count.
    """
    path = f"v1/secrets/{quote(name, safe='')}"
    kept = ask(url, token, "PUT", path, body={"value": _value()}).body
    if as_json:
        write_json(kept)
    else:
        say(f"The secret {kept['name']} is kept, as version {kept['version']}.")


def _value() -> str:
    """Never from the command line, which every user of the machine can see."""
    if sys.stdin.isatty():
        return str(click.prompt("Value", hide_input=True, confirmation_prompt=True, err=True))
    try:
        given = sys.stdin.buffer.read().decode()
    except UnicodeDecodeError:
        raise click.UsageError("The value must be a text in UTF-8.") from None
    return given.removesuffix("\n").removesuffix("\r")
