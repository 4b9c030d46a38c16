"""How the room for attempts is shared: nobody's receiver, alive or dead, delays another's."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from services.webhooks.settings import DeliverySettings
from shared.db.webhook_deliveries import Due
from shared.domain.ids import EnvironmentId


@dataclass(slots=True)
class Busy:
    """The attempts under way, by subscription and by environment."""

    of: Counter[UUID] = field(default_factory=Counter)
    within: Counter[EnvironmentId] = field(default_factory=Counter)

    def begun(self, subscription_id: UUID, environment_id: EnvironmentId) -> None:
        """One more is under way."""
        self.of[subscription_id] += 1
        self.within[environment_id] += 1

    def ended(self, subscription_id: UUID, environment_id: EnvironmentId) -> None:
        """One has ended."""
        self.of -= Counter([subscription_id])
        self.within -= Counter([environment_id])

    def full(
        self, settings: DeliverySettings
    ) -> tuple[Collection[UUID], Collection[EnvironmentId]]:
        """The subscriptions and environments with as many as they may have."""
        of = [id_ for id_, n in self.of.items() if n >= settings.in_flight_per_subscription_max]
        most = settings.in_flight_per_environment_max
        return of, [id_ for id_, n in self.within.items() if n >= most]


def share(due: Sequence[Due], busy: Busy, settings: DeliverySettings) -> dict[UUID, int]:
    """How many attempts each subscription may begin now; those that may none are left out.

    Room is given one by one in turns. A subscription whose last attempt failed has one at a time:
    a dead receiver holds little of its environment's room.
    """
    room = settings.in_flight_max - busy.of.total()
    within = busy.within.copy()
    given: Counter[UUID] = Counter()
    waiting = list(due)
    while waiting and room > 0:
        still: list[Due] = []
        for one in waiting:
            most = 1 if one.is_failing else settings.in_flight_per_subscription_max
            if (
                room > 0
                and busy.of[one.subscription_id] + given[one.subscription_id] < most
                and within[one.environment_id] < settings.in_flight_per_environment_max
            ):
                given[one.subscription_id] += 1
                within[one.environment_id] += 1
                room -= 1
                still.append(one)
        waiting = still
    return dict(given)
