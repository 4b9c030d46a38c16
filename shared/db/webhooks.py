"""The addresses of live workflows; ``workflows.py`` sets them with each change."""

from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from asyncpg import Record

from shared.db.pool import Connection
from shared.domain.ids import EnvironmentId, WorkflowId
from shared.domain.webhooks import WebhookAuth
from shared.domain.workflows import Lifecycle, Workflow
from shared.runtime.sql import statements

_SQL = statements(Path(__file__).parent / "queries" / "webhooks")


class KeptWebhook(NamedTuple):
    """A webhook of a workflow as it stands; ``place`` is where in the list it is.

    ``made_at`` is when it got its address; ``is_active``: whatever is sent there starts it.
    """

    place: tuple[datetime, UUID]
    workflow_id: WorkflowId
    workflow_name: str
    lifecycle: Lifecycle
    trigger_id: str
    auth: WebhookAuth | None
    keep_raw: bool
    keep_headers: tuple[str, ...]
    made_at: datetime
    is_active: bool


async def set_webhooks(conn: Connection, workflow: Workflow) -> None:
    """Make the addresses of a workflow those of this version; one that is not live has none."""
    hashes = {
        name: trigger.webhook.token_hash
        for name, trigger in workflow.definition.named_triggers
        if workflow.is_matched
        and trigger.webhook is not None
        and trigger.webhook.token_hash is not None
    }
    await conn.execute(_SQL["set_webhooks"], workflow.id, list(hashes), list(hashes.values()))


async def end_webhooks(conn: Connection, workflow_id: WorkflowId) -> None:
    """Forget the addresses of a workflow that has ended."""
    await conn.execute(_SQL["set_webhooks"], workflow_id, [], [])


async def list_webhooks(
    conn: Connection,
    environment_id: EnvironmentId,
    *,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[KeptWebhook]:
    """Webhooks in the order in which their workflows were created."""
    rows = await conn.fetch(_SQL["list_webhooks"], environment_id, *(after or (None, None)), limit)
    return [_kept(row) for row in rows]


def _kept(row: Record) -> KeptWebhook:
    auth = row["auth"]
    return KeptWebhook(
        place=(row["created_at"], row["place"]),
        workflow_id=WorkflowId(row["workflow_id"]),
        workflow_name=row["workflow_name"],
        lifecycle=Lifecycle(row["lifecycle"]),
        trigger_id=row["trigger_id"],
        auth=None if auth is None else WebhookAuth.model_validate_json(auth),
        keep_raw=row["keep_raw"],
        keep_headers=tuple(row["keep_headers"]),
        made_at=row["made_at"],
        is_active=row["is_active"],
    )
