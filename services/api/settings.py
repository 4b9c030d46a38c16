"""What can be set about the HTTP face; the process that runs it reads the environment."""

from typing import Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from shared.assembly.settings import ProcessSettings
from shared.matching.decisions import DEPTH_MAX
from shared.runtime.settings import Group


class ApiSettings(Group):
    """Bounds of what callers may send."""

    body_bytes_max: int = Field(default=262_144, ge=1_024, description="of an event or definition")
    body_within_s: float = Field(default=30, gt=0, description="for a body to arrive")
    leave_s: float = Field(
        default=0,
        ge=0,
        description="to go on serving when told to stop, with /readyz at 503: longer than a load"
        " balancer takes to notice",
    )


class ApiRoleSettings(ProcessSettings):
    """Read from the environment: ``TURNOUT_<FIELD>``, nested with ``__``."""

    host: str = Field(default="127.0.0.1", description="address to serve on")
    port: int = Field(default=8080, ge=0, le=65_535, description="0: any free one")
    login: Literal["token", "none"] = Field(
        default="token", description="none: anyone may do anything; for development"
    )
    token: SecretStr | None = Field(
        default=None,
        min_length=16,
        validate_default=True,
        description="what callers must show, as a bearer token or an x-api-key",
    )
    expressions_max: int = Field(default=10_000, ge=1)
    causation_depth_max: int = Field(
        default=DEPTH_MAX, ge=1, description="as the matcher's, to explain its decisions"
    )
    secrets: dict[str, SecretStr] = Field(
        default_factory=dict, description="by name; what webhooks may ask their senders for"
    )
    api: ApiSettings = ApiSettings()

    @field_validator("token")
    @classmethod
    def _no_open_door(cls, token: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if token is None and info.data.get("login") != "none":
            raise ValueError("Set a secret of 16 characters or more, that callers must show")
        return token
