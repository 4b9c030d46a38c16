"""A workflow, as registered: the canonical form that every dialect is compiled into.

The models are frozen and strict: they also read what the database and the bus hold.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

Name = Annotated[str, Field(min_length=1, max_length=256)]


class Strict(BaseModel):
    """A frozen value from outside; unknown fields are errors, nothing is coerced."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Dialect(StrEnum):
    """Whose words a definition is written in; it decides the scope of its expressions."""

    NATIVE = "native"
    TRUTO = "truto"


class Lifecycle(StrEnum):
    """A draft is kept but never matched: something still keeps it from running."""

    DRAFT = "draft"
    READY = "ready"


class Lang(StrEnum):
    """How a value is written."""

    LITERAL = "literal"
    JSONATA = "jsonata"
    PLACEHOLDER = "placeholder"


class Value(Strict):
    """A step's input: a literal tree, a tree with ``{{placeholders}}``, or a JSONata text."""

    lang: Lang = Lang.LITERAL
    src: Any = None


class Trigger(Strict):
    """What starts a workflow: an event by name, exact or with a trailing ``*``."""

    kind: Literal["event"] = "event"
    event_name: Name


class Retry(Strict):
    """When a failed step is tried again.

    The wait before attempt n+1 is ``initial_interval_s · backoff^(n-1)``, at most
    ``max_interval_s``, of which the share ``jitter`` is chance.
    """

    max_attempts: int = Field(default=3, ge=1, le=20)
    initial_interval_s: float = Field(default=1.0, ge=0.0, le=86_400)
    backoff: float = Field(default=2.0, ge=1.0, le=10.0)
    max_interval_s: float = Field(default=60.0, gt=0.0, le=86_400)
    jitter: float = Field(default=0.5, ge=0.0, le=1.0)


class OnFailure(StrEnum):
    """What a step that failed for good does to its execution."""

    ABORT = "abort"
    CONTINUE = "continue"


class Step(Strict):
    """One step. ``id`` is unique in its workflow; ``depends_on`` names steps that come first."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
    name: str | None = Field(default=None, max_length=256)
    action: Name
    input: Value = Value()
    run_if: str | None = None
    depends_on: tuple[str, ...] = ()
    retry: Retry = Retry()
    timeout_s: float = Field(default=30.0, gt=0.0, le=3_600.0)
    on_failure: OnFailure = OnFailure.ABORT


class Definition(Strict):
    """What an author writes: the part of a workflow that a new version replaces."""

    name: Name
    description: str | None = Field(default=None, max_length=4_096)
    triggers: tuple[Trigger, ...] = ()
    filters: Any = None
    run_if: str | None = None
    steps: tuple[Step, ...] = ()


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
