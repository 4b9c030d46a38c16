"""Delivering what is due: claimed for a while, attempted, and noted.

Whoever dies meanwhile has claimed it for a limited time: then another attempts it, and the receiver
knows a repetition by its id. So a message is sent at least once, and order is not kept.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from services.webhooks.attempt import Attempts
from services.webhooks.metrics import WebhooksMetrics
from services.webhooks.prepare import Means, read_means
from services.webhooks.settings import DeliverySettings
from services.webhooks.shares import Busy, share
from shared.assembly.platform import Platform
from shared.db.pool import translated
from shared.db.webhook_deliveries import Claimed, Due, claim_deliveries, list_due
from shared.runtime.keyring import KeyRing
from shared.runtime.roles import duty

LOOK_AGAIN_S: Final = 1.0
LOOK_AGAIN_S_MAX: Final = 5.0
"""While nothing is due, looks come ever more rarely: what is read here, is announced by the API, or
comes due, wakes anyway. Only what was announced while the connection was lost waits for one."""
PAUSE_S: Final = 0.05
"""Between two looks at what is due while another replica is at it."""
CLAIMED_BEYOND_S: Final = 20.0
"""A claim ends so much later than its attempt can."""
LOOK_AT_MAX: Final = 1_000


class Deliveries:
    """What one process delivers."""

    def __init__(
        self,
        platform: Platform,
        attempts: Attempts,
        ring: KeyRing,
        settings: DeliverySettings,
        metrics: WebhooksMetrics,
        changed: asyncio.Event,
    ) -> None:
        self._platform = platform
        self._attempts = attempts
        self._ring = ring
        self._settings = settings
        self._metrics = metrics
        self._changed = changed
        self._busy = Busy()
        self._look_again_s = LOOK_AGAIN_S

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until ``stop``, and see what is under way to its end. Raises Unavailable.

        ``changed`` wakes it: something new is due, or there is room again.
        """
        async with asyncio.TaskGroup() as group:
            while not stop.is_set():
                self._changed.clear()
                due = await self._due()
                shares = self._shares(due)
                if not shares or not await self._begin(shares, group):
                    # Where there were shares, another replica was faster.
                    await self._rest(PAUSE_S if shares else self._wait_s(due), stop)

    async def _due(self) -> Sequence[Due]:
        full, crowded = self._busy.full(self._settings)
        with translated():
            async with self._platform.pool.acquire() as conn:
                return await list_due(conn, LOOK_AT_MAX, but_of=full, but_in=crowded)

    def _shares(self, due: Sequence[Due]) -> Mapping[UUID, int]:
        now = self._platform.clock.now()
        ready = [one for one in due if one.next_at <= now]
        self._metrics.due.set(len(ready))
        late_s = (now - ready[0].next_at).total_seconds() if ready else 0.0
        self._metrics.overdue_seconds.set(late_s)
        return share(ready, self._busy, self._settings)

    def _wait_s(self, due: Sequence[Due]) -> float:
        """Until something else comes due, or it is time to look again."""
        now, most_s = self._platform.clock.now(), self._look_again_s
        self._look_again_s = min(2 * most_s, LOOK_AGAIN_S_MAX)
        waits_s = ((one.next_at - now).total_seconds() for one in due)
        return min((s for s in waits_s if 0 < s < most_s), default=most_s)

    async def _begin(self, shares: Mapping[UUID, int], group: asyncio.TaskGroup) -> int:
        """Begin attempts of what can be claimed; gives how many."""
        now = self._platform.clock.now()
        until = now + timedelta(seconds=self._settings.timeout_s + CLAIMED_BEYOND_S)
        with translated():
            async with self._platform.pool.acquire() as conn:
                claimed = await claim_deliveries(conn, shares, now, until)
                if not claimed:
                    return 0
                means = await read_means(conn, self._ring, claimed, now)
        self._look_again_s = LOOK_AGAIN_S
        for one in claimed:
            self._busy.begun(one.subscription_id, one.environment_id)
            group.create_task(duty(self._deliver(one, means)))
        return len(claimed)

    async def _rest(self, wait_s: float, stop: asyncio.Event) -> None:
        """Until something changes, or for so long."""
        async with asyncio.TaskGroup() as group:
            woken = group.create_task(self._platform.clock.wait(self._changed, wait_s))
            stopping = group.create_task(stop.wait())
            await asyncio.wait((woken, stopping), return_when=asyncio.FIRST_COMPLETED)
            woken.cancel()
            stopping.cancel()

    async def _deliver(self, claimed: Claimed, means: Means) -> None:
        with self._metrics.in_flight.track_inprogress():
            try:
                await self._attempts.make(claimed, means)
            finally:
                self._busy.ended(claimed.subscription_id, claimed.environment_id)
                self._changed.set()
