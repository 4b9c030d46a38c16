"""No word that was accepted for an execution is left lying, whoever comes and goes meanwhile."""

import asyncio
import random
from typing import Literal

import pytest

from shared.domain.ids import ExecutionId, StepId
from shared.domain.signals import Decided
from tests.support.works import (
    all_ended,
    cancel_command,
    check_history,
    open_works,
    signal_command,
    start,
    tell,
    until,
    workflow,
)

COUNT = 60
ROUNDS = 6
ASK = {"id": "ask", "kind": "approval", "approval": {"approver": {"type": "user", "id": "boss"}}}
TWICE = workflow(ASK, {**ASK, "id": "again"})

Command = tuple[ExecutionId, bytes]


def decided(id_: ExecutionId, step: str, word: Literal["approve", "reject"]) -> Command:
    """A person's word on a step."""
    told = Decided(
        step_id=StepId(step), decision=word, decision_id=f"{word}:{step}:{id_}", by="boss"
    )
    return id_, signal_command(id_, told)


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_words_that_cross_are_all_heard(database: str, seed: int) -> None:
    """Cancellations and contradicting decisions in small batches: nothing is left in the inbox."""
    chance = random.Random(seed)
    async with open_works(database, fetch_max=20) as works:
        flow = await works.register(workflow(ASK))
        for _ in range(ROUNDS):
            ids = await start(works, flow, COUNT)
            words = [
                word
                for each in ids
                for word in (
                    (each, cancel_command(each)),
                    decided(each, "ask", "approve"),
                    decided(each, "ask", "reject"),
                )
            ]
            chance.shuffle(words)
            for begin in range(0, len(words), 30):
                await tell(works, *words[begin : begin + 30])
                await asyncio.sleep(chance.random() * 0.01)
        await all_ended(works.pool, ROUNDS * COUNT)
        await until(works.pool, "SELECT count(*) FROM inbox", 0)
        await check_history(works)


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_a_word_for_the_next_wait_is_not_lost_as_the_execution_leaves(
    database: str, seed: int
) -> None:
    """Two approvals, each answered as soon as it is asked for: every execution comes to its end."""
    chance = random.Random(seed)
    async with open_works(database, fetch_max=20) as works:
        flow = await works.register(TWICE)
        ids = await start(works, flow, ROUNDS * COUNT)
        for step in ("ask", "again"):
            asked: set[ExecutionId] = set()
            async with asyncio.timeout(60):
                while len(asked) < len(ids):
                    rows = await works.pool.fetch(
                        "SELECT execution_id FROM waits WHERE step_id = $1", step
                    )
                    fresh = [id_ for row in rows if (id_ := row["execution_id"]) not in asked]
                    chance.shuffle(fresh)
                    await tell(works, *[decided(id_, step, "approve") for id_ in fresh[:10]])
                    asked.update(fresh[:10])
        await all_ended(works.pool, len(ids))
        await check_history(works)
