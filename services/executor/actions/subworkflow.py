"""Calling another workflow: the step parks, and its log entry becomes the start of the other.

``publish.py`` sends the start, once the entry is durable, and the end of the other execution comes
back as a signal.
"""

from datetime import timedelta

from services.executor.actions.answers import failed
from services.executor.call import Call
from shared.db.pool import Pool, translated
from shared.db.workflows import get_workflow
from shared.domain.errors import NotFound
from shared.domain.ids import WorkflowId, child_id
from shared.domain.outcomes import ErrorKind, Outcome, Parked, Wait, WaitKind
from shared.domain.workflows import Lifecycle


class CallWorkflow:
    """The action. Executions that start executions stop after ``depth_max``."""

    def __init__(self, pool: Pool, *, depth_max: int) -> None:
        self._pool = pool
        self._depth_max = depth_max

    async def __call__(self, call: Call) -> Outcome:
        block, origin = call.step.subworkflow, call.origin
        assert block is not None, "a call of a workflow has its block"
        if origin.cause.depth + 1 > self._depth_max:
            return failed(
                ErrorKind.REFUSED,
                f"Loop guard: this would be the {origin.cause.depth + 1}th execution in a chain.",
            )
        try:
            with translated():
                async with self._pool.acquire() as conn:
                    called = await get_workflow(conn, WorkflowId(block.workflow_id))
        except NotFound as error:
            return failed(ErrorKind.REFUSED, error.message)
        if called.environment_id != origin.environment_id:
            return failed(ErrorKind.REFUSED, f"There is no workflow {block.workflow_id}.")
        if called.lifecycle is not Lifecycle.READY:
            said = f"Workflow {block.workflow_id} cannot be called: it is {called.lifecycle}."
            return failed(ErrorKind.REFUSED, said)
        child = child_id(origin.execution_id, call.key, call.attempt)
        data = {
            "execution_id": str(child),
            "workflow_id": str(called.id),
            "workflow_version": called.version,
            "input": call.input,
            "waits": block.wait,
        }
        wake_at = None
        if block.wait and block.timeout_s is not None:
            wake_at = call.now + timedelta(seconds=block.timeout_s)
        wait = Wait(kind=WaitKind.SUBWORKFLOW, data=data)
        return Parked(input=call.input, wait=wait, wake_at=wake_at, is_detached=not block.wait)
