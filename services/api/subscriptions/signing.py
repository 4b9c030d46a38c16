"""What messages are signed by: made, ended with an overlap, and noted without its value."""

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from pydantic import SecretStr

from services.api.note_changes import note
from services.api.resources import ApiResources
from shared.db.audit import Change
from shared.db.signing_secrets import (
    SigningSecret,
    add_secret,
    end_secrets,
    list_known,
    lock_form,
)
from shared.domain.errors import NotFound
from shared.domain.ids import EnvironmentId
from shared.domain.principals import Caller
from shared.domain.subscriptions import SigningForm
from shared.egress.forms import new_pair, new_secret

_ENDING_CHARS: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A secret just made; nobody is told its ``value`` again, and that of a key pair never."""

    known: SigningSecret
    value: SecretStr

    @property
    def told(self) -> str | None:
        """What its receiver is to keep."""
        return None if self.known.public_key else self.value.get_secret_value()


async def make_secret(
    resources: ApiResources,
    environment_id: EnvironmentId,
    form: SigningForm,
    subscription_id: UUID | None = None,
) -> Issued:
    """A new one, which nobody has kept yet: to be called before there is a transaction."""
    id_, key = resources.new_id(), None
    if form is SigningForm.TRANSACTIONLINK:
        value, key = await asyncio.to_thread(new_pair, id_)
    else:
        value = new_secret(form, resources.new_token())
    known = SigningSecret(
        id=id_,
        environment_id=environment_id,
        subscription_id=subscription_id,
        form=form,
        ending="" if key else value.get_secret_value()[-_ENDING_CHARS:],
        public_key=key,
        created_at=resources.clock.now(),
    )
    return Issued(known=known, value=value)


async def roll_secret(
    resources: ApiResources, caller: Caller, form: SigningForm, *, overlap_hours: int
) -> Issued:
    """Give the environment a new secret of a form; those before it go on for so long.

    Raises Conflict without a key ring.
    """
    issued = await make_secret(resources, caller.environment_id, form)
    async with resources.tenant(caller.environment_id) as conn:
        await lock_form(conn, caller.environment_id, form)
        now = resources.clock.now()
        at = now + timedelta(hours=overlap_hours)
        ended = await end_secrets(conn, caller.environment_id, form=form, at=at, now=now)
        await add_secret(conn, resources.ring, issued.known, issued.value)
        change = Change(
            action="signing-secret.roll",
            target=f"signing-secret:{form}",
            before={"ended": ended, "overlap_hours": overlap_hours},
            after=told(issued.known),
        )
        await note(resources, conn, caller, change)
    return issued


async def ensure_pair(resources: ApiResources, caller: Caller) -> None:
    """See that the environment has a key pair for TransactionLink's form; raises as above."""
    form = SigningForm.TRANSACTIONLINK
    async with resources.tenant(caller.environment_id) as conn:
        if await list_known(conn, caller.environment_id, resources.clock.now(), form):
            return
    issued = await make_secret(resources, caller.environment_id, form)
    async with resources.tenant(caller.environment_id) as conn:
        await lock_form(conn, caller.environment_id, form)
        if await list_known(conn, caller.environment_id, resources.clock.now(), form):
            return
        await add_secret(conn, resources.ring, issued.known, issued.value)
        change = Change(
            action="signing-secret.roll",
            target=f"signing-secret:{form}",
            after=told(issued.known),
        )
        # What the request asks for is not done with this.
        await note(resources, conn, replace(caller, held=None), change)


async def end_form(resources: ApiResources, caller: Caller, form: SigningForm) -> None:
    """End the environment's secrets of a form at once: messages are unsigned. Raises NotFound."""
    async with resources.tenant(caller.environment_id) as conn:
        await lock_form(conn, caller.environment_id, form)
        now = resources.clock.now()
        ended = await end_secrets(conn, caller.environment_id, form=form, at=now, now=now)
        if not ended:
            raise NotFound("The environment has no signing secret of this form.")
        change = Change(
            action="signing-secret.delete",
            target=f"signing-secret:{form}",
            before={"ended": ended},
        )
        await note(resources, conn, caller, change)


def told(known: SigningSecret) -> dict[str, Any]:
    """What the audit log keeps of one."""
    return {"id": str(known.id), "form": known.form}
