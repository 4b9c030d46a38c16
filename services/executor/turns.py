"""Executions of a workflow that run by turns: asking for a turn, and giving it on.

Asking is the execution's first step. Where there is no room the step parks; once that is durable
the executor looks whether its turn has come meanwhile, and from then on it is told. An execution
that has ended gives its turn on; what a crash leaves the scheduler passes on.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from weakref import WeakValueDictionary

import orjson

from services.executor.call import Call
from services.executor.runs import Run
from shared.assembly.platform import Platform
from shared.bus.protocol import Record
from shared.db.pool import translated
from shared.db.turns import Asking, ask_turn, end_turn, has_turn
from shared.domain.ids import ExecutionId, WorkflowId
from shared.domain.outcomes import Completed, Outcome, Parked, Wait, WaitKind
from shared.domain.plans import TURN
from shared.wire.commands import encode_turn
from shared.wire.envelope import HEADERS


class Turns:
    """The action of the step ``$turn``, and what follows of the end of an execution."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        # By workflow and key: what others wait for must not tell that a key is used elsewhere.
        self._asking = WeakValueDictionary[tuple[WorkflowId, bytes], asyncio.Lock]()

    async def __call__(self, call: Call) -> Outcome:
        """Completed once the execution may run; a key of null, and force, need no turn."""
        key, asked = call.input["key"], call.origin.lineage.asked
        if key is None or (asked is not None and asked.force):
            return Completed()
        digest = hashlib.sha256(orjson.dumps(key, option=orjson.OPT_SORT_KEYS)).digest()
        origin = call.origin
        asking = Asking(origin.execution_id, origin.workflow_id, digest, call.input["most"])
        # One at a time, so that they ask in the order in which they came to this executor.
        async with self._asking.setdefault((origin.workflow_id, digest), asyncio.Lock()):
            with translated():
                async with self._platform.pool.acquire() as conn, conn.transaction():
                    granted = await ask_turn(conn, asking, self._platform.clock.now())
                    is_granted = await has_turn(conn, origin.execution_id)
        await self._tell([id_ for id_ in granted if id_ != origin.execution_id])
        if is_granted:
            return Completed()
        return Parked(wait=Wait(kind=WaitKind.TURN, data={"key": key}))

    async def has_come(self, execution_id: ExecutionId) -> bool:
        """Whether an execution may run. Raises Unavailable."""
        with translated():
            async with self._platform.pool.acquire() as conn:
                return await has_turn(conn, execution_id)

    async def left(self, run: Run) -> None:
        """Give on the turn of an execution that leaves memory, if it has ended.

        Raises Unavailable.
        """
        if not run.state.status.is_terminal or TURN not in run.plan.by_id:
            return
        with translated():
            async with self._platform.pool.acquire() as conn, conn.transaction():
                granted = await end_turn(conn, run.id, self._platform.clock.now())
        await self._tell(granted)

    async def _tell(self, granted: Sequence[ExecutionId]) -> None:
        platform = self._platform
        topic, now = platform.topics.commands, platform.clock.now()
        records = [
            Record(
                topic=topic,
                key=str(id_).encode(),
                value=encode_turn(id_, now, "/turnout/executor"),
                headers=HEADERS,
            )
            for id_ in granted
        ]
        if records:
            await platform.bus.publish(records)
