"""Putting workflows out of sight, and taking them back."""

from services.api.resources import ApiResources
from shared.db.pool import Connection
from shared.db.workflows import get_version, get_workflow, lock_changes, write_workflow
from shared.domain.ids import WorkflowId
from shared.domain.workflows import Lifecycle, Workflow


async def archive_workflow(resources: ApiResources, workflow_id: WorkflowId) -> Workflow:
    """Let nothing start a workflow any more, in a new version; its history and executions stay.

    One that is archived stays as it is. Raises NotFound.
    """
    async with resources.transaction() as conn:
        await lock_changes(conn)
        old = await get_workflow(conn, workflow_id)
        if old.lifecycle is Lifecycle.ARCHIVED:
            return old
        return await _written(resources, conn, old, Lifecycle.ARCHIVED)


async def unarchive_workflow(resources: ApiResources, workflow_id: WorkflowId) -> Workflow:
    """Give a workflow back, inactive, as what it was: ready, or a draft. Raises NotFound.

    One that is not archived stays as it is.
    """
    async with resources.transaction() as conn:
        await lock_changes(conn)
        old = await get_workflow(conn, workflow_id)
        if old.lifecycle is not Lifecycle.ARCHIVED:
            return old
        before = await get_version(conn, workflow_id, old.version - 1)
        return await _written(resources, conn, old, before.lifecycle)


async def _written(
    resources: ApiResources, conn: Connection, old: Workflow, lifecycle: Lifecycle
) -> Workflow:
    changed = old.model_copy(
        update={
            "lifecycle": lifecycle,
            "version": old.version + 1,
            "is_active": False,
            "updated_at": resources.clock.now(),
        }
    )
    await write_workflow(conn, changed)
    return changed
