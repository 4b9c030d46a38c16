"""What decides on events, of the workflows that those may start; ``workflows.py`` writes it."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from asyncpg import Record
from pydantic_core import from_json

from shared.db.pool import Connection
from shared.domain.ids import WorkflowId
from shared.domain.workflows import Conditions, Dialect, Lifecycle, TriggerKind
from shared.runtime.sql import statements

_SQL = statements(Path(__file__).parent / "queries" / "live_workflows")
_BATCH: Final = 500
_BEFORE_ALL: Final = UUID(int=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What became of a workflow; ``conditions`` is None when no event may start it any more."""

    number: int
    workflow_id: WorkflowId
    conditions: Conditions | None


async def list_live(conn: Connection) -> AsyncIterator[list[Conditions]]:
    """Of every workflow that events may start, in batches; each batch is read on its own.

    Ask ``last_change`` before: what changes meanwhile is then among ``list_changes`` after it.
    """
    after = _BEFORE_ALL
    while rows := await conn.fetch(_SQL["list_live"], after, _BATCH):
        yield [conditions_of(row) for row in rows]
        after = rows[-1]["id"]


async def list_changes(conn: Connection, *, after: int, limit: int) -> list[Change]:
    """Changes numbered above ``after``, ascending."""
    rows = await conn.fetch(_SQL["list_changes"], after, limit)
    return [_change(row) for row in rows]


async def last_change(conn: Connection) -> int:
    """The number of the latest change, 0 when there is none."""
    number: int = await conn.fetchval(_SQL["get_last_change"])
    return number


def _change(row: Record) -> Change:
    conditions = conditions_of(row)
    is_live = conditions.is_matched and not row["is_deleted"]
    return Change(
        number=row["change"],
        workflow_id=WorkflowId(conditions.workflow_id),
        conditions=conditions if is_live else None,
    )


def conditions_of(row: Record | Mapping[str, Any]) -> Conditions:
    """``Workflow.conditions`` of a row of ``list_live`` or ``list_changes``; cheap to read."""
    # The models read numbers with it as well: what another parser takes for one may differ.
    definition = from_json(row["definition"])
    return Conditions(
        workflow_id=row["id"],
        version=row["version"],
        environment_id=row["environment_id"],
        dialect=Dialect(row["dialect"]),
        is_matched=row["is_active"] and row["lifecycle"] == Lifecycle.READY,
        is_quarantined=row["is_quarantined"],
        name=definition["name"],
        event_names=tuple(_event_names(definition["triggers"])),
        filters=definition["filters"],
        run_if=definition["run_if"],
        annotated=tuple(each["target_path"] for each in definition.get("annotations", ())),
    )


def _event_names(triggers: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for trigger in triggers:
        if trigger["kind"] == TriggerKind.EVENT and trigger["event_name"] is not None:
            yield trigger["event_name"]
