"""Jobs that are built block by block.

Each block is a workflow of its own, there for as long as it takes to start it, and runs once: with
the rows of the block that it follows.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from services.api.dialects.sixtyfour.documents import BlockStatus, LiveStatus
from services.api.dialects.sixtyfour.read_run import see_run
from services.api.dialects.sixtyfour.runs import (
    COMPLETED,
    FAILED,
    PENDING,
    RUNNING,
    Seen,
    live_status,
    overall,
    passed_on,
)
from services.api.dialects.sixtyfour.workflows import WORDS, place
from services.api.executions.start_execution import StartRequest, start_execution
from services.api.resources import ApiResources
from services.api.workflows.keep_workflow import end_workflow
from services.api.workflows.register_workflow import create_workflow
from shared.db.pool import Connection
from shared.db.sixtyfour import Job, JobBlock, add_block, list_blocks, lock_job, open_job
from shared.domain.errors import Conflict, Invalid, NotFound
from shared.domain.ids import WorkflowId, execution_id, start_key
from shared.domain.preconditions import UNCONDITIONAL
from shared.domain.principals import Caller
from shared.wire.envelope import stamp, stamped

BLOCKS_MAX: Final = 50

_AT: Final = "/workflow_definition/blocks/0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A block that is to be added; without a ``parent_id`` it is the first."""

    name: str
    specs: dict[str, Any]
    rows: Any
    parent_id: WorkflowId | None = None


async def start_block(resources: ApiResources, caller: Caller, job: Job, asked: Asked) -> JobBlock:
    """Add a block to a job, which is opened with its first, and run it.

    Raises Invalid for a block that cannot run, Conflict for a job that takes no more.
    """
    id_ = WorkflowId(resources.new_id())
    caller = replace(caller, preconditions=UNCONDITIONAL)  # they are for what has been there
    await _make_workflow(resources, caller, id_, asked)
    try:
        block = await _keep(resources, caller, job, id_, asked)
        start = StartRequest(
            payload={"webhook_payload": asked.rows},
            metadata={"save_json": True} if job.save_json else None,
        )
        await start_execution(resources, caller, id_, start, str(id_))
    finally:
        async with resources.tenant(caller.environment_id) as conn:
            await end_workflow(resources, conn, caller, id_)
    return block


async def see_blocks(
    resources: ApiResources, conn: Connection, job_id: UUID
) -> list[tuple[JobBlock, Seen | None]]:
    """The blocks of a job, each as it stands; None: it is about to start."""
    found: dict[UUID | None, tuple[JobBlock, Seen | None]] = {}
    for block in await list_blocks(conn, job_id, BLOCKS_MAX):
        seen = await _seen(resources, conn, block)
        _, parent = found.get(block.parent_id, (block, None))
        if seen is not None and parent is not None:
            seen = replace(seen, given=len(passed_on(parent, str(block.parent_id)) or ()))
        found[block.id] = block, seen
    return [*found.values()]


def rows_after(block: JobBlock, seen: Seen | None) -> list[dict[str, Any]] | None:
    """The rows that a block hands on; None while it has not completed."""
    return None if seen is None else passed_on(seen, str(block.id))


def job_status(job: Job, blocks: Sequence[tuple[JobBlock, Seen | None]]) -> LiveStatus:
    """Where a job is: it runs until it is finished and its blocks have ended."""
    shown = [_block_status(block, seen) for block, seen in blocks]
    at = next((each for each in shown if each["status"] in (RUNNING, PENDING)), None)
    status = RUNNING
    if job.finished_at is not None and at is None:
        status = FAILED if any(each["status"] == FAILED for each in shown) else COMPLETED
    return {
        "run_id": str(job.id),
        "workflow_id": str(job.id),
        "overall_status": status,
        "current_block": at and at["block_name"],
        "current_block_sequence": at and at["sequence_number"],
        "total_blocks": len(shown),
        "completed_blocks": sum(each["status"] == COMPLETED for each in shown),
        "started_at": stamp(job.created_at),
        "completed_at": stamped(job.finished_at if status != RUNNING else None),
        "last_updated": max([stamp(job.created_at), *(each["last_updated"] for each in shown)]),
        "blocks": shown,
        "overall_progress_percentage": overall(shown),
        "estimation_blocked_by": at and at["block_name"],
    }


