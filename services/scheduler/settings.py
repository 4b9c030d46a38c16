"""The scheduler's settings."""

from pydantic import Field, model_validator

from shared.assembly.settings import ProcessSettings


class SchedulerSettings(ProcessSettings):
    """Read from the environment: ``TURNOUT_<FIELD>``, nested with ``__``."""

    housekeeping_s: float = Field(default=300, ge=1, description="between two rounds")
    events_kept_days: int = Field(default=30, ge=1, description="in the archive")
    keys_kept_days: int = Field(
        default=30, ge=1, description="how long a repeated event is known; above topic retention"
    )
    executions_kept_days: int | None = Field(
        default=None, ge=1, description="after they have ended; none: for ever"
    )
    bus_kept_hours: float = Field(default=24, gt=0, description="read records of the local bus")

    @model_validator(mode="after")
    def _what_follows_is_kept_longer(self) -> "SchedulerSettings":
        if self.keys_kept_days < self.events_kept_days:
            raise ValueError("keys_kept_days must be at least events_kept_days")
        kept_days = self.executions_kept_days
        if kept_days is not None and kept_days < self.keys_kept_days:
            raise ValueError("executions_kept_days must be at least keys_kept_days")
        return self
