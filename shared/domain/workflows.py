"""A workflow, as registered: the canonical form that every dialect is compiled into.

The models are frozen and strict: they also read what the database and the bus hold.
"""

import hashlib
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from shared.domain.steps import Edge, Step, StepName
from shared.domain.values import DAY_S, Duration, Name, Strict, Text, Value

PathText = Annotated[str, Field(min_length=1, max_length=256)]


class Dialect(StrEnum):
    """Whose words a definition is written in; it decides the scope of its expressions."""

    NATIVE = "native"
    TRUTO = "truto"
    ALTOSTRAT = "altostrat"
    SIXTYFOUR = "sixtyfour"
    THENA = "thena"
    TRANSACTIONLINK = "transactionlink"


class Lifecycle(StrEnum):
    """A draft is kept but never matched: something still keeps it from running."""

    DRAFT = "draft"
    READY = "ready"


class TriggerKind(StrEnum):
    """What starts a workflow beside a person or program asking for it."""

    EVENT = "event"
    SCHEDULE = "schedule"
    MANUAL = "manual"
    WORKFLOW = "workflow"


class Schedule(Strict):
    """When a schedule is due: a cron line (five fields), every so many seconds, or once."""

    kind: Literal["cron", "interval", "once"]
    value: Annotated[str, Field(min_length=1, max_length=256)]
    timezone: Annotated[str, Field(min_length=1, max_length=64)] = "UTC"


class Trigger(Strict):
    """An event by name, exact or with a trailing ``*``; a schedule; a person; another workflow."""

    id: StepName | None = None
    kind: TriggerKind = TriggerKind.EVENT
    event_name: Name | None = None
    schedule: Schedule | None = None
    step_id: str | None = None
    ext: dict[str, Any] | None = None


class Annotation(Strict):
    """An entity that is looked up before the first step and placed into what steps see.

    It is looked up once every one of ``required_fields`` has a value; ``target_path`` is dotted.
    """

    entity_type: Name
    required_fields: dict[str, Value] = Field(default_factory=dict)
    relations: tuple[PathText, ...] = ()
    target_path: PathText


class Policy(Strict):
    """The limits of an execution: it expires ``expires_after_s`` after its start.

    A caller that names an expiry must keep within ``expiry_min_s`` and ``expiry_max_s``.
    """

    expires_after_s: Duration | None = None
    expiry_min_s: Duration | None = None
    expiry_max_s: Duration | None = None


DIALECT_POLICIES = {
    Dialect.TRANSACTIONLINK: Policy(
        expires_after_s=3_600.0, expiry_min_s=1_800.0, expiry_max_s=30 * DAY_S
    )
}
"""What a dialect says of expiry where its workflow does not."""


class Scope(Strict):
    """Whose it is, in the words of the system it came from."""

    org_id: Name | None = None
    team_id: Name | None = None
    workspace_id: Name | None = None


class RunAs(Strict):
    """In whose name it runs, in the words of the system it came from."""

    authorization_id: Name | None = None
    executing_agent: Name | None = None


class Definition(Strict):
    """What an author writes: the part of a workflow that a new version replaces.

    Without any edge or dependency, steps run one after another as written; with one, a step
    without incoming edges starts at once.
    """

    name: Name
    key: Name | None = None
    description: Text | None = None
    kind: Name | None = None
    subkind: Name | None = None
    scope: Scope | None = None
    run_as: RunAs | None = None
    triggers: tuple[Trigger, ...] = ()
    filters: Any = None
    run_if: str | None = None
    annotations: Annotated[tuple[Annotation, ...], Field(max_length=20)] = ()
    steps: tuple[Step, ...] = ()
    edges: tuple[Edge, ...] = ()
    result: Value | None = None
    input_schema: dict[str, Any] | bool | None = None
    policy: Policy = Policy()
    metadata: dict[str, Any] | None = None
    ext: dict[str, Any] | None = None

    @property
    def event_names(self) -> tuple[str, ...]:
        """The events that start it."""
        return tuple(
            trigger.event_name
            for trigger in self.triggers
            if trigger.kind is TriggerKind.EVENT and trigger.event_name is not None
        )


class Workflow(Strict):
    """A registered workflow in one version. ``source`` is the request as it was sent."""

    id: UUID
    environment_id: UUID
    version: int = Field(ge=1)
    dialect: Dialect
    lifecycle: Lifecycle
    is_active: bool
    definition: Definition
    source: Any
    created_at: datetime
    updated_at: datetime

    @property
    def is_matched(self) -> bool:
        """Whether events may start it."""
        return self.is_active and self.lifecycle is Lifecycle.READY

    @property
    def policy(self) -> Policy:
        """Its own limits, or else those of its dialect."""
        own = self.definition.policy
        return own if own != Policy() else DIALECT_POLICIES.get(self.dialect, own)

    @property
    def revision(self) -> str:
        """A hash of the definition: the same content has the same."""
        return hashlib.sha256(self.definition.model_dump_json().encode()).hexdigest()[:16]
