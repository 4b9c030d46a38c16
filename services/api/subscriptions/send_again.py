"""Having things delivered again, and seeing whether anything arrives at all."""

from uuid import UUID

from services.api.note_changes import note
from services.api.resources import ApiResources
from services.api.subscriptions.requests import RedeliverRequest
from shared.db.audit import Change
from shared.db.webhook_deliveries import (
    Delivery,
    Wanted,
    add_deliveries,
    announce_due,
    begin_delivery,
    begin_since,
    get_delivery,
)
from shared.db.webhook_subscriptions import get_subscription
from shared.domain.errors import Conflict
from shared.domain.principals import Caller
from shared.domain.subscriptions import TEST
from shared.wire.envelope import envelope, stamp

AT_ONCE = 10_000
"""So many one request has delivered again: the oldest."""


async def replay(
    resources: ApiResources, caller: Caller, id_: UUID, asked: RedeliverRequest
) -> int:
    """Have them delivered again, at once; gives how many. Raises NotFound, Conflict."""
    now = resources.clock.now()
    async with resources.tenant(caller.environment_id) as conn:
        one = await get_subscription(conn, caller.environment_id, id_)
        if not one.is_active:
            raise Conflict("This subscription is not active: activate it first.")
        begun = 1
        if asked.delivery_id is not None:
            await begin_delivery(conn, id_, asked.delivery_id, now)
        elif asked.since is not None:
            begun = await begin_since(conn, id_, asked.since, now, limit=AT_ONCE)
        await announce_due(conn)
        change = Change(
            action="subscription.replay",
            target=f"subscription:{id_}",
            after={**asked.model_dump(mode="json"), "deliveries": begun},
        )
        await note(resources, conn, caller, change)
    return begun


async def send_test(resources: ApiResources, caller: Caller, id_: UUID) -> Delivery:
    """Have a message delivered that says nothing, in one attempt. Raises NotFound, Conflict."""
    now, delivery_id = resources.clock.now(), resources.new_id()
    async with resources.tenant(caller.environment_id) as conn:
        one = await get_subscription(conn, caller.environment_id, id_)
        if not one.is_active:
            raise Conflict("This subscription is not active: activate it first.")
        record = envelope(
            record_id=str(delivery_id),
            kind="turnout.webhook.test",
            source="/turnout/webhooks",
            subject=str(id_),
            time=stamp(now),
            data={"subscription_id": str(id_), "message": "It arrives."},
            attributes={"environmentid": str(caller.environment_id)},
        )
        wanted = Wanted(delivery_id, caller.environment_id, id_, TEST, None, record)
        await add_deliveries(conn, [wanted], now)
        await announce_due(conn)
        change = Change(action="subscription.test", target=f"subscription:{id_}")
        await note(resources, conn, caller, change)
        return await get_delivery(conn, caller.environment_id, delivery_id)
