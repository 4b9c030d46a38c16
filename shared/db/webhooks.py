"""The addresses of live workflows; ``workflows.py`` sets them with each change."""

from pathlib import Path

from shared.db.pool import Connection
from shared.domain.ids import WorkflowId
from shared.domain.workflows import Workflow
from shared.runtime.sql import statements

_SQL = statements(Path(__file__).parent / "queries" / "webhooks")


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
