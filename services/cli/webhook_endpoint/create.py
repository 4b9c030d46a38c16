"""``turnout webhook-endpoint create``."""

from pathlib import Path

import click

from services.cli.client import ask
from services.cli.options import api_options, example
from services.cli.webhook_endpoint.address import show_address
from services.cli.workflow.files import read_definition


@click.command(epilog=example("turnout webhook-endpoint create endpoints/github.yaml"))
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@api_options
def create(file: Path, *, url: str, token: str | None, as_json: bool) -> None:
    """Make an endpoint as FILE (JSON or YAML) says, and print its address: it is told this once."""
    body = read_definition(file)
    made = ask(url, token, "POST", "v1/webhook-endpoints", body=body).body
    show_address(made, as_json=as_json)
