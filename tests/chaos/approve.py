"""A person with two minds: on each open approval says yes and no at once."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any, Final

from aiohttp import ClientError

from tests.chaos.history import History
from tests.chaos.workflows import BOSS

LOOK_S: Final = 0.5
QUIET_S: Final = 3.0

Ask = Callable[..., Awaitable[Any]]


async def approve(
    ask: Ask, history: History, seed: int, done: asyncio.Event, until_s: float
) -> None:
    """Decide until ``done`` and none has been open for a while."""
    chance, seen = Random(f"approve:{seed}"), set[str]()
    quiet_s = time.monotonic()
    async with asyncio.TaskGroup() as group:
        while time.monotonic() < until_s:
            try:
                reply = await ask("GET", "/v1/waits?kind=approval&limit=100")
                found = reply.body["items"] if reply.status == 200 else []
            except (ClientError, TimeoutError, OSError):
                found = []
            for wait in found:
                id_ = f"{wait['execution_id']}:{wait['step_id']}"
                if id_ not in seen:
                    seen.add(id_)
                    words = chance.sample(("approve", "reject"), 2)
                    for word in words:
                        group.create_task(_decide(ask, history, wait, word))
            if found:
                quiet_s = time.monotonic()
            elif done.is_set() and time.monotonic() - quiet_s > QUIET_S:
                return
            await asyncio.sleep(LOOK_S)


async def _decide(ask: Ask, history: History, wait: dict[str, Any], word: str) -> None:
    execution, step = wait["execution_id"], wait["step_id"]
    id_, decision_id = f"{execution}:{step}", f"{word}:{execution}"[:100]
    body = {"decision": word, "by": BOSS, "decision_id": decision_id}
    history.write("decide", "invoke", id_, word=word)
    try:
        reply = await ask("POST", f"/v1/executions/{execution}/steps/{step}/decision", body)
    except (ClientError, TimeoutError, OSError) as error:
        history.write("decide", "info", id_, word=word, error=repr(error)[:200])
        return
    won = reply.body.get("won") if reply.status == 200 else None
    outcome = "ok" if reply.status < 300 else "info" if reply.status >= 500 else "fail"
    history.write("decide", outcome, id_, word=word, won=won, status=reply.status)
