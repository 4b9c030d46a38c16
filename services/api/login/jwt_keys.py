"""The public keys of an issuer, fetched from its address and kept for a while."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

import orjson
import structlog
from jwt import PyJWK
from jwt.exceptions import PyJWTError

from services.api.http.problems import NotLetIn
from shared.domain.errors import Rejected, Unavailable
from shared.egress.caller import Caller
from shared.egress.message import Request
from shared.runtime.clock import Clock

FRESH_S: Final = 300
"""Keys are fetched again after so long."""
KEPT_S: Final = 3_600
"""Keys that cannot be fetched again count for so long."""
PAUSE_S: Final = 30
"""At least so long is between two requests, whatever key ids are asked for."""
KEYS_MAX: Final = 100
KEY_ID_CHARS_MAX: Final = 256
_WITHIN_S: Final = 5

log: Final = structlog.get_logger(__name__)


class FetchedKeys:
    """The keys at ``url`` that check signatures by ``algorithm``."""

    def __init__(self, url: str, algorithm: str, caller: Caller, clock: Clock) -> None:
        self._url = url
        self._algorithm = algorithm
        self._caller = caller
        self._clock = clock
        self._keys: Mapping[str | None, PyJWK] = {}
        self._fetched_s = self._asked_s = float("-inf")
        self._turn = asyncio.Lock()

    async def key(self, key_id: str | None) -> PyJWK:
        """The key of an id or, without one, the only key that there is.

        Raises NotLetIn when there is none, Unavailable when no keys could be had.
        """
        if self._is_due(key_id):
            async with self._turn:
                if self._is_due(key_id):  # nobody has fetched them meanwhile
                    await self._fetch()
        if self._clock.monotonic() - self._fetched_s > KEPT_S:
            raise Unavailable(f"The keys at {self._url} cannot be had.")
        found = self._find(key_id)
        if found is None:
            raise NotLetIn("the key id is not the issuer's")
        return found

    def _find(self, key_id: str | None) -> PyJWK | None:
        if key_id is None:
            return next(iter(self._keys.values())) if len(self._keys) == 1 else None
        return self._keys.get(key_id)

    def _is_due(self, key_id: str | None) -> bool:
        now_s = self._clock.monotonic()
        is_old = now_s - self._fetched_s > FRESH_S
        return now_s - self._asked_s > PAUSE_S and (is_old or self._find(key_id) is None)

    async def _fetch(self) -> None:
        self._asked_s = self._clock.monotonic()
        try:
            answer = await self._caller.call(
                Request(method="GET", url=self._url, timeout_s=_WITHIN_S)
            )
            # Whatever its status: what is no set of keys is no answer.
            self._keys = read_keys(orjson.loads(answer.body), self._algorithm)
            self._fetched_s = self._asked_s
        except (Unavailable, Rejected, ValueError) as fault:
            log.warning("issuer_keys_not_fetched", url=self._url, reason=str(fault))


def read_keys(document: Any, algorithm: str) -> dict[str | None, PyJWK]:
    """Those of a JWK set that may check signatures by ``algorithm``; the rest is passed over.

    Raises ValueError when it is no such set.
    """
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list) or len(listed) > KEYS_MAX:
        raise ValueError("it is no set of keys, or too large a one")
    keys: dict[str | None, PyJWK] = {}
    for each in listed:
        if not isinstance(each, dict) or not _is_for(each, algorithm):
            continue
        try:
            keys[each.get("kid")] = PyJWK(each, algorithm)
        except (PyJWTError, ValueError, TypeError):
            continue
    return keys


def _is_for(key: Mapping[str, Any], algorithm: str) -> bool:
    """Whether it is a public key that is meant for this: PyJWT does not look at that."""
    operations = key.get("key_ops")
    return (
        isinstance(key.get("kid"), str | None)
        and key.get("kty") in ("RSA", "EC", "OKP")
        and "d" not in key
        and key.get("use") in (None, "sig")
        and key.get("alg") in (None, algorithm)
        and (operations is None or (isinstance(operations, list) and "verify" in operations))
    )
