"""Looking back over events with a slow condition holds up nobody, and overlooks nothing."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

import orjson
import pytest

from shared.domain.ids import DEFAULT_ENVIRONMENT, EnvironmentId, ExecutionId, execution_id
from shared.runtime import budgets
from shared.wire.commands import encode_start
from shared.wire.events import encode_event
from tests.integration.test_event_waits_races import archived
from tests.integration.test_wait_isolation import OTHER, PAYLOAD, SLOW
from tests.support.awaiting import paid, wait
from tests.support.eventually import eventually
from tests.support.gated import Receiver, open_receiver
from tests.support.works import (
    NOTE,
    Works,
    all_ended,
    cancel,
    open_works,
    statuses,
    tell,
    until,
    workflow,
    workflow_id_of,
)

MATCH: Final = f"payload.ok or {SLOW}"
COUNT: Final = 4
LOOKING: Final = "SELECT count(*) FROM waits WHERE NOT has_looked_back"


@pytest.fixture
def no_share(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """No time comes back to an environment that has used up its own, until this is undone."""
    monkeypatch.setattr(budgets, "SHARE", 1e-9)
    return monkeypatch


async def begin(
    works: Works,
    receiver: Receiver,
    *events: Any,
    of: EnvironmentId = DEFAULT_ENVIRONMENT,
    **more: Any,
) -> ExecutionId:
    """An execution that looks back over events, which came after its start."""
    document = workflow(receiver.step(), wait(match=MATCH, **more), NOTE)
    flow = await works.register(document, environment_id=of)
    receiver.gate.clear()
    calls, event = len(receiver.keys), replace(paid({}, datetime.now(UTC)), environment_id=of)
    id_ = execution_id(workflow_id_of(flow), event.key)
    command = encode_start(
        id_, workflow_id_of(flow), flow.version, encode_event(event), event.received_at
    )
    await tell(works, (id_, command))
    await eventually(lambda: len(receiver.keys) > calls)
    for payload in events:
        came = replace(paid(payload, datetime.now(UTC)), environment_id=of)
        await archived(works.pool, came)
    receiver.gate.set()
    return id_


@asynccontextmanager
async def looking_back(
    database: str, **more: Any
) -> AsyncIterator[tuple[Works, Receiver, ExecutionId]]:
    """An execution that is looking back over slow events, the last of which is the one."""
    async with open_receiver() as receiver, open_works(database) as works:
        id_ = await begin(works, receiver, *[PAYLOAD] * COUNT, {"ok": True}, **more)
        await until(works.pool, LOOKING, 1)
        yield works, receiver, id_


async def test_another_environments_execution_goes_on(
    database: str, no_share: pytest.MonkeyPatch
) -> None:
    """It looks back, too, and ends before the slow one has found its event; which it then does."""
    async with looking_back(database) as (works, receiver, slow):
        other = await begin(works, receiver, {"ok": True}, of=OTHER)
        await all_ended(works.pool, 1)
        assert (await statuses(works.pool)) == {slow: "WAITING", other: "COMPLETED"}
        no_share.undo()
        await all_ended(works.pool, 2)
        assert await answer(works, slow) == {"ok": True}


@pytest.mark.usefixtures("no_share")
async def test_one_that_looks_back_can_be_cancelled(database: str) -> None:
    """However much it still has to look at."""
    async with looking_back(database) as (works, _, slow):
        await cancel(works, slow)
        await all_ended(works.pool, 1)
        assert (await statuses(works.pool)) == {slow: "CANCELLED"}


@pytest.mark.usefixtures("no_share")
async def test_its_step_ends_with_its_time(database: str) -> None:
    """Though it has not looked at all events."""
    async with looking_back(database, timeout_s=1.5) as (works, _, slow):
        await all_ended(works.pool, 1)
        assert (await statuses(works.pool)) == {slow: "FAILED"}


async def test_a_successor_looks_back_anew(database: str, no_share: pytest.MonkeyPatch) -> None:
    """An executor that leaves does not wait until it has looked at all events."""
    async with looking_back(database) as (works, _, slow):
        works.stop.set()
        await until(works.pool, LOOKING, 1)
    no_share.undo()
    async with open_works(database) as works:
        await all_ended(works.pool, 1)
        assert await answer(works, slow) == {"ok": True}


async def answer(works: Works, id_: ExecutionId) -> Any:
    """The payload that its waiting step completed with."""
    output = await works.pool.fetchval(
        "SELECT output FROM execution_log"
        " WHERE execution_id = $1 AND step_id = 'wait' AND status = 'COMPLETED'",
        id_,
    )
    return output and orjson.loads(output)["data"]
