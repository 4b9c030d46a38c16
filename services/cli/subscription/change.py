"""``turnout subscription update``, ``rotate`` and ``delete``."""

from typing import Any
from uuid import UUID

import click

from services.cli.client import ask
from services.cli.options import api_options, example
from services.cli.present import say, show_fields, write_json
from services.cli.subscription.given import fields_of, given_options, show_secret
from shared.domain.errors import Rejected


@click.command(
    epilog=example(
        "turnout subscription update 7d9f0f39-5d2b-5a55-9b0c-6f6c2f1e5f0b --on",
        "turnout subscription update 7d9f0f39-5d2b-5a55-9b0c-6f6c2f1e5f0b --kind 'step.*'",
    )
)
@click.argument("subscription_id", type=click.UUID)
@click.option("--name")
@click.option("--receiver", help="The URL that is told.")
@click.option("--on/--off", "is_active", default=None, help="Whether it is told anything.")
@given_options
@api_options
def update(
    subscription_id: UUID,
    *,
    receiver: str | None,
    url: str,
    token: str | None,
    as_json: bool,
    **given: Any,
) -> None:
    """Change what is given of the subscription SUBSCRIPTION_ID; the rest stays."""
    body = fields_of({**given, "url": receiver})
    if not body:
        raise Rejected("Say what is to be otherwise: see 'turnout subscription update --help'.")
    path = f"v1/webhook-subscriptions/{subscription_id}"
    one = ask(url, token, "PATCH", path, body=body).body
    if as_json:
        write_json(one)
    else:
        show_fields(one)


@click.command(
    epilog=example(
        "turnout subscription rotate 7d9f0f39-5d2b-5a55-9b0c-6f6c2f1e5f0b --overlap-hours 48"
    )
)
@click.argument("subscription_id", type=click.UUID)
@click.option(
    "--overlap-hours",
    type=click.IntRange(0, 72),
    default=24,
    show_default=True,
    help="How long the old secret signs beside the new one.",
)
@api_options
def rotate(
    subscription_id: UUID, *, overlap_hours: int, url: str, token: str | None, as_json: bool
) -> None:
    """Give the subscription SUBSCRIPTION_ID a new secret, and print it."""
    path = f"v1/webhook-subscriptions/{subscription_id}/rotate"
    made = ask(url, token, "POST", path, body={"overlap_hours": overlap_hours}).body
    show_secret(made, as_json=as_json)


@click.command(epilog=example("turnout subscription delete 7d9f0f39-5d2b-5a55-9b0c-6f6c2f1e5f0b"))
@click.argument("subscription_id", type=click.UUID)
@api_options
def delete(subscription_id: UUID, *, url: str, token: str | None, as_json: bool) -> None:
    """Delete the subscription SUBSCRIPTION_ID, and what was to be delivered to it."""
    ask(url, token, "DELETE", f"v1/webhook-subscriptions/{subscription_id}")
    if as_json:
        write_json({"id": str(subscription_id), "result": "deleted"})
    else:
        say(f"Subscription {subscription_id} is deleted.")
