"""The native routes of workflows.

Made by ``make client``.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.client.asked import Asked, body_of, path_of, query_of
from shared.wire.documents.dry_runs import DryRunDocument
from shared.wire.documents.executions import FinishedDocument, StartedDocument
from shared.wire.documents.lint import FindingsDocument
from shared.wire.documents.parts import Page
from shared.wire.documents.versions import ComparisonDocument, VersionDocument
from shared.wire.documents.what_if import WhatIfDocument
from shared.wire.documents.workflows import ValidityDocument, WorkflowDocument


def create(
    document: Mapping[str, Any],
    *,
    environment_id: UUID | str | None = None,
    lint: int | None = None,
) -> Asked[WorkflowDocument]:
    """201 with the workflow; 200 when the same was created before."""
    return Asked(
        method="POST",
        path="v1/workflows",
        query=query_of(environment_id=environment_id, lint=lint),
        body=document,
    )


def list_(
    *,
    environment_id: UUID | str | None = None,
    limit: int | None = None,
    cursor: str | None = None,
    trigger: str | None = None,
    lifecycle: str | None = None,
) -> Asked[Page[WorkflowDocument]]:
    """A page in the order of creation."""
    return Asked(
        method="GET",
        path="v1/workflows",
        query=query_of(
            environment_id=environment_id,
            limit=limit,
            cursor=cursor,
            trigger=trigger,
            lifecycle=lifecycle,
        ),
    )


def get(
    id_: UUID | str, *, environment_id: UUID | str | None = None, version: int | None = None
) -> Asked[WorkflowDocument | None]:
    """The current version, or ``?version=``."""
    return Asked(
        method="GET",
        path=path_of("v1/workflows/{id}", id_),
        query=query_of(environment_id=environment_id, version=version),
    )


def replace(
    id_: UUID | str,
    document: Mapping[str, Any],
    *,
    environment_id: UUID | str | None = None,
    lint: int | None = None,
) -> Asked[WorkflowDocument]:
    """200 with the workflow; 201 when there was none."""
    return Asked(
        method="PUT",
        path=path_of("v1/workflows/{id}", id_),
        query=query_of(environment_id=environment_id, lint=lint),
        body=document,
    )


def delete(id_: UUID | str, *, environment_id: UUID | str | None = None) -> Asked[None]:
    """204; nothing starts it any more."""
    return Asked(
        method="DELETE",
        path=path_of("v1/workflows/{id}", id_),
        query=query_of(environment_id=environment_id),
    )


def validate(
    document: Mapping[str, Any], *, environment_id: UUID | str | None = None
) -> Asked[ValidityDocument]:
    """200 with every problem that keeps the document from running; nothing is kept.

    Each has its place in the document, also in one in the words of another system.
    """
    return Asked(
        method="POST",
        path="v1/workflows/validate",
        query=query_of(environment_id=environment_id),
        body=document,
    )


def activate(
    id_: UUID | str, *, environment_id: UUID | str | None = None
) -> Asked[WorkflowDocument]:
    """200 with the workflow, which events may start from now on; 422 for an unfinished draft."""
    return Asked(
        method="POST",
        path=path_of("v1/workflows/{id}/activate", id_),
        query=query_of(environment_id=environment_id),
    )


def deactivate(
    id_: UUID | str, *, environment_id: UUID | str | None = None
) -> Asked[WorkflowDocument]:
    """200 with the workflow, which no event starts from now on."""
    return Asked(
        method="POST",
        path=path_of("v1/workflows/{id}/deactivate", id_),
        query=query_of(environment_id=environment_id),
    )


def archive(
    id_: UUID | str, *, environment_id: UUID | str | None = None
) -> Asked[WorkflowDocument]:
    """200 with the workflow, which nothing starts from now on, and no list shows unasked."""
    return Asked(
        method="POST",
        path=path_of("v1/workflows/{id}/archive", id_),
        query=query_of(environment_id=environment_id),
    )


def unarchive(
    id_: UUID | str, *, environment_id: UUID | str | None = None
) -> Asked[WorkflowDocument]:
    """200 with the workflow, which is back, and inactive."""
    return Asked(
        method="POST",
        path=path_of("v1/workflows/{id}/unarchive", id_),
        query=query_of(environment_id=environment_id),
    )


def rotate(
    id_: UUID | str, trigger_id: str, *, environment_id: UUID | str | None = None
) -> Asked[WorkflowDocument]:
    """200 with the workflow and the new address of a webhook; the old one is nobody's."""
    return Asked(
        method="POST",
        path=path_of("v1/workflows/{id}/triggers/{trigger_id}/rotate", id_, trigger_id),
        query=query_of(environment_id=environment_id),
    )


