"""``turnout environment create``."""

from typing import Any
from uuid import UUID

import click

from services.cli.client import ask
from services.cli.options import api_options, example
from services.cli.present import say, write_json


@click.command(
    epilog=example(
        "turnout environment create staging",
        "turnout environment create live --organisation acme",
    )
)
@click.argument("name")
@click.option("--id", "id_", type=click.UUID, help="Under this id; else under a new one.")
@click.option("--organisation", help="Of this one, new or not: with the operator's token.")
@api_options
def create(
    name: str, *, id_: UUID | None, organisation: str | None, as_json: bool, **given: Any
) -> None:
    """Make an environment NAME."""
    more = {"id": id_ and str(id_), "organisation": organisation}
    body = {"name": name, **{k: v for k, v in more.items() if v is not None}}
    made = ask(given["url"], given["token"], "POST", "v1/environments", body=body).body
    if as_json:
        write_json(made)
    else:
        say(f"Environment {name} is {made['id']}: name it with --environment.")
