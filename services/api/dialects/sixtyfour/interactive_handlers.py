"""Sixtyfour's routes of interactive jobs, as its clients call them."""

from typing import Any, Final
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, ConfigDict

from services.api.dialects.sixtyfour.documents import (
    BlockAdded,
    BlockOutput,
    InteractiveFinished,
    InteractiveStarted,
    LiveStatus,
    SixtyfourDocument,
)
from services.api.dialects.sixtyfour.handlers import registered
from services.api.dialects.sixtyfour.interactive import (
    BLOCKS_MAX,
    Asked,
    chain_to,
    document_of,
    job_status,
    rows_after,
    see_blocks,
    start_block,
)
from services.api.dialects.sixtyfour.runs import RUNNING
from services.api.dialects.sixtyfour.workflows import WORDS
from services.api.executions.await_result import await_execution
from services.api.http.bodies import answer
from services.api.http.parameters import uuid_in_path
from services.api.http.payloads import answer_to
from services.api.http.query_strings import InEnvironment, Text
from services.api.http.route import AUTHOR, OPERATE, READ, Body, Route, body_of, query_of
from services.api.login.auth import caller_of, environment_of
from services.api.note_changes import note
from services.api.resources import RESOURCES, ApiResources
from services.api.workflows.register_workflow import create_workflow
from shared.db.audit import Change
from shared.db.sixtyfour import Job, JobBlock, finish_job, get_job, list_blocks, lock_job
from shared.domain.errors import Conflict, Invalid, NotFound, Rejected
from shared.domain.ids import EnvironmentId
from shared.domain.values import Name

THERE_WITHIN_S: Final = 3.0
"""So long a block is waited for to be taken up, so that whoever asks next finds it."""

_FINISHED: Final = "finished"


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True)


class StartInteractive(_Body):
    """The first block of a job, and the rows that it is given."""

    block_name: Name
    specs: dict[str, Any]
    webhook_payload: list[dict[str, Any]] | dict[str, Any] | None = None
    save_json: bool = False
    cache_config: dict[str, Any] | None = None


class AddBlock(_Body):
    """A block that works on the rows of another one."""

    block_name: Name
    specs: dict[str, Any]
    parent_block_id: str


class SaveInteractive(_Body):
    """The workflow to be made of the blocks that lead to one."""

    block_id: str
    workflow_name: str
    workflow_description: str = ""


class WhichBlock(InEnvironment):
    """Which block is meant."""

    block_id: Text


async def start(request: web.Request) -> web.Response:
    """The job, whose first block runs."""
    resources, asked = request.app[RESOURCES], await body_of(request, StartInteractive)
    caller = await caller_of(request)
    job = Job(
        id=resources.new_id(),
        environment_id=caller.environment_id,
        save_json=asked.save_json,
        created_at=resources.clock.now(),
    )
    first = Asked(name=asked.block_name, specs=asked.specs, rows=asked.webhook_payload)
    block = await start_block(resources, caller, job, first)
    await await_execution(request, caller.environment_id, block.execution_id, THERE_WITHIN_S)
    document: InteractiveStarted = {"job_id": str(job.id), "status": RUNNING}
    return answer(document)


async def add(request: web.Request) -> web.Response:
    """Whether the block was taken in; it runs then."""
    resources, asked = request.app[RESOURCES], await body_of(request, AddBlock)
    caller, job_id = await caller_of(request), uuid_in_path(request, "job_id")
    async with resources.tenant(caller.environment_id) as conn:
        job = await get_job(conn, job_id)
    try:
        parent, rows = await _rows(resources, caller.environment_id, job_id, asked.parent_block_id)
        wanted = Asked(name=asked.block_name, specs=asked.specs, rows=rows, parent_id=parent.id)
        block = await start_block(resources, caller, job, wanted)
    except (Invalid, Conflict, NotFound) as refusal:
        refused: BlockAdded = {"accepted": False, "block_id": None, "error": _told(refusal)}
        return answer(refused)
    await await_execution(request, caller.environment_id, block.execution_id, THERE_WITHIN_S)
    document: BlockAdded = {"accepted": True, "block_id": str(block.id), "error": None}
    return answer(document)


