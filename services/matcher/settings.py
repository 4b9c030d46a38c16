"""The matcher's settings."""

from pydantic import Field

from shared.assembly.settings import ProcessSettings
from shared.matching.decisions import DEPTH_MAX, MATCHES_MAX


class MatcherSettings(ProcessSettings):
    """Read from the environment: ``TURNOUT_<FIELD>``, nested with ``__``."""

    fetch_max: int = Field(default=1_000, ge=1)
    fetch_wait_s: float = Field(default=5.0, gt=0, le=5)
    refresh_s: float = Field(default=1.0, ge=0.1, le=60, description="longest age of definitions")
    expressions_max: int = Field(default=200_000, ge=1)
    causation_depth_max: int = Field(
        default=DEPTH_MAX, ge=1, description="events caused by events that still start executions"
    )
    matches_max: int = Field(
        default=MATCHES_MAX, ge=1, description="workflows that one event may start"
    )
    quarantine_after: int = Field(
        default=10,
        ge=1,
        le=1_000,
        description="times that a workflow's condition passes its bounds until it is set aside",
    )
    quarantine_within_s: float = Field(
        default=600, gt=0, le=86_400, description="the time in which that counts"
    )
