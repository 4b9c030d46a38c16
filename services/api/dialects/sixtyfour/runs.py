"""Executions in Sixtyfour's words: runs, where their blocks are, and the rows they came to."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from services.api.dialects.sixtyfour.documents import (
    BlockMetrics,
    BlockStatus,
    LiveStatus,
    SixtyfourRun,
)
from services.api.dialects.sixtyfour.tables import TABLES
from services.api.dialects.sixtyfour.workflows import Block, Graph
from services.api.executions.restore_execution import CurrentStep, Restored
from services.api.http.payloads import Payload
from shared.db.history import Execution
from shared.domain.executions import Attempt, AttemptStatus, Status
from shared.domain.ids import StepId
from shared.wire.envelope import stamp, stamped

PENDING: Final = "pending"
RUNNING: Final = "running"
COMPLETED: Final = "completed"
FAILED: Final = "failed"
CANCELLED: Final = "cancelled"
QUEUED: Final = "queued"
ACTIVE: Final = "active"

_WORDS: Final[Mapping[Status, str]] = MappingProxyType(
    {
        **dict.fromkeys(Status, RUNNING),
        Status.COMPLETED: COMPLETED,
        Status.FAILED: FAILED,
        Status.EXPIRED: FAILED,
        Status.CANCELLED: CANCELLED,
    }
)
_BLOCK_WORDS: Final[Mapping[AttemptStatus, str]] = MappingProxyType(
    {
        AttemptStatus.COMPLETED: COMPLETED,
        AttemptStatus.SKIPPED: COMPLETED,
        AttemptStatus.FAILED: FAILED,
        AttemptStatus.CANCELLED: CANCELLED,
    }
)
_LEADS: Final = (
    *("lead_enrichment", "find_email", "find_phone", "verify_email", "reverse_email"),
    *("reverse_phone", "company_to_leads"),
)
_ROWS_ARE: Final[Mapping[str, str]] = MappingProxyType(
    {
        **dict.fromkeys(_LEADS, "LEAD"),
        **dict.fromkeys(("company_enrichment", "leads_to_company"), "COMPANY"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """An execution as it stands; ``progress`` is what workers have said of steps that wait.

    ``given`` is how many rows it was started with, where that is known.
    """

    execution: Execution
    graph: Graph
    restored: Restored
    current: Mapping[str, CurrentStep]
    progress: Mapping[str, Any]
    given: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockRows:
    """The rows that a block put out."""

    step_id: str
    block: Block
    rows: list[dict[str, Any]]
    at: datetime


def word_of(status: Status) -> str:
    """A status in Sixtyfour's words; one that has no word there is the nearest."""
    return _WORDS[status]


def statuses_of(word: str) -> list[Status] | None:
    """The statuses that a word stands for; None: it is none."""
    if word == QUEUED:  # what waits to be taken up is not kept yet
        return []
    wanted = RUNNING if word == ACTIVE else word
    return [status for status, said in _WORDS.items() if said == wanted] or None


def run_document(execution: Execution) -> SixtyfourRun:
    """A run in a list."""
    finished_at = execution.finished_at
    duration = None if finished_at is None else finished_at - execution.created_at
    return {
        "job_id": str(execution.id),
        "workflow_id": str(execution.workflow_id),
        "workflow_name": execution.workflow_name,
        "status": word_of(execution.status),
        "step": None,
        "user_id": None,
        "created_at": stamp(execution.created_at),
        "updated_at": stamp(execution.updated_at),
        "queued_at": stamp(execution.created_at),
        "started_at": stamp(execution.created_at),
        "completed_at": stamped(finished_at),
        "duration_ms": None if duration is None else round(duration.total_seconds() * 1_000),
        "status_reason": execution.cancel_reason or _reason(execution),
        "error_message": error_of(execution),
        "metrics": None,
        "blocks": None,
        "blocks_count": execution.steps_total,
    }


def error_of(execution: Execution) -> Any:
    """What ended an execution, a payload; None: nothing did."""
    return None if execution.error is None else Payload(execution.error["message"])


def live_status(seen: Seen) -> LiveStatus:
    """Where a run is."""
    execution = seen.execution
    blocks = [_block_status(seen, place) for place in seen.graph.order]
    done = sum(block["status"] == COMPLETED for block in blocks)
    at = next((block for block in blocks if block["status"] == RUNNING), None)
    is_done = execution.status is Status.COMPLETED
    return {
        "run_id": str(execution.id),
        "workflow_id": str(execution.workflow_id),
        "overall_status": word_of(execution.status),
        "current_block": at and at["block_name"],
        "current_block_sequence": at and at["sequence_number"],
        "total_blocks": len(blocks),
        "completed_blocks": done,
        "started_at": stamp(execution.created_at),
        "completed_at": stamped(execution.finished_at),
        "last_updated": stamp(execution.updated_at),
        "blocks": blocks,
        "overall_progress_percentage": 100.0 if is_done else overall(blocks),
        "estimation_blocked_by": at["block_name"] if at and not at["total_count"] else None,
    }


def results_of(seen: Seen) -> list[BlockRows]:
    """The rows a run came to: of the blocks that put rows out which no other has worked on.

    None while it is under way.
    """
    if not seen.execution.status.is_terminal:
        return []
    made = {found.step_id: found for found in _made(seen)}
    plan = seen.restored.plan
    return [made[name] for name in made if not (plan.after([name]) - {name}) & made.keys()]


