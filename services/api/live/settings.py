"""What can be set about live updates."""

from pydantic import Field

from shared.runtime.settings import Group


class LiveSettings(Group):
    """Bounds of the streams of a process, and of what it holds for all of them."""

    streams_max: int = Field(default=1_000, ge=0, description="of everybody")
    streams_of_one_max: int = Field(default=20, ge=0, description="of a key, or a JWT's subject")
    recent_s: float = Field(default=30, ge=0, description="held already when the first one opens")
    recent_records_max: int = Field(default=10_000, ge=1, description="held for all streams")
    recent_bytes_max: int = Field(default=33_554_432, ge=1, description="of the records held")
    missed_records_max: int = Field(
        default=200_000, ge=0, description="read again at most for whoever comes back, of any kind"
    )
    heartbeat_s: float = Field(default=15, gt=0, description="of silence until a sign of life")
    check_s: float = Field(default=5, gt=0, description="until a login is looked at again")
    send_within_s: float = Field(default=30, gt=0, description="for a listener to take what comes")
    retry_s: float = Field(default=2, gt=0, description="for a listener to wait before coming back")