async def finish(request: web.Request) -> web.Response:
    """The job takes no more blocks; those that run go on."""
    resources, job_id = request.app[RESOURCES], uuid_in_path(request, "job_id")
    caller = await caller_of(request)
    async with resources.tenant(caller.environment_id) as conn:
        job = await lock_job(conn, job_id)
        if job.finished_at is None:
            await finish_job(conn, job_id, resources.clock.now())
            change = Change(action="job.finish", target=f"job:{job_id}")
            await note(resources, conn, caller, change)
    document: InteractiveFinished = {"status": _FINISHED}
    return answer(document)


async def get_state(request: web.Request) -> web.Response:
    """Where the job is, block by block."""
    resources, job_id = request.app[RESOURCES], uuid_in_path(request, "job_id")
    async with resources.tenant(await environment_of(request)) as conn:
        job = await get_job(conn, job_id)
        document: LiveStatus = job_status(job, await see_blocks(resources, conn, job_id))
    return answer_to(request, document)


async def get_output(request: web.Request) -> web.Response:
    """The run that has a block's rows; 404 until it has completed, 409 where it failed."""
    resources, job_id = request.app[RESOURCES], uuid_in_path(request, "job_id")
    written, environment_id = query_of(request, WhichBlock).block_id, await environment_of(request)
    block, rows = await _rows(resources, environment_id, job_id, written)
    document: BlockOutput = {
        "block_id": str(block.id),
        "resource_handle_id": str(block.execution_id),
        "row_count": len(rows),
    }
    return answer(document)


async def save(request: web.Request) -> web.Response:
    """The workflow that does at once what led to a block."""
    resources, asked = request.app[RESOURCES], await body_of(request, SaveInteractive)
    caller, job_id = await caller_of(request), uuid_in_path(request, "job_id")
    async with resources.tenant(caller.environment_id) as conn:
        await get_job(conn, job_id)
        blocks = await list_blocks(conn, job_id, BLOCKS_MAX)
    chain = chain_to(blocks, asked.block_id)
    document = document_of(asked.workflow_name, asked.workflow_description, chain)
    made = await create_workflow(
        resources, caller, WORDS.parse(document, resources.new_workflow_id())
    )
    return await registered(resources, caller.environment_id, made)


async def _rows(
    resources: ApiResources, environment_id: EnvironmentId, job_id: UUID, written: str
) -> tuple[JobBlock, list[dict[str, Any]]]:
    """A block of a job, and its rows. Raises NotFound, Conflict while it has not completed."""
    async with resources.tenant(environment_id) as conn:
        await get_job(conn, job_id)
        found = await see_blocks(resources, conn, job_id)
    block = chain_to([each for each, _ in found], written)[-1]
    rows = next(rows_after(each, seen) for each, seen in found if each is block)
    if rows is None:
        raise Conflict(f"Block {block.id} has not completed.")
    return block, rows


def _told(refusal: Rejected) -> str:
    """A refusal in one line, with every problem."""
    if not isinstance(refusal, Invalid):
        return refusal.message
    return " ".join(f"{each.pointer}: {each.detail}" for each in refusal.problems)


_JOB: Final = "/sixtyfour/workflows/interactive/{job_id}"

ROUTES: Final = (
    Route(
        *("POST", "/sixtyfour/workflows/interactive/start", start, AUTHOR | OPERATE),
        body=Body(model=StartInteractive),
        answers={200: InteractiveStarted},
    ),
    Route(
        *("POST", f"{_JOB}/add-block", add, AUTHOR | OPERATE),
        body=Body(model=AddBlock),
        answers={200: BlockAdded},
    ),
    Route("POST", f"{_JOB}/finish", finish, AUTHOR, answers={200: InteractiveFinished}),
    Route("GET", f"{_JOB}/state", get_state, READ, answers={200: LiveStatus}),
    Route(
        *("GET", f"{_JOB}/output", get_output, READ),
        query=WhichBlock,
        answers={200: BlockOutput},
    ),
    Route(
        *("POST", f"{_JOB}/save", save, AUTHOR),
        body=Body(model=SaveInteractive),
        answers={200: SixtyfourDocument},
    ),
)
