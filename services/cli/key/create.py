"""``turnout key create``."""

from typing import Any

import click

from services.cli.client import ask
from services.cli.key.issued import show_issued
from services.cli.options import api_options, example
from shared.domain.principals import Role, Scope


@click.command(
    epilog=example(
        "turnout key create deployment --role author",
        "turnout key create shop --scope publish --expires-at 2027-01-01T00:00:00Z",
    )
)
@click.argument("name")
@click.option(
    "--role", type=click.Choice([role.value for role in Role]), help="With the scopes of this role."
)
@click.option(
    "--scope",
    "scopes",
    type=click.Choice([scope.value for scope in Scope]),
    multiple=True,
    help="With this scope; give it as often as you like.",
)
@click.option("--expires-at", help="Until this time, as 2027-01-01T00:00:00Z; else for good.")
@api_options
def create(*, name: str, url: str, token: str | None, as_json: bool, **given: Any) -> None:
    """Make a key NAME of the environment, and print its secret: nobody is told it again."""
    body = {"name": name, **{k: v for k, v in given.items() if v}}
    show_issued(ask(url, token, "POST", "v1/keys", body=body).body, as_json=as_json)
