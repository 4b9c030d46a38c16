"""Workflows, as they are shown."""

from typing import Annotated, Any, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from shared.domain.steps import Edge, Step
from shared.domain.values import Value
from shared.domain.workflows import (
    Annotation,
    Dialect,
    Lifecycle,
    Owner,
    Policy,
    RunAs,
    Trigger,
)
from shared.wire.documents.lint import FindingDocument
from shared.wire.documents.parts import Id, ProblemDocument, Time, json_of


class DefinitionDocument(TypedDict):
    """What an author writes: a definition as JSON, each of its fields said."""

    name: str
    key: str | None
    description: str | None
    kind: str | None
    subkind: str | None
    scope: Annotated[Any, json_of(Owner | None)]
    run_as: Annotated[Any, json_of(RunAs | None)]
    triggers: Annotated[list[Any], json_of(list[Trigger])]
    filters: Any
    run_if: str | None
    annotations: Annotated[list[Any], json_of(list[Annotation])]
    steps: Annotated[list[Any], json_of(list[Step])]
    edges: Annotated[list[Any], json_of(list[Edge])]
    result: Annotated[Any, json_of(Value | None)]
    input_schema: dict[str, Any] | bool | None
    policy: Annotated[dict[str, Any], json_of(Policy)]
    metadata: dict[str, Any] | None
    ext: dict[str, Any] | None


class RegisteredDocument(DefinitionDocument):
    """A workflow in one version."""

    id: Id
    environment_id: Id
    version: int
    dialect: Dialect
    lifecycle: Lifecycle
    is_active: bool
    draft: bool
    created_by: Annotated[str | None, Field(description="null: that was not kept.")]
    created_at: Time
    updated_at: Time
    problems: NotRequired[
        Annotated[list[ProblemDocument], Field(description="Why a draft cannot run yet.")]
    ]


class QuarantineDocument(TypedDict):
    """Why no event starts a workflow until it is changed or activated."""

    since: Time
    code: Annotated[
        str, Field(description="The bound that it exceeded last: U1001, U1006, D1011 or D1012.")
    ]
    event_key: Annotated[Id, Field(description="The event by which it did.")]


class WorkflowDocument(RegisteredDocument):
    """A workflow, and when it runs."""

    last_run_at: Annotated[Time | None, Field(description="When it was last started.")]
    next_run_at: Annotated[Time | None, Field(description="When a schedule starts it next.")]
    webhook_url: Annotated[
        str | None,
        Field(description="The first of 'webhook_urls'; null unless addresses were just made."),
    ]
    quarantine: Annotated[
        QuarantineDocument | None,
        Field(description="null unless its conditions have kept exceeding their bounds."),
    ]
    webhook_urls: NotRequired[
        Annotated[
            dict[str, str],
            Field(description="The addresses just made, by trigger; they are told this once."),
        ]
    ]
    findings: NotRequired[
        Annotated[
            list[FindingDocument],
            Field(description="What is odd about it, the gravest first, where it was asked for."),
        ]
    ]


class ValidityDocument(TypedDict):
    """What a workflow would be refused for."""

    valid: bool
    problems: list[ProblemDocument]
