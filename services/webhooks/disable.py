"""Disabling a subscription to which nothing can be delivered, with notice."""

from dataclasses import replace
from typing import Final
from uuid import uuid4, uuid5

import structlog
from yarl import URL

from shared.assembly.platform import Platform
from shared.bus.protocol import Record
from shared.db.audit import Change, Noted, note_change
from shared.db.pool import translated
from shared.db.webhook_deliveries import Claimed
from shared.db.webhook_subscriptions import change_subscription, lock_subscription
from shared.domain.errors import NotFound
from shared.domain.principals import Caller
from shared.domain.subscriptions import Subscription
from shared.wire.envelope import HEADERS, dumps, envelope, stamp, stamped

EVENT: Final = "webhook:disabled"
"""The type of the event by which workflows learn of it."""
OURSELVES: Final = "webhooks"
"""Who did it, as the audit log says."""

log = structlog.get_logger(__name__)


async def disable(platform: Platform, claimed: Claimed, reason: str) -> bool:
    """Disable the subscription of a delivery: in the audit log, and as an event. False: it was.

    The event is published before this is committed; published again, it is the same event.
    """
    now = platform.clock.now()
    with translated():
        async with platform.pool.acquire() as conn, conn.transaction():
            try:
                one = await lock_subscription(conn, claimed.environment_id, claimed.subscription_id)
            except NotFound:
                return False
            if not one.is_active:
                return False
            changed = replace(
                one, is_active=False, disabled_at=now, disabled_reason=reason, updated_at=now
            )
            await change_subscription(conn, changed)
            await note_change(conn, _noted(changed, reason))
            await platform.bus.publish([_event(platform, one, changed, reason)])
    log.warning(
        "webhook_disabled",
        subscription_id=str(one.id),
        environment_id=str(one.environment_id),
        reason=reason,
    )
    return True


def _noted(one: Subscription, reason: str) -> Noted:
    change = Change(
        action="subscription.disable",
        target=f"subscription:{one.id}",
        before={"is_active": True, "failing_since": stamped(one.failing_since)},
        after={"is_active": False, "reason": reason},
    )
    id_ = uuid4()
    caller = Caller(
        name=OURSELVES, environment_id=one.environment_id, request_id=f"{OURSELVES}-{id_}"
    )
    return Noted(id=id_, at=one.updated_at, caller=caller, change=change)


def _event(platform: Platform, was: Subscription, one: Subscription, reason: str) -> Record:
    # When it was is in the envelope: it is another time when it has to be done again.
    data = {
        "subscription_id": str(one.id),
        "name": one.name,
        # Its path or query may be a secret, and whoever reads events may see this one.
        "url": str(URL(one.url).origin()),
        "reason": reason,
        "failing_since": stamped(was.failing_since),
    }
    value = envelope(
        # By the version before, and what is said: whoever has to do it again says the same, and
        # what differs is an event of its own.
        record_id=f"{one.id}:{was.version}:{uuid5(one.id, dumps(data).decode())}",
        kind=EVENT,
        source="/turnout/webhooks",
        subject=str(one.id),
        time=stamp(one.updated_at),
        data=data,
        attributes={"environmentid": str(one.environment_id)},
    )
    topic = platform.topics.sources[0]
    return Record(topic=topic, key=str(one.id).encode(), value=value, headers=HEADERS)
