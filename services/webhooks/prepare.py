"""A delivery made ready to be sent: its body, its headers, and what signs it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson

from services.webhooks.bodies import SHOWS_RESULT, Told, body_of
from shared.assembly.platform import Platform
from shared.db.history import find_result
from shared.db.pool import Connection, translated
from shared.db.secrets import SecretUnreadable, read_secrets
from shared.db.signing_secrets import SealedKey, list_sealed, read_own
from shared.db.webhook_deliveries import Claimed
from shared.db.workflows import get_version
from shared.domain.causes import DEPTH
from shared.domain.errors import NotFound, Rejected
from shared.domain.ids import EnvironmentId, WorkflowId
from shared.domain.subscriptions import (
    TEST,
    SigningForm,
    SigningKey,
    WebhookFormat,
    message_id,
)
from shared.egress.forms import Message, headers_of
from shared.egress.message import Request
from shared.runtime.keyring import KeyRing

_SECRET: Final = re.compile(r"\{\{\s*secrets\.([a-z0-9_][a-z0-9_-]{0,255})\s*\}\}")
_Names = tuple[EnvironmentId, frozenset[str]]


class Prepared:
    """What is to be sent; ``secrets`` are by their names what in it is to be shown to nobody."""

    __slots__ = ("request", "secrets")

    def __init__(self, request: Request, secrets: Mapping[str, str]) -> None:
        self.request = request
        self.secrets = secrets


class Means:
    """What the messages of one claim are signed by and carry, as it was when they were claimed."""

    __slots__ = ("_keys", "_secrets")

    def __init__(
        self,
        keys: Mapping[UUID, Sequence[SealedKey]],
        secrets: Mapping[_Names, Mapping[str, str] | SecretUnreadable],
    ) -> None:
        self._keys = keys
        self._secrets = secrets

    def keys_of(self, claimed: Claimed, ring: KeyRing) -> list[SigningKey]:
        """The subscription's own, the latest first. Raises SecretUnreadable."""
        return [key.opened(ring) for key in self._keys.get(claimed.subscription_id, ())]

    def secrets_of(self, claimed: Claimed) -> Mapping[str, str]:
        """Those that its headers name, where there are such. Raises SecretUnreadable."""
        found = self._secrets.get(_names(claimed), {})
        if isinstance(found, SecretUnreadable):
            raise found
        return found


async def read_means(
    conn: Connection, ring: KeyRing, claimed: Sequence[Claimed], now: datetime
) -> Means:
    """Read what messages need, once for all that were claimed together.

    Headers that are none raise nothing here: that fails the attempt of their own message.
    """
    secrets: dict[_Names, Mapping[str, str] | SecretUnreadable] = {}
    for place in set(_places(claimed)):
        environment_id, names = place
        try:
            if names:
                secrets[place] = await read_secrets(conn, ring, environment_id, names, now)
        except SecretUnreadable as error:
            secrets[place] = error
    subscriptions = {one.subscription_id for one in claimed if not _is_own(one)}
    return Means(await list_sealed(conn, subscriptions, now), secrets)


async def prepare(
    platform: Platform, ring: KeyRing, claimed: Claimed, means: Means, timeout_s: float
) -> Prepared:
    """Sign the message.

    Raises Unavailable, of it SecretUnreadable for what cannot be decrypted, and Rejected.
    """
    now = platform.clock.now()
    if _is_own(claimed):
        keys = await _own_keys(platform, ring, claimed, now)
    else:
        keys = means.keys_of(claimed, ring)
    secrets = means.secrets_of(claimed)
    told = await _told(platform, claimed)
    body = body_of(claimed.format, told)
    message = Message(
        id=message_id(claimed.id),
        kind=body.kind,
        attempt=claimed.attempts + 1,
        sent_at=now,
        body=body.raw,
    )
    headers = {
        **_revealed(claimed.headers, secrets),
        "Content-Type": body.media,
        **headers_of(claimed.signing, message, keys),
    }
    request = Request(
        method="POST",
        url=claimed.url,
        headers=headers,
        body=body.raw,
        timeout_s=timeout_s,
        depth=told.record.get(DEPTH, 0),
        environment_id=claimed.environment_id,
    )
    return Prepared(request, secrets)


async def _told(platform: Platform, claimed: Claimed) -> Told:
    record = orjson.loads(claimed.record)
    return Told(
        delivery_id=claimed.id,
        subscription_id=claimed.subscription_id,
        kind=claimed.kind,
        raw=claimed.record,
        record=record,
        result=await _result(platform, claimed),
        workspace_id=await _workspace(platform, claimed, record),
    )


def _names(claimed: Claimed) -> _Names:
    """The environment, and the names of the secrets that the headers carry."""
    found = (name for value in claimed.headers.values() for name in _SECRET.findall(value))
    return claimed.environment_id, frozenset(found)


def _places(claimed: Sequence[Claimed]) -> Iterator[_Names]:
    for one in claimed:
        with suppress(AttributeError, TypeError):
            yield _names(one)


def _is_own(claimed: Claimed) -> bool:
    """Whether the environment's key pair signs it."""
    return claimed.signing is SigningForm.TRANSACTIONLINK


async def _own_keys(
    platform: Platform, ring: KeyRing, claimed: Claimed, now: datetime
) -> list[SigningKey]:
    with translated():
        async with platform.pool.acquire() as conn:
            return await read_own(conn, ring, claimed.environment_id, claimed.signing, now)


async def _result(platform: Platform, claimed: Claimed) -> Any:
    is_asked = claimed.format in SHOWS_RESULT and claimed.kind == "execution.completed"
    if not is_asked or claimed.execution_id is None:
        return None
    try:
        with translated():
            async with platform.pool.acquire() as conn:
                found = await find_result(conn, claimed.execution_id)
    except NotFound:
        return None
    return found and found.value


async def _workspace(platform: Platform, claimed: Claimed, record: Mapping[str, Any]) -> str | None:
    """What the definition says, for the form that tells it; no record has it."""
    if claimed.format is not WebhookFormat.TRANSACTIONLINK or claimed.kind == TEST:
        return None
    workflow_id = WorkflowId(UUID(record["data"]["workflow_id"]))
    try:
        with translated():
            async with platform.pool.acquire() as conn:
                found = await get_version(conn, workflow_id, record["data"]["workflow_version"])
    except NotFound:
        return None
    scope = found.definition.scope
    return None if scope is None else scope.workspace_id


def _revealed(headers: Mapping[str, str], secrets: Mapping[str, str]) -> dict[str, str]:
    """The headers with secrets in the place of their names. Raises Rejected where there is none."""

    def value(found: re.Match[str]) -> str:
        if found[1] not in secrets:
            raise Rejected(f"There is no secret '{found[1]}'.")
        return secrets[found[1]]

    return {name: _SECRET.sub(value, text) for name, text in headers.items()}
