"""Plans of workflow versions, read once: a version never changes."""

from collections import OrderedDict
from typing import Final

from shared.db.pool import Connection, Pool, translated
from shared.db.workflows import get_version
from shared.domain.errors import Defect
from shared.domain.graph import graph_problems
from shared.domain.ids import WorkflowId
from shared.domain.plans import Plan, plan
from shared.domain.workflows import Workflow

COUNTED_CHARS: Final = 4_096


class StoredPlans:
    """Plans from the database, the least recently used forgotten first.

    A plan counts once for each ``COUNTED_CHARS`` that its definition begins: 10,000 of the largest
    would be tens of gigabytes.
    """

    def __init__(self, pool: Pool, *, entries_max: int, history_max: int) -> None:
        self._pool = pool
        self._entries_max = entries_max
        self._history_max = history_max
        self._known: OrderedDict[tuple[WorkflowId, int], tuple[Plan, int]] = OrderedDict()
        self._weight = 0

    async def get(self, workflow_id: WorkflowId, version: int) -> Plan:
        """The plan of a workflow version. Raises NotFound, Defect when it cannot be read."""
        key = (workflow_id, version)
        if (known := self._known.get(key)) is not None:
            self._known.move_to_end(key)
            return known[0]
        with translated():
            async with self._pool.acquire() as conn:
                workflow = await _read(conn, workflow_id, version)
        found = _checked(workflow, self._history_max)
        if key not in self._known:  # another may have read it meanwhile
            self._keep(key, found, 1 + len(workflow.definition.model_dump_json()) // COUNTED_CHARS)
        return found

    def _keep(self, key: tuple[WorkflowId, int], found: Plan, weight: int) -> None:
        self._known[key] = found, weight
        self._weight += weight
        while self._weight > self._entries_max and len(self._known) > 1:
            _, (_, forgotten) = self._known.popitem(last=False)
            self._weight -= forgotten


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
