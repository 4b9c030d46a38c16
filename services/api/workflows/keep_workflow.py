"""Writing workflows, each with a note of who changed what."""

from types import MappingProxyType
from typing import Any, Final

from services.api.http.etags import check
from services.api.note_changes import note
from services.api.resources import ApiResources
from services.api.workflows.webhook_tokens import Tokens
from shared.db.altostrat_addresses import keep_address
from shared.db.audit import Change
from shared.db.pool import Connection
from shared.db.workflows import (
    count_unindexed,
    delete_workflow,
    get_workflow,
    lock_changes,
    write_workflow,
)
from shared.domain.errors import Invalid, Problem
from shared.domain.ids import EnvironmentId, WorkflowId
from shared.domain.principals import Caller
from shared.domain.workflows import Dialect, Workflow
from shared.matching.table import is_unindexed

_NONE: Final[Tokens] = MappingProxyType({})


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
    tokens: Tokens = _NONE,
) -> None:
    """Write a workflow as it is now; ``action`` has made it so, of what it was before.

    Raises Invalid for one too many whose conditions each event must try, and Taken.
    Of Altostrat's the new tokens are kept as well, sealed: it shows an address again and again.
    """
    tried_by_each = is_unindexed(new)
    if tried_by_each:
        await _check_quota(resources, conn, new)
    await write_workflow(conn, new, is_unindexed=tried_by_each)
    if new.dialect is Dialect.ALTOSTRAT and resources.ring.ids:
        for token in tokens.values():  # it has one webhook
            await keep_address(conn, resources.ring, new, token)
    before = None if old is None else _told(old)
    await note(resources, conn, caller, _change(action, new, before, _told(new)))


async def end_workflow(
    resources: ApiResources, conn: Connection, caller: Caller, workflow_id: WorkflowId
) -> None:
    """Delete a workflow. Raises as ``lock_workflow``."""
    old = await lock_workflow(conn, caller, workflow_id)
    await delete_workflow(conn, workflow_id, resources.clock.now())
    await note(resources, conn, caller, _change("delete", old, _told(old), None))


async def _check_quota(resources: ApiResources, conn: Connection, workflow: Workflow) -> None:
    quota = resources.unindexed_max
    known = await count_unindexed(
        conn, EnvironmentId(workflow.environment_id), WorkflowId(workflow.id)
    )
    if known >= quota:
        name = "/filters" if workflow.definition.run_if is None else "/run_if"
        detail = (
            f"The environment has {known} live workflows with conditions that every event of theirs"
            f" must try, and may have {quota}. Add a condition that events can be looked up by, as"
            ' "payload.plan = \'pro\' and …" in run_if or {"payload.plan": "pro"} in filters, or'
            " deactivate another of them."
        )
        raise Invalid([Problem(pointer=name, code="TOO_MANY_UNINDEXED", detail=detail)])


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
