"""Plans are remembered for what they take."""

import json
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID

from services.executor.plans import COUNTED_CHARS, StoredPlans
from shared.db.pool import Pool
from shared.domain.ids import WorkflowId

AT = datetime(2026, 11, 23, tzinfo=UTC)
ENVIRONMENT = UUID(int=1)


class _Database:
    """Has every version of every workflow, whose input has so many characters; counts readings."""

    def __init__(self, characters: Mapping[WorkflowId, int]) -> None:
        self._characters = characters
        self.readings: Counter[UUID] = Counter()

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator["_Database"]:
        yield self

    async def fetchrow(self, statement: str, id_: UUID, version: int) -> Mapping[str, Any]:
        del statement
        self.readings[id_] += 1
        text = "x" * self._characters.get(WorkflowId(id_), 1)
        steps = [{"id": "only", "action": "transform", "input": {"src": text}}]
        definition = {"name": "any", "triggers": [{"event_name": "a:b"}], "steps": steps}
        return {
            "id": id_,
            "environment_id": ENVIRONMENT,
            "version": version,
            "dialect": "native",
            "lifecycle": "ready",
            "is_active": True,
            "definition": json.dumps(definition),
            "source": "{}",
            "created_by": None,
            "created_at": AT,
            "updated_at": AT,
        }


def _of(number: int) -> WorkflowId:
    return WorkflowId(UUID(int=number))


async def _asked(
    entries_max: int, characters: Mapping[WorkflowId, int], *order: int
) -> Counter[UUID]:
    """How often each was read, when they are asked for in that order."""
    database = _Database(characters)
    plans = StoredPlans(cast(Pool, database), entries_max=entries_max, history_max=100)
    for number in order:
        assert (await plans.get(_of(number), 1)).workflow_id == _of(number)
    return database.readings


async def test_as_many_small_ones_are_kept_as_may_be() -> None:
    """Nothing small is read twice while there is room."""
    readings = await _asked(3, {}, 1, 2, 3, 1, 2, 3)
    assert set(readings.values()) == {1}


async def test_who_was_not_asked_for_lately_goes_first() -> None:
    """What was asked for again stays."""
    readings = await _asked(3, {}, 1, 2, 3, 1, 4, 1, 2)
    assert readings == {_of(1): 1, _of(2): 2, _of(3): 1, _of(4): 1}


async def test_a_large_one_counts_for_many() -> None:
    """It pushes several small ones out."""
    large = {_of(9): 3 * COUNTED_CHARS}
    readings = await _asked(5, large, 1, 2, 9, 1, 2)
    assert readings == {_of(1): 2, _of(2): 2, _of(9): 1}


async def test_one_larger_than_all_may_be_is_kept_alone() -> None:
    """It is read again only once another has come."""
    large = {_of(9): 9 * COUNTED_CHARS}
    readings = await _asked(3, large, 1, 9, 9, 1, 2, 9)
    assert readings == {_of(1): 2, _of(2): 1, _of(9): 2}
