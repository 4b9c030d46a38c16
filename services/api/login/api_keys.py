"""Making keys of the api, giving them new secrets, and ending them."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from services.api.http.problems import Forbidden
from services.api.http.query_strings import Moment
from services.api.login.identities import PREFIX, digest_of
from services.api.note_changes import note
from services.api.resources import ApiResources
from shared.db.api_keys import ApiKey, add_key, end_key, lock_key
from shared.db.audit import Change
from shared.db.pool import Connection
from shared.domain.errors import Conflict
from shared.domain.principals import SCOPES_OF, Caller, Principal, Role, Scope
from shared.domain.values import DAY_S, Name, Strict
from shared.wire.envelope import stamp
from shared.wire.strict_json import invalid

PREFIX_CHARS = 8
GRACE_S_MAX = 30 * DAY_S


class KeyRequest(Strict):
    """A key that is asked for: it has the scopes of its role and those beside."""

    name: Name
    role: Role | None = None
    scopes: frozenset[Scope] = frozenset()
    expires_at: Moment | None = None

    @property
    def all_scopes(self) -> frozenset[Scope]:
        """What the key may do."""
        return self.scopes if self.role is None else self.scopes | SCOPES_OF[self.role]


class RotationRequest(Strict):
    """How long the old secret counts beside the new one."""

    grace_s: Annotated[float, Field(ge=0.0, le=GRACE_S_MAX, allow_inf_nan=False)] = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A key just made, and its secret, which nobody is told again."""

    key: ApiKey
    secret: str


async def create_key(
    resources: ApiResources, caller: Caller, principal: Principal, asked: KeyRequest
) -> Issued:
    """Make a key for the caller's environment.

    Raises Invalid, Forbidden for scopes that ``principal``, who asks, has not, NotFound.
    """
    now = resources.clock.now()
    if not asked.all_scopes:
        raise invalid("/scopes", "NO_SCOPES", "Give it a role, scopes, or both.")
    if asked.expires_at is not None and asked.expires_at <= now:
        raise invalid("/expires_at", "IN_THE_PAST", "It must be a time to come.")
    check_scopes(principal, asked.all_scopes)
    async with resources.tenant(caller.environment_id) as conn:
        issued = await _issue(
            resources, conn, caller, asked.name, asked.all_scopes, asked.expires_at
        )
        await note(resources, conn, caller, _change("key.create", issued.key))
    return issued


async def rotate_key(
    resources: ApiResources,
    caller: Caller,
    principal: Principal,
    key_id: UUID,
    asked: RotationRequest,
) -> Issued:
    """Make another key of the same name, scopes and expiry, and end the old one.

    The old one counts for the grace that is asked for. Raises NotFound, Conflict when it counts no
    more, and Forbidden as ``create_key``.
    """
    now = resources.clock.now()
    async with resources.tenant(caller.environment_id) as conn:
        old = await lock_key(conn, caller.environment_id, key_id)
        check_scopes(principal, old.scopes)
        if not old.counts(now):
            raise Conflict("This key counts no more: make a new one.")
        issued = await _issue(resources, conn, caller, old.name, old.scopes, old.expires_at)
        ended = replace(old, expires_at=_earlier(old.expires_at, asked.grace_s, now))
        await end_key(conn, ended if asked.grace_s else replace(old, revoked_at=now))
        change = _change("key.rotate", issued.key)
        before = {"id": str(old.id), "prefix": old.prefix, "grace_s": asked.grace_s}
        await note(resources, conn, caller, replace(change, before=before))
    return issued


async def revoke_key(resources: ApiResources, caller: Caller, key_id: UUID) -> None:
    """End a key; one that is revoked stays so. Raises NotFound."""
    async with resources.tenant(caller.environment_id) as conn:
        key = await lock_key(conn, caller.environment_id, key_id)
        if key.revoked_at is not None:
            return
        await end_key(conn, replace(key, revoked_at=resources.clock.now()))
        change = Change(action="key.revoke", target=f"key:{key_id}", before=told(key))
        await note(resources, conn, caller, change)


def told(key: ApiKey) -> dict[str, Any]:
    """What a key is allowed, and by whom it was made: what the audit log keeps of it."""
    return {
        "name": key.name,
        "prefix": key.prefix,
        "scopes": sorted(key.scopes),
        "created_by": key.created_by,
        "expires_at": key.expires_at and stamp(key.expires_at),
    }


def check_scopes(principal: Principal, wanted: Iterable[Scope]) -> None:
    """Raises Forbidden for a scope that ``principal`` has not, and so cannot give."""
    lacking = sorted(scope for scope in wanted if not principal.may(scope))
    if lacking:
        raise Forbidden(f"You cannot give a key what you have not: {', '.join(lacking)}.")


async def _issue(
    resources: ApiResources,
    conn: Connection,
    caller: Caller,
    name: str,
    scopes: frozenset[Scope],
    expires_at: datetime | None,
) -> Issued:
    secret = f"{PREFIX}{resources.new_token()}"
    key = ApiKey(
        id=resources.new_id(),
        environment_id=caller.environment_id,
        name=name,
        prefix=secret[len(PREFIX) :][:PREFIX_CHARS],
        scopes=scopes,
        created_at=resources.clock.now(),
        created_by=caller.name,
        expires_at=expires_at,
    )
    await add_key(conn, key, digest_of(secret))
    return Issued(key=key, secret=secret)


def _change(action: str, key: ApiKey) -> Change:
    return Change(action=action, target=f"key:{key.id}", after=told(key))


def _earlier(expires_at: datetime | None, grace_s: float, now: datetime) -> datetime:
    until = now + timedelta(seconds=grace_s)
    return until if expires_at is None else min(until, expires_at)
