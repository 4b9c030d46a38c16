"""``turnout subscription create``."""

from typing import Any

import click

from services.cli.client import ask
from services.cli.options import api_options, example
from services.cli.subscription.given import fields_of, given_options, show_secret
from shared.domain.subscriptions import SigningForm, WebhookFormat


@click.command(
    epilog=example(
        "turnout subscription create alerts https://alerts.example/in --kind execution.failed",
        "turnout subscription create crm https://crm.example/in --kind 'step.*' --format truto",
    )
)
@click.argument("name")
@click.argument("receiver")
@given_options
@click.option(
    "--format",
    type=click.Choice([f.value for f in WebhookFormat]),
    help="In whose words; else our own.",
)
@click.option(
    "--signing",
    type=click.Choice([f.value for f in SigningForm]),
    help="As whom; else as the format's.",
)
@api_options
def create(
    *, name: str, receiver: str, url: str, token: str | None, as_json: bool, **given: Any
) -> None:
    """Tell RECEIVER, a URL, of what happens; print the secret that signs what it gets."""
    body = {"name": name, "url": receiver, "kinds": ["*"], **fields_of(given)}
    made = ask(url, token, "POST", "v1/webhook-subscriptions", body=body).body
    show_secret(made, as_json=as_json)
