"""``turnout webhook-endpoint put``."""

from pathlib import Path
from uuid import UUID

import click

from services.cli.client import ask
from services.cli.options import api_options, example
from services.cli.present import say, write_json
from services.cli.workflow.files import read_definition


@click.command(
    epilog=example(
        "turnout webhook-endpoint put 7d9f0f39-5d2b-5a55-9b0c-6f6c2f1e5f0b endpoints/github.yaml"
    )
)
@click.argument("endpoint_id", type=click.UUID)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@api_options
def put(endpoint_id: UUID, file: Path, *, url: str, token: str | None, as_json: bool) -> None:
    """Make the endpoint ENDPOINT_ID do what FILE (JSON or YAML) says; its address stays."""
    path, body = f"v1/webhook-endpoints/{endpoint_id}", read_definition(file)
    endpoint = ask(url, token, "PUT", path, body=body).body
    if as_json:
        write_json(endpoint)
    else:
        say(f"Endpoint {endpoint_id} ({endpoint['name']}) does as {file} says.")
