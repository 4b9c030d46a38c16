"""How many events a second an environment may start work with; what is over that waits.

Nothing over a quota is lost: its partition is paused, with what was fetched of it held in memory,
until the quota has room, and the bus keeps what comes after. Whatever else stands in that
partition waits with it, so environments that must not wait for each other publish to topics, or
partitions, of their own.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Final, TypeAlias
from uuid import UUID

from services.trigger_ingest.metrics import IngestMetrics
from services.trigger_ingest.settings import QuotaSettings
from shared.bus.protocol import Received, Subscription, TopicPartition
from shared.domain.ids import EnvironmentId
from shared.runtime.clock import Clock
from shared.runtime.environment_names import OTHER

LOOK_EVERY_S: Final = 0.1
"""What is held goes on in groups of as much as the quota allows in this time."""

_FORGET_AT: Final = 10_000

Records: TypeAlias = Mapping[TopicPartition, Sequence[Received]]
EnvironmentOf = Callable[[Received], EnvironmentId | None]
"""Whose a record is; None: nobody's, such as one that cannot be read."""


class Quotas:
    """A token bucket an environment, kept as the instant at which it will be full (GCRA)."""

    def __init__(self, settings: QuotaSettings) -> None:
        self._settings = settings
        self._full_at: dict[UUID, float] = {}

    def wait_s(self, environment: EnvironmentId, now_s: float) -> float:
        """0.0: an event of ``environment`` goes on, and is counted; else how long until one may."""
        quota = self._settings.quota_of(environment)
        if quota.events_per_s is None:
            return 0.0
        full_at = max(self._full_at.get(environment, now_s), now_s)
        if (early_s := full_at - now_s - quota.burst_s) > 0:
            return early_s
        if environment not in self._full_at and len(self._full_at) >= _FORGET_AT:
            self._full_at = {id_: at for id_, at in self._full_at.items() if at > now_s}
        self._full_at[environment] = full_at + 1 / quota.events_per_s
        return 0.0

    def name_of(self, environment: EnvironmentId | None) -> str:
        """Its id if it has a quota of its own; a metric must not get a label for each."""
        return str(environment) if environment in self._settings.environments else OTHER


@dataclass(slots=True)
class _Held:
    """What is left of a fetch: its partition is paused; to be looked at again ``at_s``."""

    records: Sequence[Received]
    since_s: float
    at_s: float


class Holder:
    """The assignee: forgets what is held of partitions that are given up."""

    def __init__(self) -> None:
        self.held: dict[TopicPartition, _Held] = {}

    async def assigned(self, partitions: Sequence[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Read on from the group's positions."""
        del partitions
        return {}

    async def revoked(self, partitions: Sequence[TopicPartition]) -> None:
        """Drop what is held: its offsets were never committed, so the next owner reads it."""
        for at in partitions:
            self.held.pop(at, None)


class Throttled:
    """A subscription that hands out no more than the quotas allow; see ``Subscription``.

    It holds at most what one fetch gave of each partition. ``fetch`` may return empty early.
    """

    def __init__(
        self,
        subscription: Subscription,
        holder: Holder,
        *,
        quotas: Quotas,
        environment_of: EnvironmentOf,
        metrics: IngestMetrics,
        clock: Clock,
    ) -> None:
        """``holder`` is the assignee of ``subscription``."""
        self._subscription = subscription
        self._held = holder.held
        self._quotas = quotas
        self._environment_of = environment_of
        self._metrics = metrics
        self._clock = clock
        self.commit = subscription.commit
        self.pause = subscription.pause
        self.resume = subscription.resume
        self.assignment = subscription.assignment
        self.ends = subscription.ends

    async def fetch(self, *, max_records: int, wait_s: float) -> Records:
        """What may go on: of what was held, then of what is new."""
        now_s = self._clock.monotonic()
        look_in_s = min((held.at_s for held in self._held.values()), default=inf) - now_s
        # Half of it at least is for what is new: what is held must not keep others back.
        room = max(1, max_records // 2) if look_in_s <= 0 else max_records
        found = await self._subscription.fetch(
            max_records=room, wait_s=max(0.0, min(wait_s, look_in_s))
        )
        now_s = self._clock.monotonic()
        passed = {at: self._pass(at, records, len(records), now_s) for at, records in found.items()}
        room = max_records - sum(map(len, passed.values()))
        for at in [at for at, held in self._held.items() if held.at_s <= now_s]:
            passed[at] = self._release(at, room, now_s)
            room -= len(passed[at])
        return {at: records for at, records in passed.items() if records}

    async def lag(self) -> Mapping[TopicPartition, int]:
        """Counts what is held as well."""
        lag = await self._subscription.lag()
        held = {at: len(held.records) for at, held in self._held.items()}
        return {at: behind + held.get(at, 0) for at, behind in lag.items()}

    def _pass(
        self, at: TopicPartition, records: Sequence[Received], room: int, now_s: float
    ) -> Sequence[Received]:
        """The first of them, as many as may go on, ``room`` at most; the rest is held."""
        count, look_at_s = self._allowed(records[:room], now_s)
        if count < len(records):
            self._held[at] = _Held(records[count:], now_s, look_at_s)
            self._subscription.pause([at])
        return records[:count]

    def _release(self, at: TopicPartition, room: int, now_s: float) -> Sequence[Received]:
        held = self._held.pop(at)
        self._count(held, now_s)
        passed = self._pass(at, held.records, room, now_s)
        if at not in self._held:
            self._subscription.resume([at])
        return passed

    def _count(self, held: _Held, now_s: float) -> None:
        environment = self._environment_of(held.records[0])
        name = self._quotas.name_of(environment)
        self._metrics.held_s.labels(name).inc(now_s - held.since_s)

    def _allowed(self, records: Sequence[Received], now_s: float) -> tuple[int, float]:
        """How many may go on, and when the next one is to be looked at."""
        for count, record in enumerate(records):
            environment = self._environment_of(record)
            wait_s = 0.0 if environment is None else self._quotas.wait_s(environment, now_s)
            if wait_s > 0:
                look_at_s = now_s + max(wait_s, LOOK_EVERY_S)
                # All partitions at the same instants: one group costs others less than many.
                return count, look_at_s - look_at_s % LOOK_EVERY_S
        return len(records), now_s