def rows_of(output: Any) -> list[dict[str, Any]] | None:
    """The rows in what a block put out; None: it put out none."""
    rows = output.get("rows") if isinstance(output, dict) else output
    if not isinstance(rows, list):
        return None
    return [row if isinstance(row, dict) else {"value": row} for row in rows]


def passed_on(seen: Seen, name: str) -> list[dict[str, Any]] | None:
    """The rows that a block hands on: what it put out, or what it was given; None: not yet."""
    attempt = seen.restored.state.settled.get(StepId(name))
    if attempt is None or attempt.status is not AttemptStatus.COMPLETED:
        return None
    made = rows_of(attempt.output)
    return made if made is not None else _rows_in(attempt.input) or []


def _rows_in(given: Any) -> list[dict[str, Any]] | None:
    """The rows that are worked on in the input of a block, or posted; None: there are none."""
    posted = given.get("payload") if isinstance(given, dict) else None
    rows = rows_of(given)
    return rows_of(posted.get("results")) if rows is None and isinstance(posted, dict) else rows


def overall(blocks: Sequence[BlockStatus]) -> float:
    """How far blocks are together, in percent."""
    total = sum(block["progress_percentage"] for block in blocks)
    return round(total / len(blocks), 1) if blocks else 0.0


def _made(seen: Seen) -> Iterator[BlockRows]:
    for place in seen.graph.order:
        name = seen.graph.step_ids[place]
        attempt = seen.restored.state.settled.get(StepId(name))
        rows = None if attempt is None else rows_of(attempt.output)
        if attempt is not None and rows is not None:
            block = seen.graph.blocks[place]
            yield BlockRows(step_id=name, block=block, rows=rows, at=attempt.ended_at)


def _reason(execution: Execution) -> str | None:
    return None if execution.error is None else str(execution.error["kind"])


def _block_status(seen: Seen, place: int) -> BlockStatus:
    block, name = seen.graph.blocks[place], seen.graph.step_ids[place]
    key = StepId(name)
    state, current = seen.restored.state, seen.current.get(name)
    settled, pending = state.settled.get(key), state.pending.get(key)
    attempt = settled or (None if pending is None else pending.attempt)
    status = RUNNING if current is not None else PENDING
    if settled is not None:
        status = _BLOCK_WORDS[settled.status]
    elif seen.execution.status is Status.CANCELLED:
        status = CANCELLED
    total = _given(seen, block, name, attempt)
    processed = _processed(seen, name, settled, total)
    percent = 100.0 if status == COMPLETED else _percent(processed, total)
    return {
        "block_id": block.block_id or name,
        "block_name": block.block_name,
        "sequence_number": block.sequence_number,
        "previous_block_ids": _previous(seen.graph, name),
        "status": status,
        "started_at": stamped(None if attempt is None else attempt.started_at),
        "completed_at": stamped(None if settled is None else settled.ended_at),
        "progress_percentage": percent,
        "current_step": None if current is None else _stands(current),
        "processed_count": processed,
        "total_count": total,
        "estimated_total_count": total or None,
        "last_updated": stamp(attempt.ended_at if attempt else seen.execution.updated_at),
        "error_message": attempt and attempt.error and Payload(attempt.error.message),
        "metrics": _metrics(block, settled, processed, total),
    }


def _metrics(block: Block, settled: Attempt | None, processed: int, total: int) -> BlockMetrics:
    rows = None if settled is None else rows_of(settled.output)
    metrics: BlockMetrics = {
        "row_count": len(rows or ()),
        "processed_count": processed,
        "total_count": total,
    }
    kind = block.specs.get("dataframe_type", _ROWS_ARE.get(block.block_name))
    if isinstance(kind, str):
        metrics["dataframe_type"] = kind
    return metrics


def _given(seen: Seen, block: Block, name: str, attempt: Attempt | None) -> int:
    """How many rows a block is given: those in its input, or those that blocks before it pass on.

    The input of a block that only works on rows is what it has made of them.
    """
    told = None if attempt is None else _rows_in(attempt.input)
    if told is not None and block.block_name not in TABLES:
        return len(told)
    if before := seen.graph.previous.get(name):
        return sum(len(passed_on(seen, each) or ()) for each in before)
    return len(told or ()) if seen.given is None else seen.given


def _processed(seen: Seen, name: str, settled: Attempt | None, total: int) -> int:
    if settled is not None:
        return total if settled.status is AttemptStatus.COMPLETED else 0
    told = seen.progress.get(name)
    count = told.get("processed_count") if isinstance(told, dict) else None
    return count if isinstance(count, int) and count >= 0 else 0


def _percent(processed: int, total: int) -> float:
    return min(99.0, round(100 * processed / total, 1)) if total else 0.0


def _previous(graph: Graph, name: str) -> list[str]:
    blocks = dict(zip(graph.step_ids, graph.blocks, strict=True))
    return [blocks[each].block_id or each for each in graph.previous.get(name, ())]


def _stands(current: CurrentStep) -> str:
    return f"{current.stands} for {current.waits_for}" if current.waits_for else current.stands
