"""Setting up the schedule of a step: what the step does, the scheduler starts executions for.

The schedule's id is that of the execution and the step, so that a repeat after a crash finds it.
One that is due before the step's outcome is durable does no harm: what led to the step is.
"""

from services.executor.call import Call
from shared.db.pool import Pool, translated
from shared.db.schedules import open_schedule
from shared.domain.due_times import next_due
from shared.domain.ids import schedule_id
from shared.domain.kept_schedules import StepOwner
from shared.domain.outcomes import Completed, Outcome
from shared.wire.envelope import stamp


class SetSchedule:
    """The action. ``next_at`` of its output is null where the step will never be due."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def __call__(self, call: Call) -> Outcome:
        schedule, origin = call.step.schedule, call.origin
        assert schedule is not None, "a step is set up where it has a schedule"
        id_, next_at = schedule_id(origin.execution_id, call.key), next_due(schedule, call.now)
        if next_at is not None:
            with translated():
                async with self._pool.acquire() as conn:
                    owner = StepOwner(origin.execution_id, call.key)
                    next_at = await open_schedule(conn, id_, owner, schedule, next_at)
        return Completed(output={"schedule_id": str(id_), "next_at": next_at and stamp(next_at)})
