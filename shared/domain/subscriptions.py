"""Subscriptions: who wants to be told of results and phases, where, and in which words."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID, uuid5

from pydantic import SecretStr

from shared.domain.executions import AttemptStatus, Phase
from shared.domain.frozen import frozen
from shared.domain.ids import EnvironmentId, WorkflowId

EVERYTHING: Final = "*"

KINDS: Final[Mapping[str, str]] = MappingProxyType(
    {f"turnout.step.{status.lower()}": f"step.{status.lower()}" for status in AttemptStatus}
    | {f"workflow_execution:{phase}": f"execution.{phase}" for phase in Phase}
)
"""What subscriptions call the records of each type."""

WANTED: Final = (*KINDS.values(), "step.*", "execution.*", EVERYTHING)
"""What a subscription may ask for."""

TEST: Final = "test"
"""The kind of what is sent to see whether it arrives."""


class SigningForm(StrEnum):
    """How a message is signed; each as the system of that name does, or as Standard Webhooks."""

    STANDARD = "standard"
    TRUTO = "truto"
    SIXTYFOUR = "sixtyfour"
    TRANSACTIONLINK = "transactionlink"


class WebhookFormat(StrEnum):
    """What a message looks like: the record itself, or as the system of that name writes it."""

    NATIVE = "native"
    TRUTO = "truto"
    SIXTYFOUR = "sixtyfour"
    TRANSACTIONLINK = "transactionlink"

    @property
    def form(self) -> SigningForm:
        """How whoever reads this format expects it to be signed."""
        return SigningForm.STANDARD if self is WebhookFormat.NATIVE else SigningForm(self.value)


class DeliveryStatus(StrEnum):
    """Where a delivery stands; FAILED: no further attempt will be made."""

    PENDING = "PENDING"
    DELIVERED = "DELIVERED"
    FAILED = "FAILED"


@frozen
class Subscription:
    """Who wants to be told of what.

    A record is wanted when it is of one of ``kinds``, of the workflow, and passes ``filters``.
    ``version`` counts its changes; ``failing_since``: every attempt since then has failed.
    """

    id: UUID
    environment_id: EnvironmentId
    name: str
    url: str
    kinds: tuple[str, ...]
    workflow_id: WorkflowId | None
    filters: Any
    format: WebhookFormat
    signing: SigningForm
    headers: Mapping[str, str]
    is_active: bool
    created_at: datetime
    created_by: str
    updated_at: datetime
    version: int = 1
    disabled_at: datetime | None = None
    disabled_reason: str | None = None
    failing_since: datetime | None = None

    def asks_for(self, kind: str) -> bool:
        """Whether it wants records of this kind."""
        wide = f"{kind.partition('.')[0]}.*"
        return kind == TEST or not {kind, wide, EVERYTHING}.isdisjoint(self.kinds)


@frozen
class SigningKey:
    """A secret; of a key pair it is the private half as PEM, and ``id`` names the public one."""

    id: UUID
    value: SecretStr


def delivery_id(subscription: UUID, record: str) -> UUID:
    """The one delivery of a record to a subscription, however often the record is read."""
    return uuid5(subscription, record)


def message_id(delivery: UUID) -> str:
    """What a receiver knows a delivery by, the same for each attempt."""
    return f"msg_{delivery.hex}"
