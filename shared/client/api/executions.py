"""The native routes that show executions.

Made by ``make client``.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.client.asked import Asked, body_of, path_of, query_of
from shared.client.server_sent import Stream
from shared.wire.documents.bulk import BulkDocument
from shared.wire.documents.executions import (
    ExecutionDetail,
    ExecutionDocument,
    RepeatedDocument,
    ResultDocument,
)
from shared.wire.documents.parts import SearchPage
from shared.wire.documents.waits import RulingDocument


def list_(
    *,
    environment_id: UUID | str | None = None,
    limit: int | None = None,
    cursor: str | None = None,
    workflow_id: UUID | str | None = None,
    event_key: UUID | str | None = None,
    parent_id: UUID | str | None = None,
    root_event_key: UUID | str | None = None,
    status: str | None = None,
    from_: datetime | None = None,
    to: datetime | None = None,
    finished_from: datetime | None = None,
    finished_to: datetime | None = None,
    event_type: str | None = None,
    input_: str | None = None,
    output: str | None = None,
) -> Asked[SearchPage[ExecutionDocument]]:
    """A page of executions, the latest first; ``from`` and ``to`` bound their creation."""
    return Asked(
        method="GET",
        path="v1/executions",
        query=query_of(
            environment_id=environment_id,
            limit=limit,
            cursor=cursor,
            workflow_id=workflow_id,
            event_key=event_key,
            parent_id=parent_id,
            root_event_key=root_event_key,
            status=status,
            from_=from_,
            to=to,
            finished_from=finished_from,
            finished_to=finished_to,
            event_type=event_type,
            input_=input_,
            output=output,
        ),
    )


def get(
    id_: UUID | str, *, environment_id: UUID | str | None = None, after: int | None = None
) -> Asked[ExecutionDetail]:
    """The execution with its phases and attempts in order, after the position ``?after=``.

    Its progress also says what it is at now, on the first page of a long log and on the last.
    """
    return Asked(
        method="GET",
        path=path_of("v1/executions/{id}", id_),
        query=query_of(environment_id=environment_id, after=after),
    )


def result(
    id_: UUID | str, *, environment_id: UUID | str | None = None, wait_s: int | None = None
) -> Asked[ResultDocument]:
    """200 with the result as soon as it is there, waiting for it up to ``?wait_s=`` seconds.

    404 RESULT_NOT_READY while it is not, 409 NO_RESULT when there will be none. An execution that
    is not there may be about to start, and is waited for as well.
    """
    return Asked(
        method="GET",
        path=path_of("v1/executions/{id}/result", id_),
        query=query_of(environment_id=environment_id, wait_s=wait_s),
    )


def bulk(
    *,
    do: str,
    where: Mapping[str, Any] | None = None,
    ids: Sequence[UUID | str] | None = None,
    reason: str | None = None,
    bulk_id: UUID | str | None = None,
    preview: bool | None = None,
    limit: int | None = None,
    cursor: str | None = None,
    environment_id: UUID | str | None = None,
) -> Asked[BulkDocument]:
    """Cancel, suspend, resume, retry or rerun the executions that are meant, or only count them.

    Each is done as by its own route; what cannot be done is left, and counted by the reason. Ask on
    with ``next_cursor`` until it is null.
    """
    return Asked(
        method="POST",
        path="v1/executions/bulk",
        query=query_of(environment_id=environment_id),
        body=body_of(
            do=do,
            where=where,
            ids=ids,
            reason=reason,
            bulk_id=bulk_id,
            preview=preview,
            limit=limit,
            cursor=cursor,
        ),
    )


def cancel(
    id_: UUID | str, *, reason: str | None = None, environment_id: UUID | str | None = None
) -> Asked[ExecutionDocument]:
    """The execution as it stood before; it ends soon after."""
    return Asked(
        method="POST",
        path=path_of("v1/executions/{id}/cancel", id_),
        query=query_of(environment_id=environment_id),
        body=body_of(reason=reason),
    )


def suspend(
    id_: UUID | str, *, environment_id: UUID | str | None = None
) -> Asked[ExecutionDocument]:
    """The execution as it stood before; no further step of it starts until it is resumed."""
    return Asked(
        method="POST",
        path=path_of("v1/executions/{id}/suspend", id_),
        query=query_of(environment_id=environment_id),
    )


def resume(
    id_: UUID | str, *, environment_id: UUID | str | None = None
) -> Asked[ExecutionDocument]:
    """The execution as it stood before; it goes on."""
    return Asked(
        method="POST",
        path=path_of("v1/executions/{id}/resume", id_),
        query=query_of(environment_id=environment_id),
    )


def rerun(
    id_: UUID | str,
    *,
    expires_at: datetime | None = None,
    expires_after_s: float | None = None,
    environment_id: UUID | str | None = None,
) -> Asked[RepeatedDocument]:
    """The new execution, which does everything again."""
    return Asked(
        method="POST",
        path=path_of("v1/executions/{id}/rerun", id_),
        query=query_of(environment_id=environment_id),
        body=body_of(expires_at=expires_at, expires_after_s=expires_after_s),
    )


def retry(
    id_: UUID | str,
    *,
    expires_at: datetime | None = None,
    expires_after_s: float | None = None,
    environment_id: UUID | str | None = None,
) -> Asked[RepeatedDocument]:
    """The new execution, which goes on where the other failed."""
    return Asked(
        method="POST",
        path=path_of("v1/executions/{id}/retry", id_),
        query=query_of(environment_id=environment_id),
        body=body_of(expires_at=expires_at, expires_after_s=expires_after_s),
    )


def resume_from(
    id_: UUID | str,
    step_id: str,
    *,
    expires_at: datetime | None = None,
    expires_after_s: float | None = None,
    environment_id: UUID | str | None = None,
) -> Asked[RepeatedDocument]:
    """The new execution, which does again what the other did from a step on."""
    return Asked(
        method="POST",
        path=path_of("v1/executions/{id}/resume-from/{step_id}", id_, step_id),
        query=query_of(environment_id=environment_id),
        body=body_of(expires_at=expires_at, expires_after_s=expires_after_s),
    )


def live(
    id_: UUID | str, *, environment_id: UUID | str | None = None, after: int | None = None
) -> Asked[Stream]:
    """The log of an execution as it grows: events ``entry``, and ``end`` once it has ended.

    An event's id is its position, after which ``Last-Event-ID`` or ``?after=`` goes on.
    """
    return Asked(
        method="GET",
        path=path_of("v1/executions/{id}/live", id_),
        query=query_of(environment_id=environment_id, after=after),
    )


def decision(
    id_: UUID | str,
    step_id: str,
    *,
    decision: str,
    by: str,
    comment: str | None = None,
    decision_id: str | None = None,
    environment_id: UUID | str | None = None,
) -> Asked[RulingDocument]:
    """200 with whether this decision is the one that counts; 202 while that is not known."""
    return Asked(
        method="POST",
        path=path_of("v1/executions/{id}/steps/{step_id}/decision", id_, step_id),
        query=query_of(environment_id=environment_id),
        body=body_of(decision=decision, by=by, comment=comment, decision_id=decision_id),
    )


def submission(
    id_: UUID | str,
    step_id: str,
    *,
    data: Any,
    by: str,
    button: str | None = None,
    decision_id: str | None = None,
    environment_id: UUID | str | None = None,
) -> Asked[RulingDocument]:
    """200 with whether this is the submission that counts; 202 while that is not known."""
    return Asked(
        method="POST",
        path=path_of("v1/executions/{id}/steps/{step_id}/submission", id_, step_id),
        query=query_of(environment_id=environment_id),
        body=body_of(data=data, by=by, button=button, decision_id=decision_id),
    )
