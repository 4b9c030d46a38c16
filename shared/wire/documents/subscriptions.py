"""Subscriptions, deliveries, and what signs them, as they are shown."""

from typing import Any

from typing_extensions import TypedDict

from shared.domain.subscriptions import DeliveryStatus, SigningForm, WebhookFormat
from shared.wire.documents.parts import Data, Id, Time


class SubscriptionDocument(TypedDict):
    """A subscription without its secret; ``failing_since``: every attempt since then has failed."""

    id: Id
    environment_id: Id
    name: str
    url: str
    kinds: list[str]
    workflow_id: Id | None
    filters: Any
    format: WebhookFormat
    signing: SigningForm
    headers: dict[str, str]
    is_active: bool
    disabled_at: Time | None
    disabled_reason: str | None
    failing_since: Time | None
    created_at: Time
    created_by: str
    updated_at: Time


class SubscribedDocument(SubscriptionDocument):
    """A subscription with its new secret, told this once; null: the environment's keys sign."""

    secret: str | None


class DeliveryDocument(TypedDict):
    """A delivery; ``webhook_id`` is what its receiver knows it by.

    ``last_…``: the receiver's status, and what went wrong, in the latest attempt.
    """

    id: Id
    webhook_id: str
    environment_id: Id
    subscription_id: Id
    kind: str
    execution_id: Id | None
    status: DeliveryStatus
    attempts: int
    created_at: Time
    next_at: Time | None
    ended_at: Time | None
    last_status: int | None
    last_error: str | None


class DeliveryAttempt(TypedDict):
    """An attempt: the receiver's status and the start of its answer, or why there is none."""

    number: int
    at: Time
    duration_ms: int
    status: int | None
    error: str | None
    answer: Data


class AttemptedDocument(DeliveryDocument):
    """A delivery with its latest attempts."""

    tried: list[DeliveryAttempt]


class ReplayedDocument(TypedDict):
    """How many deliveries are due again."""

    deliveries: int


class SigningSecretDocument(TypedDict):
    """What is known of an environment's signing secret; ``public_key`` is the JWK of a key pair."""

    id: Id
    environment_id: Id
    form: SigningForm
    ending: str
    public_key: dict[str, Any] | None
    created_at: Time
    expires_at: Time | None


class SigningSecretsDocument(TypedDict):
    """The secrets that sign now, of each form the latest first."""

    items: list[SigningSecretDocument]


class IssuedSigningSecretDocument(SigningSecretDocument):
    """A new one with its value, told this once; null for a key pair."""

    secret: str | None


class JwksDocument(TypedDict):
    """Public keys, after RFC 7517."""

    keys: list[dict[str, str]]
