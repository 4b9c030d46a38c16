"""What callers ask of subscriptions."""

from typing import Annotated, Any, Final, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from services.api.http.query_strings import Moment
from shared.domain.subscriptions import WANTED, SigningForm, WebhookFormat
from shared.domain.values import Name, Strict
from shared.egress.errors import RequestRefused
from shared.egress.guard import URL_CHARACTERS_MAX
from shared.egress.message import ENVIRONMENT_HEADER, Request, checked_headers
from shared.egress.settings import EgressSettings
from shared.matching.filters import compile_filter

OVERLAP_HOURS_MAX: Final = 72
_HEADERS_MAX: Final = 20
_OURS: Final = frozenset(
    {
        *("content-type", "webhook-id", "webhook-timestamp", "webhook-signature"),
        *("x-truto-signature", "jws-signature", "sixtyfour-signature", "sixtyfour-event-id"),
        *("sixtyfour-event-type", "sixtyfour-delivery-attempt", ENVIRONMENT_HEADER.lower()),
    }
)


def _checked(headers: dict[str, str]) -> dict[str, str]:
    ours = sorted(name for name in headers if name.lower() in _OURS)
    if ours:
        raise _wrong("bad_header", f"Turnout sets {', '.join(ours)} itself")
    request = Request(method="POST", url="", headers=headers, timeout_s=1)
    try:
        checked_headers(request, EgressSettings())
    except RequestRefused as error:
        raise _wrong("bad_header", error.message) from None
    return headers


def _spelled(url: str) -> str:
    if not url.startswith(("http://", "https://")):
        raise _wrong("bad_url", "It must begin with https:// or http://")
    return url


def _wrong(kind: Literal["bad_header", "bad_url"], detail: str) -> PydanticCustomError:
    return PydanticCustomError(kind, "{detail}", {"detail": detail})


def _known(kind: str) -> str:
    if kind in WANTED:
        return kind
    raise PydanticCustomError("unknown_kind", "It must be one of {all}", {"all": ", ".join(WANTED)})


Url = Annotated[str, Field(min_length=8, max_length=URL_CHARACTERS_MAX), AfterValidator(_spelled)]
Kind = Annotated[
    str, AfterValidator(_known), Field(max_length=64, json_schema_extra={"enum": list(WANTED)})
]
Kinds = Annotated[tuple[Kind, ...], Field(min_length=1, max_length=len(WANTED))]
Headers = Annotated[
    dict[str, Annotated[str, Field(max_length=4_096)]],
    Field(
        max_length=_HEADERS_MAX,
        description="Sent with each message; `{{secrets.<name>}}` stands for a secret.",
    ),
    AfterValidator(_checked),
]
Filters = Annotated[
    Any, Field(description="A filter (docs/FILTERS.md) over the record; null lets all by.")
]


class SubscriptionRequest(Strict):
    """A subscription that is asked for; ``signing`` is what its format's readers expect."""

    name: Name
    url: Url
    kinds: Kinds
    workflow_id: UUID | None = None
    filters: Filters = None
    format: WebhookFormat = WebhookFormat.NATIVE
    signing: SigningForm | None = None
    headers: Headers = Field(default_factory=dict)
    is_active: bool = True

    @model_validator(mode="after")
    def _filter_compiles(self) -> Self:
        compile_filter(self.filters)
        return self


class SubscriptionChange(Strict):
    """What is to be otherwise; what is left out stays."""

    name: Name | None = None
    url: Url | None = None
    kinds: Kinds | None = None
    workflow_id: UUID | None = None
    filters: Filters = None
    headers: Headers | None = None
    is_active: bool | None = None

    @model_validator(mode="after")
    def _only_some_may_be_null(self) -> Self:
        for name in self.model_fields_set - {"workflow_id", "filters"}:
            if getattr(self, name) is None:
                raise PydanticCustomError("null", "{name} cannot be null", {"name": name})
        compile_filter(self.filters)
        return self


class RotateRequest(Strict):
    """For how long both secrets sign."""

    overlap_hours: Annotated[int, Field(ge=0, le=OVERLAP_HOURS_MAX)] = 24


class RollRequest(Strict):
    """For how long the environment's secrets before it go on to sign."""

    expire_overlap_hours: Annotated[int, Field(ge=0, le=OVERLAP_HOURS_MAX)] = 24


class RedeliverRequest(Strict):
    """What is to be delivered again: one delivery, or what was kept since a time."""

    delivery_id: UUID | None = None
    since: Moment | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.delivery_id is None) == (self.since is None):
            raise PydanticCustomError("one_of", "Give it delivery_id or since, one of them")
        return self
