"""``turnout event-type put``."""

from http import HTTPStatus
from pathlib import Path
from urllib.parse import quote

import click

from services.cli.client import ask
from services.cli.options import api_options, example
from services.cli.present import say, write_json
from services.cli.workflow.files import read_definition


@click.command(epilog=example("turnout event-type put ticket:created events/ticket-created.yaml"))
@click.argument("name")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@api_options
def put(name: str, file: Path, *, url: str, token: str | None, as_json: bool) -> None:
    """Register the event type NAME as FILE (JSON or YAML) says."""
    document = read_definition(file)
    path = f"v1/event-types/{quote(name, safe='')}"
    done = ask(url, token, "PUT", path, body=document)
    if as_json:
        write_json(done.body)
    else:
        word = "new" if done.status is HTTPStatus.CREATED else "registered"
        say(f"Event type {name} is {word}; its uid is {done.body['uid']}.")
