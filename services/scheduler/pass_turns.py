"""Turns that a crash left with nobody: given on, and told again.

An executor gives a turn on as its execution ends, and then tells whose turn it is; between those
two steps, or before them, it may be lost. Every round may run on any number of replicas at once.
"""

import asyncio
from datetime import timedelta

import structlog

from shared.assembly.platform import Platform
from shared.bus.protocol import Record
from shared.db.pool import translated
from shared.db.turns import end_turn, list_stuck, renew_turns
from shared.domain.ids import ExecutionId
from shared.wire.commands import encode_turn
from shared.wire.envelope import HEADERS

log = structlog.get_logger(__name__)

LOOK_AGAIN_S = 1.0
LEFT_FOR_S = 3.0
"""So long an executor has for it before anyone steps in, and before anyone does so again."""

AT_ONCE = 500


async def pass_turns(platform: Platform, stop: asyncio.Event) -> None:
    """A round every second, until ``stop``. Raises Unavailable."""
    while not stop.is_set():
        if await pass_stuck(platform) < AT_ONCE:
            await platform.clock.wait(stop, LOOK_AGAIN_S)


async def pass_stuck(platform: Platform) -> int:
    """Pass on what is stuck; gives how many turns were."""
    now = platform.clock.now()
    granted: list[ExecutionId] = []
    with translated():
        async with platform.pool.acquire() as conn:
            found = await list_stuck(conn, now - timedelta(seconds=LEFT_FOR_S), limit=AT_ONCE)
            unheard = [stuck.execution_id for stuck in found if not stuck.is_over]
            if unheard:
                await renew_turns(conn, unheard, now)
            for stuck in found:
                if stuck.is_over:
                    async with conn.transaction():
                        granted += await end_turn(conn, stuck.execution_id, now)
    if told := [*unheard, *granted]:
        log.info("turns_passed_on", executions=len(told))
        await platform.bus.publish([_told(platform, id_) for id_ in told])
    return len(found)


def _told(platform: Platform, execution_id: ExecutionId) -> Record:
    now = platform.clock.now()
    return Record(
        topic=platform.topics.commands,
        key=str(execution_id).encode(),
        value=encode_turn(execution_id, now, "/turnout/scheduler"),
        headers=HEADERS,
    )
