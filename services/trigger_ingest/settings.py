"""The settings of trigger-ingest."""

from pydantic import Field

from shared.assembly.settings import ProcessSettings
from shared.wire.intake import EventLimits


class IngestSettings(ProcessSettings):
    """Read from the environment: ``TURNOUT_<FIELD>``, nested with ``__``."""

    fetch_max: int = Field(default=1_000, ge=1)
    fetch_wait_s: float = Field(default=0.5, gt=0, le=5)
    event_limits: EventLimits = EventLimits()
