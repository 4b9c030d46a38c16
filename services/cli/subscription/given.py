"""What a subscription is to be, as a command is given it."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from services.cli.given_json import given_json
from services.cli.present import say, show_fields, show_line, write_json
from shared.domain.subscriptions import WANTED

F = TypeVar("F", bound=Callable[..., Any])


def given_options(command: F) -> F:
    """Add what can be changed later on, by the API's names."""
    kinds = click.option(
        "--kind",
        "kinds",
        type=click.Choice(WANTED),
        multiple=True,
        metavar="KIND",
        help="Tell it of these, such as step.failed or execution.*; give it as often as you like.",
    )
    workflow = click.option(
        "--workflow", "workflow_id", type=click.UUID, help="Only of this workflow."
    )
    filters = click.option(
        "--filters", help="Only what passes: a filter as JSON, @<file>, or - for standard input."
    )
    headers = click.option(
        "--header",
        "headers",
        multiple=True,
        metavar="NAME=VALUE",
        help="Sent with each message; {{secrets.<name>}} stands for a secret.",
    )
    return kinds(workflow(filters(headers(command))))


def fields_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of the body, of the options that were given. Raises click's BadParameter."""
    fields = {name: value for name, value in given.items() if value not in (None, ())}
    if "filters" in fields:
        fields["filters"] = given_json(fields["filters"], "--filters")
    if "workflow_id" in fields:
        fields["workflow_id"] = str(fields["workflow_id"])
    if "headers" in fields:
        fields["headers"] = dict(_header(written) for written in fields["headers"])
    return fields


def show_secret(made: Mapping[str, Any], *, as_json: bool) -> None:
    """The secret on standard output, for a pipe; what is to be known of it beside."""
    if as_json:
        write_json(made)
    elif made["secret"] is None:
        show_fields(made)
        say("It is signed by the keys at /transactionlink/.well-known/jwks.json.")
    else:
        say(f"Subscription {made['id']} ({made['name']}) tells {made['url']}.")
        say("This is the secret that signs, which nobody is told again:")
        show_line(made["secret"])


def _header(written: str) -> tuple[str, str]:
    name, found, value = written.partition("=")
    if not found:
        raise click.BadParameter("Write it as NAME=VALUE.", param_hint="--header")
    return name, value
