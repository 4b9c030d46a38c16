"""A workflow, as registered: the canonical form that every dialect is compiled into.

The models are frozen and strict: they also read what the database and the bus hold.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from operator import not_
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from shared.domain.schedules import Schedule
from shared.domain.steps import Edge, Step, StepName
from shared.domain.values import DAY_S, Duration, Name, Strict, Text, Value
from shared.domain.webhooks import KeptHeaders, WebhookAuth

SYNC_S_MAX = 600.0
"""Nobody is kept waiting longer for an answer."""

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
    """A draft is kept but never matched: something still keeps it from running.

    What is archived is kept out of sight: nothing starts it, and its history stays.
    """

    DRAFT = "draft"
    READY = "ready"
    ARCHIVED = "archived"


class TriggerKind(StrEnum):
    """What starts a workflow beside a person or program asking for it.

    ``api_sync``: who asks for it also waits for its result. A workflow with no trigger but
    ``subflow`` is started by other workflows only.
    """

    EVENT = "event"
    SCHEDULE = "schedule"
    WEBHOOK = "webhook"
    MANUAL = "manual"
    API_SYNC = "api_sync"
    WORKFLOW = "workflow"
    SUBFLOW = "subflow"


class Webhook(Strict):
    """An address of its own, ending with a token; only the token's SHA-256 is kept, in hex.

    ``keep_raw``: the event's payload also has the body as it came; ``keep_headers``: and these
    headers.
    """

    token_hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    auth: WebhookAuth | None = None
    # Left out while they say nothing: a definition stays as it was before there were the fields.
    keep_raw: bool = Field(default=False, exclude_if=not_)
    keep_headers: KeptHeaders = Field(default=(), exclude_if=not_)


class Trigger(Strict):
    """An event by name, exact or with a trailing ``*``; a schedule; a person; another workflow.

    An event may be named by the ``event_uid`` of its registered type, or what that is registered
    as: the name of its events is then found when the workflow is saved.
    """

    id: StepName | None = None
    kind: TriggerKind = TriggerKind.EVENT
    event_name: Name | None = None
    event_uid: Name | None = None
    schedule: Schedule | None = None
    webhook: Webhook | None = None
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

    A caller that names an expiry must keep within ``expiry_min_s`` and ``expiry_max_s``. One that
    waits for the result is answered within ``max_sync_s``, with it or without. At most
    ``concurrency_max`` of the executions whose ``concurrency_key`` comes to the same run at a time;
    one whose key comes to null runs at once.
    """

    expires_after_s: Duration | None = None
    expiry_min_s: Duration | None = None
    expiry_max_s: Duration | None = None
    max_sync_s: Annotated[float, Field(gt=0.0, le=SYNC_S_MAX)] = 30.0
    concurrency_key: Value | None = None
    concurrency_max: int = Field(default=1, ge=1, le=1_000)

    @property
    def names_expiry(self) -> bool:
        """Whether it says anything of when an execution expires."""
        said = (self.expires_after_s, self.expiry_min_s, self.expiry_max_s)
        return any(one is not None for one in said)


DIALECT_POLICIES = {
    Dialect.TRANSACTIONLINK: Policy(
        expires_after_s=3_600.0, expiry_min_s=1_800.0, expiry_max_s=30 * DAY_S
    )
}
"""What a dialect says of expiry where its workflow does not."""


class Owner(Strict):
    """Whose it is, in the words of the system it came from."""

    org_id: Name | None = None
    team_id: Name | None = None
    workspace_id: Name | None = None


class RunAs(Strict):
    """In whose name it runs, in the words of the system it came from."""

    authorization_id: Name | None = None
    executing_agent: Name | None = None


@dataclass(slots=True, kw_only=True)
class Conditions:
    """What decides whether an event starts a workflow in one version: all that matchers know.

    ``annotated``: the paths at which an annotation places what it looks up.

    No model: whoever matches reads a hundred thousand of them, and they were checked when saved.
    """

    workflow_id: UUID
    version: int
    environment_id: UUID
    dialect: Dialect
    is_matched: bool
    is_quarantined: bool
    name: str
    event_names: tuple[str, ...]
    filters: Any
    run_if: str | None
    annotated: tuple[str, ...]


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
    scope: Owner | None = None
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
    def named_triggers(self) -> tuple[tuple[str, Trigger], ...]:
        """Its triggers, each with its id or, where it has none, ``t`` and its place from 0."""
        return tuple((t.id or f"t{index}", t) for index, t in enumerate(self.triggers))

    @property
    def is_subflow(self) -> bool:
        """Whether other workflows alone may start it."""
        kinds = {trigger.kind for trigger in self.triggers}
        return kinds == {TriggerKind.SUBFLOW}

    @property
    def event_names(self) -> tuple[str, ...]:
        """The events that start it."""
        return tuple(
            trigger.event_name
            for trigger in self.triggers
            if trigger.kind is TriggerKind.EVENT and trigger.event_name is not None
        )


class Workflow(Strict):
    """A registered workflow in one version. ``source`` is the request as it was sent.

    ``created_by`` is who sent the first one; None: that was not kept. ``is_quarantined``: its
    conditions kept exceeding their bounds, and no event starts it until it is changed or activated.
    """

    id: UUID
    environment_id: UUID
    version: int = Field(ge=1)
    dialect: Dialect
    lifecycle: Lifecycle
    is_active: bool
    definition: Definition
    source: Any
    created_by: Name | None = None
    created_at: datetime
    updated_at: datetime
    is_quarantined: bool = False

    @property
    def is_matched(self) -> bool:
        """Whether events may start it."""
        return self.is_active and self.lifecycle is Lifecycle.READY

    @property
    def conditions(self) -> Conditions:
        """What decides whether an event starts it."""
        definition = self.definition
        return Conditions(
            workflow_id=self.id,
            version=self.version,
            environment_id=self.environment_id,
            dialect=self.dialect,
            is_matched=self.is_matched,
            is_quarantined=self.is_quarantined,
            name=definition.name,
            event_names=definition.event_names,
            filters=definition.filters,
            run_if=definition.run_if,
            annotated=tuple(each.target_path for each in definition.annotations),
        )

    @property
    def policy(self) -> Policy:
        """Its own limits; what it does not say of expiry its dialect does."""
        own, usual = self.definition.policy, DIALECT_POLICIES.get(self.dialect)
        if usual is None or own.names_expiry:
            return own
        return own.model_copy(update=usual.model_dump(exclude_unset=True))

    @property
    def revision(self) -> str:
        """A hash of the definition: the same content has the same."""
        return hashlib.sha256(self.definition.model_dump_json().encode()).hexdigest()[:16]
