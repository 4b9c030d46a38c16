"""Versions of workflows and what differs between them, as they are shown."""

from typing import Annotated, Any, Literal

from pydantic import Field
from typing_extensions import TypedDict

from shared.domain.differences import DifferenceKind
from shared.domain.workflows import Dialect, Lifecycle
from shared.wire.documents.parts import Id, Time


class ChangesDocument(TypedDict):
    """Steps by their ids, or triggers by their ids or events."""

    added: list[str]
    removed: list[str]
    changed: list[str]


class SummaryDocument(TypedDict):
    """What differs, in short."""

    steps: ChangesDocument
    triggers: ChangesDocument
    others: Annotated[list[str], Field(description="Other fields of the workflow.")]


class VersionDocument(TypedDict):
    """A version of a workflow, and what it changed."""

    version: int
    revision: Annotated[str, Field(description="The same for the same content.")]
    dialect: Dialect
    lifecycle: Lifecycle
    name: str
    created_at: Time
    created_by: Annotated[str | None, Field(description="null: that was not noted.")]
    changes: Annotated[
        SummaryDocument | None, Field(description="Since the version before; null: the first.")
    ]


class DifferenceDocument(TypedDict):
    """One place at which two definitions differ."""

    pointer: Annotated[
        str,
        Field(description="Into the later definition; for what is removed into the earlier one."),
    ]
    kind: DifferenceKind
    name: Annotated[
        str | None, Field(description="The step, trigger, edge or annotation; null: none of them.")
    ]
    before: Any
    after: Any


Touched = Annotated[
    Literal["untouched"],
    Field(description="Versions never change: what runs goes on in the one it began with."),
]


class ComparisonDocument(TypedDict):
    """Two versions, or a version and a document, compared."""

    workflow_id: Id
    from_version: int
    to_version: Annotated[int | None, Field(description="null: the document that was sent.")]
    is_same: bool
    summary: SummaryDocument
    differences: list[DifferenceDocument]
    running_executions: Touched