def chain_to(blocks: Sequence[JobBlock], written: str) -> list[JobBlock]:
    """The blocks that lead to one, that one last. Raises NotFound."""
    by_id = {str(block.id): block for block in blocks}
    if written not in by_id:
        raise NotFound(f"The job has no block '{written[:64]}'.")
    chain = [by_id[written]]
    while (parent := chain[0].parent_id) is not None:
        chain.insert(0, by_id[str(parent)])
    return chain


def document_of(name: str, description: str, chain: Sequence[JobBlock]) -> dict[str, Any]:
    """The workflow that does at once what a chain of blocks did."""
    return {
        "workflow_name": name,
        "workflow_description": description,
        "workflow_definition": {
            "blocks": [
                _block(number, block.name, block.specs, block.id)
                for number, block in enumerate(chain, 1)
            ],
            "edges": [
                {"from_block_id": str(block.parent_id), "to_block_id": str(block.id)}
                for block in chain[1:]
            ],
        },
    }


async def _make_workflow(
    resources: ApiResources, caller: Caller, id_: WorkflowId, asked: Asked
) -> None:
    document = {
        "workflow_name": f"Interactive: {asked.name}",
        "workflow_description": "",
        "workflow_definition": {"blocks": [_block(1, asked.name, asked.specs, id_)], "edges": []},
    }
    try:
        wanted = replace(WORDS.parse(document, id_), may_be_draft=False)
        await create_workflow(resources, caller, wanted)
    except Invalid as error:
        problems = [place(problem) for problem in error.problems]
        raise Invalid(
            [replace(each, pointer=each.pointer.removeprefix(_AT)) for each in problems]
        ) from None


async def _keep(
    resources: ApiResources, caller: Caller, job: Job, id_: WorkflowId, asked: Asked
) -> JobBlock:
    event = start_key(caller.environment_id, str(id_))
    async with resources.tenant(caller.environment_id) as conn:
        if asked.parent_id is None:
            await open_job(conn, job)
        elif (await lock_job(conn, job.id)).finished_at is not None:
            raise Conflict("The job is finished: it takes no more blocks.")
        there = await list_blocks(conn, job.id, BLOCKS_MAX)
        if len(there) == BLOCKS_MAX:
            raise Conflict(f"A job has at most {BLOCKS_MAX} blocks.")
        block = JobBlock(
            id=id_,
            parent_id=asked.parent_id,
            number=len(there) + 1,
            name=asked.name,
            specs=asked.specs,
            execution_id=execution_id(id_, event),
            added_at=resources.clock.now(),
        )
        await add_block(conn, job, block)
    return block


async def _seen(resources: ApiResources, conn: Connection, block: JobBlock) -> Seen | None:
    try:
        return await see_run(resources, conn, block.execution_id)
    except NotFound:
        return None


def _block(number: int, name: str, specs: dict[str, Any], id_: WorkflowId) -> dict[str, Any]:
    return {
        "sequence_number": number,
        "block_type": name,
        "block_name": name,
        "specs": specs,
        "block_id": str(id_),
    }


def _block_status(block: JobBlock, seen: Seen | None) -> BlockStatus:
    before = [] if block.parent_id is None else [str(block.parent_id)]
    if seen is not None:
        (status,) = live_status(seen)["blocks"]
        return {**status, "sequence_number": block.number, "previous_block_ids": before}
    return {
        "block_id": str(block.id),
        "block_name": block.name,
        "sequence_number": block.number,
        "previous_block_ids": before,
        "status": PENDING,
        "started_at": None,
        "completed_at": None,
        "progress_percentage": 0.0,
        "current_step": None,
        "processed_count": 0,
        "total_count": 0,
        "estimated_total_count": None,
        "last_updated": stamp(block.added_at),
        "error_message": None,
        "metrics": {"row_count": 0, "processed_count": 0, "total_count": 0},
    }
