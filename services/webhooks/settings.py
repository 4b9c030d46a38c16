"""The settings of webhooks."""

from typing import Annotated, Final

from pydantic import BaseModel, Field

from shared.assembly.settings import ProcessSettings
from shared.domain.values import DAY_S
from shared.egress.settings import EgressSettings
from shared.runtime.keyring import KeyRing, RingSetting

_HOUR_S: Final = 3_600.0

# As Standard Webhooks recommends, after a first attempt at once: three days and three hours in all.
_RETRY_S: Final = (
    *(5.0, 300.0, 1_800.0),
    *(_HOUR_S * hours for hours in (2, 5, 10, 14, 20, 24)),
)
_Pause = Annotated[float, Field(ge=0, le=30 * DAY_S, allow_inf_nan=False)]


class DeliverySettings(BaseModel):
    """How messages are delivered."""

    retry_s: tuple[_Pause, ...] = Field(
        default=_RETRY_S, max_length=50, description="pauses after failed attempts, in order"
    )
    jitter: float = Field(default=0.1, ge=0, le=1, description="by how much a pause may be longer")
    timeout_s: float = Field(default=10, gt=0, le=60, description="of one attempt")
    in_flight_max: int = Field(default=256, ge=1, le=10_000)
    in_flight_per_environment_max: int = Field(default=64, ge=1)
    in_flight_per_subscription_max: int = Field(default=8, ge=1)
    disable_after_s: float = Field(
        default=5 * DAY_S, gt=0, description="without a success, from the first failure on"
    )
    kept_days: float = Field(default=14, gt=0, description="how long deliveries are kept")
    refresh_s: float = Field(
        default=0.01, ge=0, le=60, description="between two looks at what subscriptions there are"
    )
    forget_every_s: float = Field(default=600, ge=1, description="between two rounds")


class WebhooksSettings(ProcessSettings):
    """Read from the environment: ``TURNOUT_<FIELD>``, nested with ``__``."""

    fetch_max: int = Field(default=2_000, ge=1)
    fetch_wait_s: float = Field(default=1.0, gt=0, le=5)
    egress: EgressSettings = EgressSettings()
    webhooks: DeliverySettings = DeliverySettings()
    keyring: RingSetting = Field(
        default_factory=KeyRing, description="<id>:<key>,…; decrypts what signs"
    )
