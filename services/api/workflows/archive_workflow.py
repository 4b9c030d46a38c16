"""Putting workflows out of sight, and taking them back."""

from services.api.resources import ApiResources
from services.api.workflows.keep_workflow import keep_workflow, lock_workflow
from shared.db.pool import Connection
from shared.db.workflows import get_version
from shared.domain.ids import WorkflowId
from shared.domain.principals import Caller
from shared.domain.workflows import Lifecycle, Workflow


async def archive_workflow(
    resources: ApiResources, caller: Caller, workflow_id: WorkflowId
) -> Workflow:
    """Let nothing start a workflow any more, in a new version; its history and executions stay.

    One that is archived stays as it is. Raises NotFound.
    """
    async with resources.tenant(caller.environment_id) as conn:
        old = await lock_workflow(conn, caller, workflow_id)
        if old.lifecycle is Lifecycle.ARCHIVED:
            return old
        return await _written(resources, conn, caller, old, Lifecycle.ARCHIVED)


async def unarchive_workflow(
    resources: ApiResources, caller: Caller, workflow_id: WorkflowId
) -> Workflow:
    """Give a workflow back, inactive, as what it was: ready, or a draft. Raises NotFound.

    One that is not archived stays as it is.
    """
    async with resources.tenant(caller.environment_id) as conn:
        old = await lock_workflow(conn, caller, workflow_id)
        if old.lifecycle is not Lifecycle.ARCHIVED:
            return old
        before = await get_version(conn, workflow_id, old.version - 1)
        return await _written(resources, conn, caller, old, before.lifecycle)


async def _written(
    resources: ApiResources,
    conn: Connection,
    caller: Caller,
    old: Workflow,
    lifecycle: Lifecycle,
) -> Workflow:
    changed = old.model_copy(
        update={
            "lifecycle": lifecycle,
            "version": old.version + 1,
            "is_active": False,
            "updated_at": resources.clock.now(),
        }
    )
    action = "archive" if lifecycle is Lifecycle.ARCHIVED else "unarchive"
    await keep_workflow(resources, conn, caller, action, old, changed)
    return changed
