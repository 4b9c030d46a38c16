"""One run of a system."""

from collections.abc import Callable

from shared.db.history import Execution, get_execution
from shared.db.pool import Connection
from shared.db.workflows import get_version
from shared.domain.errors import NotFound
from shared.domain.ids import ExecutionId
from shared.domain.workflows import Dialect, Workflow


async def find_run(
    conn: Connection,
    execution_id: ExecutionId,
    dialect: Dialect,
    *,
    started_here: Callable[[Execution], bool] = lambda _: False,
) -> tuple[Execution, Workflow]:
    """An execution of a workflow in these words, and the version that it is of.

    One that was ``started_here`` may be of a workflow in others' words. Raises NotFound.
    """
    execution = await get_execution(conn, execution_id)
    workflow = await get_version(conn, execution.workflow_id, execution.workflow_version)
    if workflow.dialect is not dialect and not started_here(execution):
        raise NotFound(
            f"{execution_id} is of a workflow in the words of '{workflow.dialect}';"
            " see /v1/executions."
        )
    return execution, workflow
