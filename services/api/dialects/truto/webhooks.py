"""Truto's words for webhooks: subscriptions by the names of its events."""

from collections.abc import Sequence
from typing import Annotated, Any, Final, Self
from uuid import UUID

from pydantic import AfterValidator, AliasChoices, Field, model_validator
from pydantic_core import PydanticCustomError

from services.api.dialects.truto.documents import TrutoWebhook
from services.api.subscriptions.requests import SubscriptionChange, SubscriptionRequest, Url
from shared.domain.ids import EnvironmentId
from shared.domain.subscriptions import EVERYTHING, WANTED, Subscription, WebhookFormat
from shared.domain.values import Name, Strict
from shared.wire.envelope import stamp

_PREFIXES: Final = (("execution.", "workflow_execution:"), ("step.", "workflow_step:"))


def _event(kind: str) -> str:
    for ours, theirs in _PREFIXES:
        kind = theirs + kind.removeprefix(ours) if kind.startswith(ours) else kind
    return kind


_KINDS: Final = {_event(kind): kind for kind in WANTED}


def _known(name: str) -> str:
    if name in _KINDS:
        return name
    raise PydanticCustomError(
        "unknown_event", "It must be one of {all}", {"all": ", ".join(_KINDS)}
    )


EventTypes = Annotated[
    tuple[
        Annotated[str, AfterValidator(_known), Field(json_schema_extra={"enum": [*_KINDS]})], ...
    ],
    Field(max_length=len(WANTED)),
]
_URL: Final = AliasChoices("target_url", "url")


class TrutoWebhookRequest(Strict):
    """A webhook that is asked for; without ``event_types`` it hears of everything."""

    environment_id: EnvironmentId | None = None
    label: Name | None = None
    target_url: Annotated[Url, Field(validation_alias=_URL)]
    event_types: EventTypes = ()
    is_active: bool = True

    @property
    def subscription(self) -> SubscriptionRequest:
        """What it is to us."""
        return SubscriptionRequest(
            name=self.label or "webhook",
            url=self.target_url,
            kinds=_kinds(self.event_types),
            format=WebhookFormat.TRUTO,
            is_active=self.is_active,
        )


class TrutoWebhookChange(Strict):
    """What is to be otherwise; what is left out stays."""

    label: Name | None = None
    target_url: Annotated[Url | None, Field(validation_alias=_URL)] = None
    event_types: EventTypes | None = None
    is_active: bool | None = None

    @model_validator(mode="after")
    def _nothing_is_null(self) -> Self:
        for name in self.model_fields_set:
            if getattr(self, name) is None:
                raise PydanticCustomError("null", "{name} cannot be null", {"name": name})
        return self

    @property
    def change(self) -> SubscriptionChange:
        """What it is to us."""
        fields: dict[str, Any] = {
            "name": self.label,
            "url": self.target_url,
            "kinds": None if self.event_types is None else _kinds(self.event_types),
            "is_active": self.is_active,
        }
        return SubscriptionChange(**{k: v for k, v in fields.items() if v is not None})


class TrutoTestRequest(Strict):
    """Which webhook is to be tried."""

    webhook_id: Annotated[UUID, Field(validation_alias=AliasChoices("webhook_id", "id"))]


def render(one: Subscription) -> TrutoWebhook:
    """A webhook without its secret."""
    return {
        "id": str(one.id),
        "environment_id": str(one.environment_id),
        "label": one.name,
        "target_url": one.url,
        "event_types": [_event(kind) for kind in one.kinds],
        "is_active": one.is_active,
        "created_at": stamp(one.created_at),
        "updated_at": stamp(one.updated_at),
    }


def _kinds(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(_KINDS[name] for name in names) or (EVERYTHING,)
