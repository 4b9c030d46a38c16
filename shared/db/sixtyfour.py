"""What Sixtyfour's routes keep beside workflows: keys of links, and jobs built block by block."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from asyncpg import Record

from shared.db.pool import Connection
from shared.domain.errors import NotFound
from shared.domain.ids import EnvironmentId, ExecutionId, WorkflowId
from shared.runtime.sql import statements
from shared.wire.envelope import dumps

_SQL = statements(Path(__file__).parent / "queries" / "sixtyfour")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job that is built block by block, until it is finished."""

    id: UUID
    environment_id: EnvironmentId
    save_json: bool
    created_at: datetime
    finished_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobBlock:
    """A block of a job: ``number`` counts from 1, ``id`` is also that of its own workflow."""

    id: WorkflowId
    parent_id: WorkflowId | None
    number: int
    name: str
    specs: dict[str, Any]
    execution_id: ExecutionId
    added_at: datetime


async def find_link_key(conn: Connection, environment_id: EnvironmentId) -> bytes | None:
    """The key of an environment's links; None: none was ever made."""
    key: bytes | None = await conn.fetchval(_SQL["find_link_key"], environment_id)
    return key


async def keep_link_key(conn: Connection, environment_id: EnvironmentId, fresh: bytes) -> bytes:
    """The key of an environment's links: ``fresh``, of 32 bytes, where there was none."""
    await conn.execute(_SQL["keep_link_key"], environment_id, fresh)
    key: bytes = await conn.fetchval(_SQL["find_link_key"], environment_id)
    return key


async def open_job(conn: Connection, job: Job) -> None:
    """Keep a new job."""
    await conn.execute(_SQL["open_job"], job.id, job.environment_id, job.save_json, job.created_at)


async def lock_job(conn: Connection, job_id: UUID) -> Job:
    """A job that nobody else changes until the transaction ends. Raises NotFound."""
    return _job(await conn.fetchrow(_SQL["lock_job"], job_id), job_id)


async def get_job(conn: Connection, job_id: UUID) -> Job:
    """A job. Raises NotFound."""
    return _job(await conn.fetchrow(_SQL["find_job"], job_id), job_id)


async def finish_job(conn: Connection, job_id: UUID, now: datetime) -> None:
    """Let a job take no more blocks; once more, that changes nothing."""
    await conn.execute(_SQL["finish_job"], job_id, now)


async def add_block(conn: Connection, job: Job, block: JobBlock) -> None:
    """Add a block to a job that is locked."""
    await conn.execute(
        _SQL["add_block"],
        job.id,
        block.id,
        job.environment_id,
        block.parent_id,
        block.number,
        block.name,
        dumps(block.specs).decode(),
        block.execution_id,
        block.added_at,
    )


async def list_blocks(conn: Connection, job_id: UUID, limit: int) -> list[JobBlock]:
    """The first blocks of a job, in their order."""
    rows = await conn.fetch(_SQL["list_blocks"], job_id, limit)
    return [_block(row) for row in rows]


def _job(row: Record | None, job_id: UUID) -> Job:
    if row is None:
        raise NotFound(f"There is no interactive job {job_id}.")
    return Job(**dict(row))


def _block(row: Record) -> JobBlock:
    return JobBlock(
        id=row["block_id"],
        parent_id=row["parent_block_id"],
        number=row["number"],
        name=row["block_name"],
        specs=orjson.loads(row["specs"]),
        execution_id=row["execution_id"],
        added_at=row["added_at"],
    )
