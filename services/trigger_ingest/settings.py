"""The settings of trigger-ingest."""

from collections.abc import Mapping
from uuid import UUID

from pydantic import Field

from shared.assembly.settings import ProcessSettings
from shared.runtime.settings import Group


class Quota(Group):
    """How many events of an environment go on; those above wait. Each process counts its own."""

    events_per_s: float | None = Field(default=None, gt=0, description="None: as many as come")
    burst_s: float = Field(default=1, ge=0.1, le=3_600, description="unused room that is kept")


class QuotaSettings(Quota):
    """Every environment's quota, and those that differ."""

    environments: Mapping[UUID, Quota] = Field(default_factory=dict, description="by id")

    def quota_of(self, environment: UUID) -> Quota:
        """The quota of an environment."""
        return self.environments.get(environment, self)

    @property
    def is_limited(self) -> bool:
        """Whether any environment has a limit."""
        return any(q.events_per_s is not None for q in (self, *self.environments.values()))


class IngestSettings(ProcessSettings):
    """Read from the environment: ``TURNOUT_<FIELD>``, nested with ``__``."""

    fetch_max: int = Field(default=1_000, ge=1)
    fetch_wait_s: float = Field(default=5.0, gt=0, le=5)
    in_flight_max: int = Field(
        default=1_000, ge=1, description="events and commands that nobody has taken up yet"
    )
    quota: QuotaSettings = QuotaSettings()
