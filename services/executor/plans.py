"""Plans of workflow versions, read once: a version never changes."""

from collections import OrderedDict

from shared.db.pool import Connection, Pool, translated
from shared.db.workflows import get_version
from shared.domain.errors import Defect
from shared.domain.graph import graph_problems
from shared.domain.ids import WorkflowId
from shared.domain.plans import Plan, plan
from shared.domain.workflows import Workflow


class StoredPlans:
    """Plans from the database, the least recently used forgotten first."""

    def __init__(self, pool: Pool, *, entries_max: int, history_max: int) -> None:
        self._pool = pool
        self._entries_max = entries_max
        self._history_max = history_max
        self._known: OrderedDict[tuple[WorkflowId, int], Plan] = OrderedDict()

    async def get(self, workflow_id: WorkflowId, version: int) -> Plan:
        """The plan of a workflow version. Raises NotFound, Defect when it cannot be read."""
        key = (workflow_id, version)
        if (known := self._known.get(key)) is not None:
            self._known.move_to_end(key)
            return known
        with translated():
            async with self._pool.acquire() as conn:
                found = _checked(await _read(conn, workflow_id, version), self._history_max)
        self._known[key] = found
        if len(self._known) > self._entries_max:
            self._known.popitem(last=False)
        return found


async def _read(conn: Connection, workflow_id: WorkflowId, version: int) -> Workflow:
    try:
        return await get_version(conn, workflow_id, version)
    except ValueError as error:
        message = f"Version {version} of workflow {workflow_id} cannot be read: {error}"
        raise Defect(message) from error


def _checked(workflow: Workflow, history_max: int) -> Plan:
    for problem in graph_problems(workflow.definition):
        raise Defect(f"Workflow {workflow.id} cannot run: {problem.detail}")
    return plan(workflow, history_max)
