"""The actions every installation has, and those that an environment registers."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import Field, model_validator

from shared.domain.values import DAY_S, Name, Strict, Text, Value

BUILT_IN: Mapping[str, str] = MappingProxyType(
    {
        "http_request": "Send an HTTP request and keep the answer.",
        "run_sync_job": "Ask the configured sync-job service to run a job.",
        "emit_event": "Publish an event, which may start other workflows.",
        "send_webhook": "Post a payload, signed in the form that its receiver checks.",
        "transform": "Compute a value and keep it as the step's output.",
    }
)

Versions = Mapping[str, int | None]
"""The latest version of each action that steps may call; one that is built in has none."""

OURS: Versions = MappingProxyType(dict.fromkeys(BUILT_IN))

ActionName = Annotated[str, Field(min_length=1, max_length=256, pattern=r"^\P{Cc}+$")]
"""Whatever a vendor calls it, such as ``tickets:create-ticket-platform``."""


class Transport(StrEnum):
    """How an action is reached: its own URL is called, or workers take its tasks from a topic."""

    HTTP = "http"
    WORKER = "worker"


class Throttle(Strict):
    """At most ``limit`` calls in each window of ``ttl_s`` seconds, whoever makes them.

    A window begins with the first call after the last one has ended. With a ``key``, which sees the
    call's ``input``, each of its values has windows of its own.
    """

    limit: int = Field(ge=1, le=1_000_000)
    ttl_s: float = Field(gt=0.0, le=DAY_S)
    key: Value | None = None
    enabled: bool = True


class ActionSpec(Strict):
    """What an action takes, gives, and where it is. Absent schemas allow everything.

    ``timeout_s`` is the most that an attempt may take, whatever the step allows.
    """

    transport: Transport
    url: Annotated[str, Field(max_length=8_192)] | None = None
    input_schema: dict[str, Any] | bool | None = None
    output_schema: dict[str, Any] | bool | None = None
    description: Text | None = None
    category: Name | None = None
    source: Name | None = None
    timeout_s: float | None = Field(default=None, gt=0.0, le=DAY_S)
    throttle: Throttle | None = None
    metadata: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _url_where_it_is_called(self) -> Self:
        if (self.url is not None) != (self.transport is Transport.HTTP):
            raise ValueError("an action has a url if its transport is 'http', and only then")
        return self


class RegisteredAction(Strict):
    """An action in one version, which never changes; steps use the latest unless they name one."""

    environment_id: UUID
    name: ActionName
    version: int = Field(ge=1)
    spec: ActionSpec
    updated_at: datetime
