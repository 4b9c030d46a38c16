"""The settings group of outbound HTTP; a role's own ``settings.py`` reads the environment."""

from pydantic import Field

from shared.egress.guard import EgressPolicy


class EgressSettings(EgressPolicy):
    """Who may be called, and how much a call may take."""

    connect_timeout_s: float = Field(default=5, gt=0, description="per address of the host")
    timeout_s_max: float = Field(default=300, gt=0, description="no call may ask for more")
    request_bytes_max: int = Field(default=1_000_000, ge=1, le=1_048_576, description="body sent")
    body_bytes_max: int = Field(
        default=1_000_000, ge=1, description="body read, after decompression; the rest is dropped"
    )
    header_bytes_max: int = Field(default=32_768, ge=1_024, description="each way, all together")
    connections_max: int = Field(default=256, ge=1)
    connections_per_host_max: int = Field(default=64, ge=1)
    idle_s: float = Field(default=15, gt=0, description="how long a connection is kept unused")
