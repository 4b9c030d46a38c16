"""Who somebody is, by what they show: the operator's token, a key, or a JWT."""

import asyncio
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from hmac import compare_digest
from typing import Final
from uuid import UUID

import structlog

from services.api.http.problems import NotLetIn
from services.api.login.jwt_tokens import Issuers, Said
from services.api.login.remembered import Remembered
from services.api.resources import ApiResources
from shared.db.api_keys import ApiKey, find_live, note_uses
from shared.db.environments import find_organisation
from shared.domain.errors import Unavailable
from shared.domain.ids import EnvironmentId
from shared.domain.principals import OrganisationId, Principal, Scope

OPERATOR: Final = Principal(name="token", scopes=frozenset(Scope))
"""Whoever knows the token of the installation: may do anything in any environment."""

ANONYMOUS: Final = Principal(name="anonymous", scopes=frozenset(Scope))
"""Anyone, where nobody needs to log in: for development."""

KNOWN_S: Final = 5.0
"""A key that is revoked lets in for so long, at most."""
KNOWN_MAX: Final = 10_000
USED_EVERY: Final = timedelta(minutes=1)
PREFIX: Final = "tot_"
_KEY: Final = re.compile(r"tot_[A-Za-z0-9_-]{43}")
_PAUSE_S: Final = 1.0

log: Final = structlog.get_logger(__name__)

_Place = tuple[str, EnvironmentId | None]


def digest_of(secret: str) -> bytes:
    """What is kept of a key's secret: 256 bits of chance need no slow hash."""
    return sha256(secret.encode()).digest()


class Identities:
    """Who is who. Without a token and without ``issuers`` everyone is let in."""

    def __init__(self, resources: ApiResources, issuers: Issuers | None) -> None:
        token = resources.token
        self._token = None if token is None else token.get_secret_value().encode()
        self._issuers = issuers
        self._resources = resources
        self._keys = Remembered[bytes, ApiKey](
            self._look_for_key, resources.clock, seconds=KNOWN_S, most=KNOWN_MAX
        )
        self._places = Remembered[_Place, OrganisationId](
            self._look_for_place, resources.clock, seconds=KNOWN_S, most=KNOWN_MAX
        )
        self._uses: dict[UUID, datetime] = {}
        self._used = asyncio.Event()

    @property
    def is_open(self) -> bool:
        """Whether nobody needs to log in."""
        return self._token is None and self._issuers is None

    def is_operator(self, given: str) -> bool:
        """Whether this is the operator's token."""
        shown = given.encode("utf-8", "surrogateescape")
        return self._token is not None and compare_digest(shown, self._token)

    async def identify(self, given: str) -> Principal:
        """Who shows this. Raises NotLetIn, with a reason for the log alone, and Unavailable."""
        if self.is_operator(given):
            return OPERATOR
        if _KEY.fullmatch(given):
            return await self._by_key(given)
        if self._issuers is not None and given.count(".") == 2:  # noqa: PLR2004
            return await self._by_claims(await self._issuers.read(given))
        raise NotLetIn("it is neither the token nor a key nor a JWT" if given else "nothing shown")

    async def write_uses(self) -> None:
        """Write down which keys were used, as they are, until cancelled."""
        while True:
            await self._used.wait()
            self._used.clear()
            uses, self._uses = self._uses, {}
            await self._write(uses)
            await self._resources.clock.sleep(_PAUSE_S)

    async def _write(self, uses: Mapping[UUID, datetime]) -> None:
        try:
            async with self._resources.engine() as conn:
                await note_uses(conn, uses)
        except Unavailable as error:
            log.warning("key_uses_not_noted", reason=error.message)

    async def _by_key(self, given: str) -> Principal:
        key = await self._keys.get(digest_of(given))
        if key is None or not key.counts(self._resources.clock.now()):
            raise NotLetIn("no key that counts has this secret")
        return Principal(
            name=f"key:{key.prefix}", scopes=key.scopes, environment_id=key.environment_id
        )

    async def _look_for_key(self, digest: bytes) -> ApiKey | None:
        now = self._resources.clock.now()
        # A key belongs to an environment, which is not known before the key is.
        async with self._resources.engine() as conn:
            key = await find_live(conn, digest, now)
        if key and (key.last_used_at is None or now - key.last_used_at >= USED_EVERY):
            self._uses[key.id] = now
            self._used.set()
        return key

    async def _by_claims(self, said: Said) -> Principal:
        organisation_id = await self._places.get((said.organisation, said.environment_id))
        if organisation_id is None:
            raise NotLetIn("there is no such organisation, or it has no such environment")
        return Principal(
            name=said.name,
            scopes=said.scopes,
            organisation_id=organisation_id,
            environment_id=said.environment_id,
        )

    async def _look_for_place(self, place: _Place) -> OrganisationId | None:
        # Which organisations there are is no environment's to know.
        async with self._resources.engine() as conn:
            return await find_organisation(conn, *place)
