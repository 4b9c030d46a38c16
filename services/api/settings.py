"""What can be set about the HTTP face; the process that runs it reads the environment."""

from ipaddress import ip_address
from typing import Final, Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from services.api.live.settings import LiveSettings
from services.api.login.issuers import Issuer
from shared.assembly.settings import ProcessSettings
from shared.egress.settings import EgressSettings
from shared.matching.decisions import DEPTH_MAX
from shared.runtime.keyring import KeyRing, RingSetting
from shared.runtime.settings import Group

UNINDEXED_MAX: Final = 1_000


def is_here(host: str) -> bool:
    """Whether a host is this machine and nothing else, whatever name servers say."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


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
    live: LiveSettings = LiveSettings()


class RateSettings(Group):
    """How often callers may ask, at each process; 0: at will."""

    requests_per_s: int = Field(default=100, ge=0, description="of a key, or a JWT's subject")
    failed_logins_per_min: int = Field(
        default=60,
        ge=0,
        description="from an address; 0 behind a proxy, from where all come from one address",
    )


NO_LIMITS: Final = RateSettings(requests_per_s=0, failed_logins_per_min=0)


class ApiRoleSettings(ProcessSettings):
    """Read from the environment: ``TURNOUT_<FIELD>``, nested with ``__``."""

    host: str = Field(default="127.0.0.1", description="address to serve on")
    port: int = Field(default=8080, ge=0, le=65_535, description="0: any free one")
    login: Literal["token", "none"] = Field(
        default="token", description="none: anyone may do anything; for development"
    )
    jwt: tuple[Issuer, ...] = Field(
        default=(), max_length=100, description="whose JWTs callers may show, as JSON"
    )
    token: SecretStr | None = Field(
        default=None,
        min_length=16,
        validate_default=True,
        description="what the operator shows, as a bearer token or an x-api-key",
    )
    expressions_max: int = Field(default=10_000, ge=1)
    causation_depth_max: int = Field(
        default=DEPTH_MAX, ge=1, description="as the matcher's, to explain its decisions"
    )
    unindexed_max: int = Field(
        default=UNINDEXED_MAX,
        ge=0,
        description="live workflows of an environment whose conditions every event must try",
    )
    secrets: dict[str, SecretStr] = Field(
        default_factory=dict,
        description="by name; what webhooks of the default environment may ask their senders for,"
        " for want of stored ones",
    )
    keyring: RingSetting = Field(
        default_factory=KeyRing, description="<id>:<key>,…; the first encrypts secrets, all decrypt"
    )
    api: ApiSettings = ApiSettings()
    rate_limit: RateSettings = RateSettings()
    egress: EgressSettings = Field(
        default=EgressSettings(),
        description="who subscribers may be, and for fetching the keys of issuers",
    )

    @field_validator("login")
    @classmethod
    def _open_here_only(cls, login: str, info: ValidationInfo) -> str:
        if login == "none" and not is_here(info.data.get("host", "")):
            raise ValueError("none is for a TURNOUT_HOST of this machine alone, as 127.0.0.1")
        return login

    @field_validator("jwt")
    @classmethod
    def _each_issuer_once(cls, issuers: tuple[Issuer, ...]) -> tuple[Issuer, ...]:
        if len({each.issuer for each in issuers}) < len(issuers):
            raise ValueError("An issuer is there twice, with keys or algorithms of two kinds")
        return issuers

    @field_validator("token")
    @classmethod
    def _no_open_door(cls, token: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if token is None and info.data.get("login") != "none" and not info.data.get("jwt"):
            raise ValueError(
                "Set a secret of 16 characters or more, that the operator must show"
                " (or TURNOUT_JWT, for people who log in elsewhere)"
            )
        return token