def lint(
    document: Mapping[str, Any],
    *,
    environment_id: UUID | str | None = None,
    events: int | None = None,
) -> Asked[FindingsDocument]:
    """200 with everything found, at its place in the document; nothing is kept.

    What is found by past events tells of their payloads: to ask for it takes the scope 'payloads'.
    """
    return Asked(
        method="POST",
        path="v1/workflows/lint",
        query=query_of(environment_id=environment_id, events=events),
        body=document,
    )


def foresee_document(
    document: Mapping[str, Any], *, environment_id: UUID | str | None = None
) -> Asked[DryRunDocument]:
    """What the event would do if the document were registered."""
    return Asked(
        method="POST",
        path="v1/workflows/dry-run",
        query=query_of(environment_id=environment_id),
        body=document,
    )


def foresee(
    id_: UUID | str, document: Mapping[str, Any], *, environment_id: UUID | str | None = None
) -> Asked[DryRunDocument]:
    """What the event would do to the workflow, or if the document took its place."""
    return Asked(
        method="POST",
        path=path_of("v1/workflows/{id}/dry-run", id_),
        query=query_of(environment_id=environment_id),
        body=document,
    )


def list_versions(
    id_: UUID | str,
    *,
    environment_id: UUID | str | None = None,
    limit: int | None = None,
    cursor: int | None = None,
) -> Asked[Page[VersionDocument]]:
    """A page of a workflow's versions, the latest first, with what each changed."""
    return Asked(
        method="GET",
        path=path_of("v1/workflows/{id}/versions", id_),
        query=query_of(environment_id=environment_id, limit=limit, cursor=cursor),
    )


def diff(
    id_: UUID | str,
    *,
    environment_id: UUID | str | None = None,
    from_: int | None = None,
    to: int | None = None,
) -> Asked[ComparisonDocument]:
    """What differs between two versions."""
    return Asked(
        method="GET",
        path=path_of("v1/workflows/{id}/diff", id_),
        query=query_of(environment_id=environment_id, from_=from_, to=to),
    )


def diff_document(
    id_: UUID | str, document: Mapping[str, Any], *, environment_id: UUID | str | None = None
) -> Asked[ComparisonDocument]:
    """What would differ if the workflow were replaced by this document; nothing is kept."""
    return Asked(
        method="POST",
        path=path_of("v1/workflows/{id}/diff", id_),
        query=query_of(environment_id=environment_id),
        body=document,
    )


def ask(
    id_: UUID | str, document: Mapping[str, Any], *, environment_id: UUID | str | None = None
) -> Asked[WhatIfDocument]:
    """What the latest events would do if the document took the workflow's place.

    They are decided on by the current version and by the document; nothing is done and nothing
    kept. Whoever asks learns what payloads hold, and so must be allowed to see them. Ask on with
    ``next_cursor`` until it is null.
    """
    return Asked(
        method="POST",
        path=path_of("v1/workflows/{id}/what-if", id_),
        query=query_of(environment_id=environment_id),
        body=document,
    )


def start(
    id_: UUID | str,
    *,
    parameters: Mapping[str, Any] | None = None,
    overrides: Mapping[str, Any] | None = None,
    locale: str | None = None,
    record_id: str | None = None,
    execution_type: str | None = None,
    origin: str | None = None,
    ui_options: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
    idempotency_key: str | None = None,
    force: bool | None = None,
    expires_at: datetime | None = None,
    expires_after_s: float | None = None,
    payload: Any = None,
    environment_id: UUID | str | None = None,
) -> Asked[FinishedDocument | StartedDocument]:
    """202 with the execution that was started by hand, or 200 with its result.

    The result is waited for where a trigger of the workflow says ``api_sync``, or the caller
    prefers it (``Prefer: wait=10``), as long as the workflow's policy lets it.
    """
    return Asked(
        method="POST",
        path=path_of("v1/workflows/{id}/executions", id_),
        query=query_of(environment_id=environment_id),
        body=body_of(
            parameters=parameters,
            overrides=overrides,
            locale=locale,
            record_id=record_id,
            execution_type=execution_type,
            origin=origin,
            ui_options=ui_options,
            metadata=metadata,
            idempotency_key=idempotency_key,
            force=force,
            expires_at=expires_at,
            expires_after_s=expires_after_s,
            payload=payload,
        ),
    )
