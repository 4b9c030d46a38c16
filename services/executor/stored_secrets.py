"""Where the executor finds secrets: in the settings, and in the database."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from pydantic import SecretStr

from shared.db.pool import Pool, translated
from shared.db.secrets import SecretUnreadable, names_of, read_secrets
from shared.domain.ids import EnvironmentId
from shared.runtime.clock import Clock
from shared.runtime.environment_names import EnvironmentCounter
from shared.runtime.keyring import KeyRing

KNOWN_S: Final = 5.0
ENVIRONMENTS_MAX: Final = 1_000
BYTES_MAX: Final = 16 * 2**20
_ACQUIRE_WITHIN_S: Final = 5
_READERS: Final = 16


class ConfiguredSecrets:
    """The secrets of one environment, as configured; a name counts in lower case."""

    def __init__(self, environment_id: EnvironmentId, secrets: Mapping[str, SecretStr]) -> None:
        self._environment_id = environment_id
        # Names of the process's environment have no case.
        self._secrets = {name.lower(): secret for name, secret in secrets.items()}

    async def names(self, environment_id: EnvironmentId) -> frozenset[str]:
        return frozenset(self._secrets if environment_id == self._environment_id else ())

    names_now = names

    async def get(self, environment_id: EnvironmentId, names: Collection[str]) -> Mapping[str, str]:
        there = await self.names(environment_id)
        return {name: self._secrets[name].get_secret_value() for name in there.intersection(names)}


@dataclass(slots=True, kw_only=True)
class _Known:
    """What was read of an environment: the stored names, and the values that were asked for.

    ``names`` are those that are configured as well.
    """

    until_s: float
    stored: frozenset[str]
    names: frozenset[str]
    values: dict[str, str] = field(default_factory=dict, repr=False)


class StoredSecrets:
    """Every environment's secrets, as they stood at most ``KNOWN_S`` ago.

    Those of ``configured`` count where none is stored under the same name. Values are read when
    they are first asked for, and no more than ``BYTES_MAX`` of them are kept.
    """

    def __init__(
        self,
        pool: Pool,
        ring: KeyRing,
        clock: Clock,
        *,
        configured: ConfiguredSecrets,
        unreadable: EnvironmentCounter,
    ) -> None:
        self._pool = pool
        self._ring = ring
        self._clock = clock
        self._configured = configured
        self._unreadable = unreadable
        self._known: dict[EnvironmentId, _Known] = {}
        self._bytes = 0
        # Of the many steps that miss an environment at once, the first one reads it.
        self._reading = tuple(asyncio.Lock() for _ in range(_READERS))

    async def names(self, environment_id: EnvironmentId) -> frozenset[str]:
        """Which there are. Raises Unavailable."""
        known = self._fresh(environment_id)
        if known is None:
            async with self._lock(environment_id):
                known = self._fresh(environment_id) or await self._read_names(environment_id)
        return known.names

    async def names_now(self, environment_id: EnvironmentId) -> frozenset[str]:
        """Which there are at this moment, whatever is remembered. Raises Unavailable."""
        async with self._lock(environment_id):
            return (await self._read_names(environment_id)).names

    async def get(self, environment_id: EnvironmentId, names: Collection[str]) -> Mapping[str, str]:
        """The values of those of ``names`` that there are.

        Raises Unavailable, also for one that cannot be decrypted: no other stands in for it.
        """
        async with self._lock(environment_id):
            known = self._fresh(environment_id) or await self._read_names(environment_id)
            lacking = known.stored.intersection(names).difference(known.values)
            if lacking:
                await self._read_values(environment_id, known, lacking)
        stored = {name: known.values[name] for name in known.values.keys() & set(names)}
        rest = set(names) - stored.keys()
        return {**await self._configured.get(environment_id, rest), **stored}

    def _lock(self, environment_id: EnvironmentId) -> asyncio.Lock:
        return self._reading[hash(environment_id) % _READERS]

    def _fresh(self, environment_id: EnvironmentId) -> _Known | None:
        known = self._known.get(environment_id)
        return known if known and self._clock.monotonic() < known.until_s else None

    async def _read_names(self, environment_id: EnvironmentId) -> _Known:
        until_s = self._clock.monotonic() + KNOWN_S
        with translated():
            async with self._pool.acquire(timeout=_ACQUIRE_WITHIN_S) as conn:
                stored = await names_of(conn, environment_id, self._clock.now())
        names = stored | await self._configured.names(environment_id)
        self._forget(environment_id)
        if len(self._known) >= ENVIRONMENTS_MAX:
            self._forget(next(iter(self._known)))
        self._known[environment_id] = known = _Known(until_s=until_s, stored=stored, names=names)
        return known

    async def _read_values(
        self, environment_id: EnvironmentId, known: _Known, names: Collection[str]
    ) -> None:
        try:
            with translated():
                async with self._pool.acquire(timeout=_ACQUIRE_WITHIN_S) as conn:
                    values = await read_secrets(
                        conn, self._ring, environment_id, names, self._clock.now()
                    )
        except SecretUnreadable:
            self._unreadable.add(environment_id)
            raise
        known.values |= values
        if self._known.get(environment_id) is known:
            self._bytes += _size(values)
        while self._bytes > BYTES_MAX:
            self._forget(next(iter(self._known)))

    def _forget(self, environment_id: EnvironmentId) -> None:
        known = self._known.pop(environment_id, None)
        self._bytes -= _size(known.values) if known else 0


def _size(values: Mapping[str, str]) -> int:
    return sum(len(value.encode()) for value in values.values())
