"""Giving a webhook another address."""

from services.api.resources import ApiResources
from services.api.workflows.keep_workflow import keep_workflow, lock_workflow
from services.api.workflows.register_workflow import Registered, check_not_archived
from services.api.workflows.webhook_tokens import rotated
from shared.domain.ids import WorkflowId
from shared.domain.principals import Caller


async def rotate_webhook(
    resources: ApiResources, caller: Caller, workflow_id: WorkflowId, trigger_id: str
) -> Registered:
    """Make a new token for a webhook, in a new version; the old one is nobody's from then on.

    Raises NotFound, and Conflict for what is archived.
    """
    async with resources.tenant(caller.environment_id) as conn:
        old = await lock_workflow(conn, caller, workflow_id)
        check_not_archived(old)
        workflow, tokens = rotated(old, trigger_id, resources.new_token)
        changes = {"version": old.version + 1, "updated_at": resources.clock.now()}
        workflow = workflow.model_copy(update=changes)
        await keep_workflow(resources, conn, caller, "rotate", old, workflow, tokens)
    return Registered(workflow=workflow, is_new=False, tokens=tokens)
