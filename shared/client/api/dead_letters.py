"""The native routes of dead letters: what could not be used, to be tried again or let go.

Made by ``make client``.
"""

from datetime import datetime
from uuid import UUID

from shared.client.asked import Asked, body_of, path_of, query_of
from shared.wire.documents.dead_letters import LetterDocument, LettersDocument, WholeLetterDocument
from shared.wire.documents.parts import Page


def list_(
    *,
    environment_id: UUID | str | None = None,
    limit: int | None = None,
    cursor: str | None = None,
    from_: datetime | None = None,
    to: datetime | None = None,
    reason: str | None = None,
    topic: str | None = None,
) -> Asked[Page[LetterDocument]]:
    """A page of dead letters, the latest first; of each environment the last 10,000 are kept."""
    return Asked(
        method="GET",
        path="v1/dead-letters",
        query=query_of(
            environment_id=environment_id,
            limit=limit,
            cursor=cursor,
            from_=from_,
            to=to,
            reason=reason,
            topic=topic,
        ),
    )


def retry_many(
    *,
    reason: str | None = None,
    topic: str | None = None,
    from_: datetime | None = None,
    to: datetime | None = None,
    limit: int | None = None,
    preview: bool | None = None,
    environment_id: UUID | str | None = None,
) -> Asked[LettersDocument]:
    """Publish the records of many letters again, the latest first; or only say how many."""
    return Asked(
        method="POST",
        path="v1/dead-letters/retry",
        query=query_of(environment_id=environment_id),
        body=body_of(reason=reason, topic=topic, from_=from_, to=to, limit=limit, preview=preview),
    )


def discard_many(
    *,
    reason: str | None = None,
    topic: str | None = None,
    from_: datetime | None = None,
    to: datetime | None = None,
    limit: int | None = None,
    preview: bool | None = None,
    environment_id: UUID | str | None = None,
) -> Asked[LettersDocument]:
    """Let many letters go, the latest first; or only say how many."""
    return Asked(
        method="POST",
        path="v1/dead-letters/discard",
        query=query_of(environment_id=environment_id),
        body=body_of(reason=reason, topic=topic, from_=from_, to=to, limit=limit, preview=preview),
    )


def get(id_: UUID | str, *, environment_id: UUID | str | None = None) -> Asked[WholeLetterDocument]:
    """A dead letter with what its record held, as far as that was kept."""
    return Asked(
        method="GET",
        path=path_of("v1/dead-letters/{id}", id_),
        query=query_of(environment_id=environment_id),
    )


def retry(id_: UUID | str, *, environment_id: UUID | str | None = None) -> Asked[LetterDocument]:
    """Publish the record again, where it stood.

    202 once it is durable; the letter is gone. If the record still cannot be used it becomes
    another letter. 409 for one that was too large to be kept whole.
    """
    return Asked(
        method="POST",
        path=path_of("v1/dead-letters/{id}/retry", id_),
        query=query_of(environment_id=environment_id),
    )


def discard(id_: UUID | str, *, environment_id: UUID | str | None = None) -> Asked[None]:
    """Let a letter go; its topic keeps it for as long as its retention says."""
    return Asked(
        method="DELETE",
        path=path_of("v1/dead-letters/{id}", id_),
        query=query_of(environment_id=environment_id),
    )
