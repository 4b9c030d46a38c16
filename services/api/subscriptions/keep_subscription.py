"""Making, changing and ending subscriptions, each noted."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from services.api.note_changes import note
from services.api.resources import ApiResources
from services.api.subscriptions.requests import SubscriptionChange, SubscriptionRequest
from services.api.subscriptions.signing import Issued, ensure_pair, make_secret
from shared.db.audit import Change
from shared.db.signing_secrets import add_secret, end_secrets
from shared.db.webhook_deliveries import announce_due
from shared.db.webhook_subscriptions import (
    add_subscription,
    change_subscription,
    delete_subscription,
    get_subscription,
    lock_subscription,
)
from shared.domain.ids import WorkflowId
from shared.domain.principals import Caller
from shared.domain.subscriptions import SigningForm, Subscription
from shared.egress.errors import DestinationRefused
from shared.egress.guard import check_url
from shared.wire.envelope import stamped
from shared.wire.strict_json import invalid


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A subscription, and the secret that it was just given, which nobody is told again.

    None where it is signed by the environment's key pair.
    """

    subscription: Subscription
    secret: str | None


async def create_subscription(
    resources: ApiResources, caller: Caller, asked: SubscriptionRequest, *, url_at: str = "/url"
) -> Made:
    """Make one. ``url_at`` is where the request has the URL.

    Raises Invalid for one that may not be called, and Conflict without a key ring, and when there
    are too many.
    """
    _check_destination(resources, asked.url, url_at)
    now = resources.clock.now()
    one = Subscription(
        id=resources.new_id(),
        environment_id=caller.environment_id,
        name=asked.name,
        url=asked.url,
        kinds=asked.kinds,
        workflow_id=None if asked.workflow_id is None else WorkflowId(asked.workflow_id),
        filters=asked.filters,
        format=asked.format,
        signing=asked.signing or asked.format.form,
        headers=asked.headers,
        is_active=asked.is_active,
        created_at=now,
        created_by=caller.name,
        updated_at=now,
    )
    issued = await _issue(resources, caller, one)
    async with resources.tenant(caller.environment_id) as conn:
        await add_subscription(conn, one)
        if issued is not None:
            await add_secret(conn, resources.ring, issued.known, issued.value)
        await note(resources, conn, caller, _change("create", one.id, after=_told(one)))
    return Made(subscription=one, secret=None if issued is None else issued.told)


async def change_fields(
    resources: ApiResources,
    caller: Caller,
    id_: UUID,
    asked: SubscriptionChange,
    *,
    url_at: str = "/url",
) -> Subscription:
    """Change what is given. To activate one that was disabled forgets why.

    Raises NotFound, and Invalid as ``create_subscription``.
    """
    fields: dict[str, Any] = {name: getattr(asked, name) for name in asked.model_fields_set}
    if asked.url is not None:
        _check_destination(resources, asked.url, url_at)
    async with resources.tenant(caller.environment_id) as conn:
        one = await lock_subscription(conn, caller.environment_id, id_)
        if fields.get("is_active") and not one.is_active:
            fields |= {"disabled_at": None, "disabled_reason": None, "failing_since": None}
        changed = replace(one, **fields, updated_at=resources.clock.now(), version=one.version + 1)
        await change_subscription(conn, changed)
        if changed.is_active and not one.is_active:
            await announce_due(conn)  # what was due waited for this
        change = _change("update", id_, before=_told(one), after=_told(changed))
        await note(resources, conn, caller, change)
    return changed


async def rotate_secret(
    resources: ApiResources, caller: Caller, id_: UUID, overlap_hours: int
) -> Made:
    """Give one a new secret; the old one signs beside it for so long. Raises NotFound, Conflict.

    Where the environment's key pair signs, nothing changes: that is rolled for all at once.
    """
    async with resources.tenant(caller.environment_id) as conn:
        one = await get_subscription(conn, caller.environment_id, id_)
    issued = await _issue(resources, caller, one)
    async with resources.tenant(caller.environment_id) as conn:
        one = await lock_subscription(conn, caller.environment_id, id_)
        if issued is not None:
            now = resources.clock.now()
            await end_secrets(
                conn,
                caller.environment_id,
                form=one.signing,
                subscription_id=id_,
                at=now + timedelta(hours=overlap_hours),
                now=now,
            )
            await add_secret(conn, resources.ring, issued.known, issued.value)
        after = {"overlap_hours": overlap_hours}
        await note(resources, conn, caller, _change("rotate", id_, after=after))
    return Made(subscription=one, secret=None if issued is None else issued.told)


async def end_subscription(resources: ApiResources, caller: Caller, id_: UUID) -> None:
    """Delete one, with its deliveries. Raises NotFound."""
    async with resources.tenant(caller.environment_id) as conn:
        one = await lock_subscription(conn, caller.environment_id, id_)
        await delete_subscription(conn, caller.environment_id, id_)
        await note(resources, conn, caller, _change("delete", id_, before=_told(one)))


async def _issue(resources: ApiResources, caller: Caller, one: Subscription) -> Issued | None:
    if one.signing is SigningForm.TRANSACTIONLINK:
        await ensure_pair(resources, caller)
        return None
    return await make_secret(resources, caller.environment_id, one.signing, one.id)


def _check_destination(resources: ApiResources, url: str, pointer: str) -> None:
    """As each attempt will: but for names, which are looked up then."""
    try:
        check_url(url, resources.egress)
    except DestinationRefused as error:
        detail = (
            f"Nothing would be delivered there: {error.message.rstrip('.').lower()}. By itself"
            " Turnout calls the public internet only; TURNOUT_EGRESS__… of the api and of the"
            " role webhooks lets it call others."
        )
        raise invalid(pointer, "DESTINATION_REFUSED", detail) from None


def _change(what: str, id_: UUID, *, before: Any = None, after: Any = None) -> Change:
    return Change(
        action=f"subscription.{what}", target=f"subscription:{id_}", before=before, after=after
    )


def _told(one: Subscription) -> dict[str, Any]:
    """What the audit log keeps of one: no filter and no headers, which may hold more."""
    return {
        "name": one.name,
        "url": one.url,
        "kinds": list(one.kinds),
        "workflow_id": one.workflow_id and str(one.workflow_id),
        "format": one.format,
        "signing": one.signing,
        "is_active": one.is_active,
        "disabled_at": stamped(one.disabled_at),
    }
