"""``turnout subscription test``, ``deliveries``, ``delivery`` and ``replay``."""

from typing import Final
from uuid import UUID

import click

from services.cli.client import ask, listed
from services.cli.options import api_options, example, limit_option
from services.cli.present import counted, say, show_fields, show_listed, write_json
from shared.domain.errors import Rejected
from shared.domain.subscriptions import DeliveryStatus

_SHOWN: Final = (
    *("id", "kind", "status", "attempts", "last_status", "last_error", "created_at", "next_at"),
    "execution_id",
)
_ID: Final = "7d9f0f39-5d2b-5a55-9b0c-6f6c2f1e5f0b"


@click.command(epilog=example(f"turnout subscription test {_ID}"))
@click.argument("subscription_id", type=click.UUID)
@api_options
def test(subscription_id: UUID, *, url: str, token: str | None, as_json: bool) -> None:
    """Send the receiver of SUBSCRIPTION_ID a message that says nothing, once."""
    path = f"v1/webhook-subscriptions/{subscription_id}/test"
    sent = ask(url, token, "POST", path).body
    if as_json:
        write_json(sent)
    else:
        say(f"On its way; 'turnout subscription delivery {sent['id']}' says what came of it.")


@click.command(
    epilog=example(
        f"turnout subscription deliveries {_ID}",
        f"turnout subscription deliveries {_ID} --status FAILED",
    )
)
@click.argument("subscription_id", type=click.UUID)
@click.option(
    "--status", type=click.Choice([s.value for s in DeliveryStatus], case_sensitive=False)
)
@limit_option
@api_options
def deliveries(
    subscription_id: UUID,
    *,
    status: str | None,
    limit: int,
    url: str,
    token: str | None,
    as_json: bool,
) -> None:
    """List what was, and is to be, delivered to SUBSCRIPTION_ID, the latest first."""
    path = f"v1/webhook-subscriptions/{subscription_id}/deliveries"
    show_listed(_SHOWN, listed(url, token, path, limit, status=status), as_json=as_json)


@click.command(epilog=example(f"turnout subscription delivery {_ID}"))
@click.argument("delivery_id", type=click.UUID)
@api_options
def delivery(delivery_id: UUID, *, url: str, token: str | None, as_json: bool) -> None:
    """Show the delivery DELIVERY_ID with its attempts."""
    one = ask(url, token, "GET", f"v1/webhook-deliveries/{delivery_id}").body
    if as_json:
        write_json(one)
        return
    tried = one.pop("tried")
    show_fields(one)
    show_listed(("number", "at", "duration_ms", "status", "error", "answer"), tried, as_json=False)


@click.command(
    epilog=example(
        f"turnout subscription replay {_ID} --since 2026-11-22T10:00:00Z",
        f"turnout subscription replay {_ID} --delivery 0c1a6d8e-5f0a-4bb0-9a57-3f6b1f0b8a11",
    )
)
@click.argument("subscription_id", type=click.UUID)
@click.option("--delivery", "delivery_id", type=click.UUID, help="This one.")
@click.option("--since", help="All that were kept at this time or later and have ended.")
@api_options
def replay(
    subscription_id: UUID,
    *,
    delivery_id: UUID | None,
    since: str | None,
    url: str,
    token: str | None,
    as_json: bool,
) -> None:
    """Deliver again to SUBSCRIPTION_ID, under the same ids as before."""
    if (delivery_id is None) == (since is None):
        raise Rejected("Give --delivery or --since, one of them.")
    body = {"since": since} if delivery_id is None else {"delivery_id": str(delivery_id)}
    path = f"v1/webhook-subscriptions/{subscription_id}/replay"
    told = ask(url, token, "POST", path, body=body).body
    if as_json:
        write_json(told)
    else:
        say(f"{counted(told['deliveries'], 'delivery is', 'deliveries are')} due again.")
