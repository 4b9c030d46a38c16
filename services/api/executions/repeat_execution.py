"""Doing again what an execution did, in another execution: what has ended stays as it is."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import uuid5

from services.api.executions.asked_of import check_key, is_named
from services.api.executions.expiry import ExpiryRequest, expiry_of
from services.api.executions.publish_command import publish_command
from services.api.executions.restore_execution import Restored, restore_execution
from services.api.note_changes import note_command
from services.api.resources import ApiResources
from services.api.workflows.register_workflow import check_not_archived
from shared.db.audit import Change
from shared.db.history import Execution, find_trigger, get_execution
from shared.db.workflows import find_latest
from shared.domain.errors import Conflict
from shared.domain.executions import Status
from shared.domain.ids import ExecutionId, StepId
from shared.domain.inheritance import TAKEN_OVER, gone_past, was_kept_out, was_undone
from shared.domain.plans import TURN
from shared.domain.principals import Caller
from shared.wire.commands import encode_start
from shared.wire.lineage import Lineage, Repeat, read_asked, read_repeat
from shared.wire.strict_json import invalid

SOURCE = "/turnout/api"
_KEPT_OUT = (
    "Its filters were false once its annotations had been looked up, so that no step ran: rerun it"
    " to have them looked up again."
)
_CAN_BE_TRIED_AGAIN = frozenset({Status.FAILED, Status.EXPIRED, Status.CANCELLED})


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatRequest:
    """What a caller says of the new execution.

    The same ``key`` names the same new execution, however often it is asked for in the same way;
    in another, it is Invalid.
    """

    expiry: ExpiryRequest
    key: str | None


Check = Callable[[Execution, Restored], None]
"""Raises when an execution cannot be repeated in a way."""


def repeat_id(execution_id: ExecutionId, way: str, key: str) -> ExecutionId:
    """The execution that repeats another in a way (``rerun``, ``retry``) under a key.

    With a number for a key it would be what that attempt of a step of the way's name calls.
    """
    return ExecutionId(uuid5(execution_id, f":{way}:{key}" if key.isdecimal() else f"{way}:{key}"))


async def rerun_execution(
    resources: ApiResources, caller: Caller, execution_id: ExecutionId, asked: RepeatRequest
) -> ExecutionId:
    """Start the same version with the same event from its beginning; gives the new execution.

    Also while the other is under way. Raises NotFound, Invalid, Unavailable.
    """
    repeats = Repeat(execution_id=execution_id)
    return await _repeat(resources, caller, repeats, asked, "rerun", _anything)


async def retry_execution(
    resources: ApiResources, caller: Caller, execution_id: ExecutionId, asked: RepeatRequest
) -> ExecutionId:
    """As ``rerun_execution``, but what completed or was skipped, and not undone, is taken over.

    Raises Conflict for one that is under way, or that is COMPLETED.
    """
    repeats = Repeat(execution_id=execution_id, inherits=True)
    return await _repeat(resources, caller, repeats, asked, "retry", _check_retry)


async def resume_from_step(
    resources: ApiResources,
    caller: Caller,
    execution_id: ExecutionId,
    step_id: StepId,
    asked: RepeatRequest,
) -> ExecutionId:
    """As ``rerun_execution``, but only ``step_id`` and what follows it runs again.

    So does, beside it, what was undone and what had not ended. Raises Invalid when there is no such
    step, Conflict for an execution that is under way, or that its filters kept from running, or
    when a step before it was undone, or has neither completed nor been skipped nor failed so that
    the execution went on.
    """

    def check(execution: Execution, restored: Restored) -> None:
        _check_ended(execution)
        _check_before(restored, step_id)
        if was_kept_out(restored.state):
            raise Conflict(_KEPT_OUT)

    repeats = Repeat(execution_id=execution_id, inherits=True, step_id=step_id)
    return await _repeat(resources, caller, repeats, asked, f"resume-from:{step_id}", check)


async def _repeat(
    resources: ApiResources,
    caller: Caller,
    repeats: Repeat,
    asked: RepeatRequest,
    way: str,
    check: Check,
) -> ExecutionId:
    id_, now = repeats.execution_id, resources.clock.now()
    async with resources.tenant(caller.environment_id) as conn:
        execution = await get_execution(conn, id_)
        restored = await restore_execution(conn, execution)
        event = await find_trigger(conn, id_)
        latest = await find_latest(conn, execution.workflow_id)
    check(execution, restored)
    repeats = _narrowed(repeats, execution)
    if latest is not None:
        check_not_archived(latest.workflow)
    if event is None:
        raise Conflict(f"The event that started execution {id_} is no longer kept.")
    expires_at = expiry_of(asked.expiry, restored.plan.policy, now)
    started = await _named(resources, id_, way, asked)
    earlier = read_asked(execution.lineage or {})
    lineage = Lineage(repeats=repeats, asked=earlier and earlier.repeated)
    command = _start(execution, started, event, now, expires_at, lineage)
    change = Change(
        action=f"execution.{way.partition(':')[0]}",
        target=f"execution:{started}",
        after={"execution_id": str(id_), "step_id": repeats.step_id},
    )
    await note_command(resources, caller, change)
    await publish_command(resources, started, command)
    return started


async def _named(
    resources: ApiResources, id_: ExecutionId, way: str, asked: RepeatRequest
) -> ExecutionId:
    """The new execution; raises Invalid for a key that was used for something else."""
    if asked.key is None:
        return ExecutionId(resources.new_id())
    started, earlier = repeat_id(id_, way, asked.key), ExecutionId(uuid5(id_, f"{way}:{asked.key}"))
    if started != earlier and await is_named(resources, earlier):
        started = earlier  # until November 2026 numbers, too, were named so
    await check_key(resources, started, asked.expiry)
    return started


def _narrowed(repeats: Repeat, execution: Execution) -> Repeat:
    """What a schedule has started did one step only, and so does whatever repeats it."""
    earlier = read_repeat(execution.lineage or {})
    if earlier is None or not earlier.is_only:
        return repeats
    if repeats.step_id not in (None, earlier.step_id):
        raise Conflict(f"Execution {execution.id} did step '{earlier.step_id}' only.")
    return replace(earlier, execution_id=execution.id, due_at=None)


def _start(
    execution: Execution,
    started: ExecutionId,
    event: bytes,
    now: datetime,
    expires_at: datetime | None,
    lineage: Lineage,
) -> bytes:
    return encode_start(
        started,
        execution.workflow_id,
        execution.workflow_version,
        event,
        now,
        source=SOURCE,
        expires_at=expires_at,
        lineage=lineage,
    )


def _anything(_execution: Execution, _restored: Restored) -> None:
    """A rerun is always possible."""


def _check_retry(execution: Execution, _restored: Restored) -> None:
    _check_ended(execution)
    if execution.status not in _CAN_BE_TRIED_AGAIN:
        raise Conflict(f"Execution {execution.id} is {execution.status}; rerun it instead.")


def _check_ended(execution: Execution) -> None:
    if not execution.status.is_terminal:
        raise Conflict(f"Execution {execution.id} is {execution.status}; wait for its end.")


def _check_before(restored: Restored, step_id: StepId) -> None:
    plan, settled = restored.plan, restored.state.settled
    if step_id not in plan.by_id or step_id.startswith("$"):
        raise invalid("/path/step_id", "UNKNOWN_STEP", f"The workflow has no step '{step_id}'.")
    past = gone_past(plan, restored.state)
    for step in plan.steps:
        # It asks for a turn of its own.
        if step.id in (step_id, TURN) or step_id not in plan.after([step.id]):
            continue
        key = StepId(step.id)
        attempt = settled.get(key)
        if attempt is None or (attempt.status not in TAKEN_OVER and key not in past):
            raise Conflict(f"Step '{key}' comes before '{step_id}' and has not completed.")
        if was_undone(restored.state, key):
            raise Conflict(f"Step '{key}' comes before '{step_id}' and was undone.")
