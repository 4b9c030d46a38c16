"""The native routes of schedules: when workflows and steps are due, pausing, and making up.

Made by ``make client``.
"""

from datetime import datetime
from uuid import UUID

from shared.client.asked import Asked, body_of, path_of, query_of
from shared.wire.documents.parts import Page
from shared.wire.documents.schedules import BackfillDocument, DueTimesDocument, ScheduleDocument


def list_(
    *,
    environment_id: UUID | str | None = None,
    limit: int | None = None,
    cursor: str | None = None,
    workflow_id: UUID | str | None = None,
    execution_id: UUID | str | None = None,
) -> Asked[Page[ScheduleDocument]]:
    """A page in the order in which they are due."""
    return Asked(
        method="GET",
        path="v1/schedules",
        query=query_of(
            environment_id=environment_id,
            limit=limit,
            cursor=cursor,
            workflow_id=workflow_id,
            execution_id=execution_id,
        ),
    )


def preview(
    *,
    kind: str,
    value: str | None = None,
    timezone: str | None = None,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    jitter_s: float | None = None,
    catch_up: str | None = None,
    catch_up_max: int | None = None,
    overlap: str | None = None,
    environment_id: UUID | str | None = None,
    count: int | None = None,
) -> Asked[DueTimesDocument]:
    """The next times at which a schedule would be due that is not saved."""
    return Asked(
        method="POST",
        path="v1/schedules/preview",
        query=query_of(environment_id=environment_id, count=count),
        body=body_of(
            kind=kind,
            value=value,
            timezone=timezone,
            starts_at=starts_at,
            ends_at=ends_at,
            jitter_s=jitter_s,
            catch_up=catch_up,
            catch_up_max=catch_up_max,
            overlap=overlap,
        ),
    )


def get(id_: UUID | str, *, environment_id: UUID | str | None = None) -> Asked[ScheduleDocument]:
    """One schedule."""
    return Asked(
        method="GET",
        path=path_of("v1/schedules/{id}", id_),
        query=query_of(environment_id=environment_id),
    )


def upcoming(
    id_: UUID | str, *, environment_id: UUID | str | None = None, count: int | None = None
) -> Asked[DueTimesDocument]:
    """The next times at which it is due; a pause leaves them as they are."""
    return Asked(
        method="GET",
        path=path_of("v1/schedules/{id}/next", id_),
        query=query_of(environment_id=environment_id, count=count),
    )


def pause(
    id_: UUID | str, *, note: str | None = None, environment_id: UUID | str | None = None
) -> Asked[ScheduleDocument]:
    """Nothing starts until it is resumed; what runs goes on. Once more replaces the note."""
    return Asked(
        method="POST",
        path=path_of("v1/schedules/{id}/pause", id_),
        query=query_of(environment_id=environment_id),
        body=body_of(note=note),
    )


def resume(id_: UUID | str, *, environment_id: UUID | str | None = None) -> Asked[ScheduleDocument]:
    """It is due again from now on; what fell due meanwhile is left to a backfill."""
    return Asked(
        method="POST",
        path=path_of("v1/schedules/{id}/resume", id_),
        query=query_of(environment_id=environment_id),
    )


def backfill(
    id_: UUID | str,
    *,
    from_: datetime,
    to: datetime | None = None,
    preview: bool | None = None,
    environment_id: UUID | str | None = None,
) -> Asked[BackfillDocument]:
    """The times of a span: those that never started do now, unless this is a preview."""
    return Asked(
        method="POST",
        path=path_of("v1/schedules/{id}/backfill", id_),
        query=query_of(environment_id=environment_id),
        body=body_of(from_=from_, to=to, preview=preview),
    )


def delete(id_: UUID | str, *, environment_id: UUID | str | None = None) -> Asked[None]:
    """204; what it has started goes on. 409 for a schedule of a workflow itself."""
    return Asked(
        method="DELETE",
        path=path_of("v1/schedules/{id}", id_),
        query=query_of(environment_id=environment_id),
    )
