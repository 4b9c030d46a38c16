"""What senders of webhooks must show, and the addresses that make events of what they send."""

from datetime import datetime
from enum import StrEnum
from operator import not_
from typing import Annotated, Final
from uuid import UUID

from pydantic import Field

from shared.domain.event_types import EventTypeName
from shared.domain.values import Name, Strict

SECRETS_MAX: Final = 8
TOLERANCE_S: Final = 300
TOLERANCE_S_MAX: Final = 86_400

KEPT_HEADERS_MAX: Final = 20

HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,64}$")]
Expression = Annotated[str, Field(min_length=1, max_length=4_096)]
"""JSONata over what an event of a webhook has for its payload."""
KeptHeaders = Annotated[
    tuple[Annotated[str, Field(pattern=r"^[a-z0-9-]{1,64}$")], ...],
    Field(max_length=KEPT_HEADERS_MAX),
]
"""Headers in lower case, which events of a webhook have beside those that they always have."""


class Preset(StrEnum):
    """How a sender shows that it knows a secret.

    ``header``, ``basic`` and ``bearer`` show the secret itself, the others a signature of what
    they send: as Standard Webhooks, GitHub, Stripe and Slack do, or by ``hmac`` in a way of its
    own.
    """

    HEADER = "header"
    BASIC = "basic"
    BEARER = "bearer"
    STANDARD = "standard"
    GITHUB = "github"
    STRIPE = "stripe"
    SLACK = "slack"
    HMAC = "hmac"


class Algorithm(StrEnum):
    """The hash of an HMAC."""

    SHA1 = "sha1"
    SHA256 = "sha256"
    SHA512 = "sha512"


class Encoding(StrEnum):
    """How a signature is written."""

    HEX = "hex"
    BASE64 = "base64"


class Signed(StrEnum):
    """What a signature is of; the parts are joined by full stops."""

    BODY = "body"
    TIMESTAMP_BODY = "timestamp.body"
    ID_TIMESTAMP_BODY = "id.timestamp.body"


def _is_left_out(value: object) -> bool:
    """What was not said is not written either: a definition stays as it was before the field."""
    return value is None


def _is_usual(preset: Preset) -> bool:
    return preset is Preset.HEADER


class WebhookAuth(Strict):
    """What a sender must show beside the address: that it knows one of some secrets, by name.

    Those of a rotation stand in ``secrets``. Of the rest each preset has its own
    (``shared.matching.senders``); left out, an HMAC is of SHA-256 in hex over the body. Times that
    are signed may be ``tolerance_s`` off (300), into the past and the future.
    """

    preset: Preset = Field(default=Preset.HEADER, exclude_if=_is_usual)
    header: HeaderName | None = Field(default=None, exclude_if=_is_left_out)
    secret: Name | None = Field(default=None, exclude_if=_is_left_out)
    secrets: Annotated[tuple[Name, ...], Field(min_length=1, max_length=SECRETS_MAX)] | None = (
        Field(default=None, exclude_if=_is_left_out)
    )
    algorithm: Algorithm | None = Field(default=None, exclude_if=_is_left_out)
    encoding: Encoding | None = Field(default=None, exclude_if=_is_left_out)
    prefix: Annotated[str, Field(pattern=r"^[!-~]{1,64}$")] | None = Field(
        default=None, exclude_if=_is_left_out
    )
    signed: Signed | None = Field(default=None, exclude_if=_is_left_out)
    timestamp_header: HeaderName | None = Field(default=None, exclude_if=_is_left_out)
    id_header: HeaderName | None = Field(default=None, exclude_if=_is_left_out)
    tolerance_s: Annotated[int, Field(ge=1, le=TOLERANCE_S_MAX)] | None = Field(
        default=None, exclude_if=_is_left_out
    )

    @property
    def secret_names(self) -> tuple[str, ...]:
        """The secrets of which a sender must know one, as an environment names them."""
        named = self.secrets if self.secret is None else (self.secret,)
        return tuple(name.lower() for name in named or ())


class EndpointSpec(Strict):
    """What becomes of what is sent to an endpoint: an event that any workflow may await.

    Its type is ``event_type``, or what ``event_type_from`` comes to; its source is the endpoint's
    own unless ``source`` names one. ``keep_raw``: its payload also has the body as it came;
    ``keep_headers``: and these headers.
    """

    name: Name
    event_type: EventTypeName | None = None
    event_type_from: Expression | None = None
    source: Name | None = None
    subject_from: Expression | None = None
    auth: WebhookAuth | None = None
    keep_raw: bool = False
    # Left out while there are none: replicas of the version before know no such field.
    keep_headers: KeptHeaders = Field(default=(), exclude_if=not_)
    is_active: bool = True


class WebhookEndpoint(Strict):
    """An address of an environment; of its token only the SHA-256 is kept, in hex.

    ``address_made_at`` is when it got the address that it has.
    """

    id: UUID
    environment_id: UUID
    token_hash: str
    spec: EndpointSpec
    created_by: Name
    created_at: datetime
    updated_at: datetime
    address_made_at: datetime

    @property
    def source(self) -> str:
        """Where its events come from."""
        return self.spec.source or f"/turnout/webhook-endpoints/{self.id}"
