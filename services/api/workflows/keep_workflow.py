"""Writing workflows, each with a note of who changed what."""

from typing import Any

from services.api.http.etags import check
from services.api.note_changes import note
from services.api.resources import ApiResources
from shared.db.audit import Change
from shared.db.pool import Connection
from shared.db.workflows import delete_workflow, get_workflow, lock_changes, write_workflow
from shared.domain.ids import WorkflowId
from shared.domain.principals import Caller
from shared.domain.workflows import Workflow


async def lock_workflow(conn: Connection, caller: Caller, workflow_id: WorkflowId) -> Workflow:
    """A workflow as it stands; nobody changes any until the transaction ends.

    Raises NotFound, and Changed when it is not what the caller wants to change.
    """
    await lock_changes(conn)
    workflow = await get_workflow(conn, workflow_id)
    check(caller, workflow)
    return workflow


async def keep_workflow(
    resources: ApiResources,
    conn: Connection,
    caller: Caller,
    action: str,
    old: Workflow | None,
    new: Workflow,
) -> None:
    """Write a workflow as it is now; ``action`` has made it so, of what it was before."""
    await write_workflow(conn, new)
    before = None if old is None else _told(old)
    await note(resources, conn, caller, _change(action, new, before, _told(new)))


async def end_workflow(
    resources: ApiResources, conn: Connection, caller: Caller, workflow_id: WorkflowId
) -> None:
    """Delete a workflow. Raises as ``lock_workflow``."""
    old = await lock_workflow(conn, caller, workflow_id)
    await delete_workflow(conn, workflow_id, resources.clock.now())
    await note(resources, conn, caller, _change("delete", old, _told(old), None))


def _change(
    action: str, workflow: Workflow, before: dict[str, Any] | None, after: dict[str, Any] | None
) -> Change:
    target = f"workflow:{workflow.id}"
    return Change(action=f"workflow.{action}", target=target, before=before, after=after)


def _told(workflow: Workflow) -> dict[str, Any]:
    """What may change of a workflow; its versions never do, and have the rest."""
    return {
        "name": workflow.definition.name,
        "version": workflow.version,
        "lifecycle": workflow.lifecycle,
        "is_active": workflow.is_active,
    }
