"""Calling registered actions no oftener than their throttles say, over all executors."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final

import orjson

from services.executor.actions.answers import failed
from services.executor.call import Call
from shared.db.pool import Pool, translated
from shared.db.throttles import reserve
from shared.domain.actions import RegisteredAction, Throttle
from shared.domain.outcomes import ErrorKind, Failed, Parked, Wait, WaitKind
from shared.expr.errors import ExpressionError
from shared.expr.resolve import Resolver
from shared.runtime.clock import Clock
from shared.wire.envelope import stamp

AWAITED_S: Final = 1.0
"""For longer nobody waits in memory, nor for more than a quarter of what the attempt may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Throttles:
    """What throttles are made with."""

    pool: Pool
    clock: Clock
    resolver: Resolver

    def of(self, action: RegisteredAction) -> "Gate | None":
        """The throttle of an action; None: it may be called as often as anyone likes."""
        throttle = action.spec.throttle
        if throttle is None or not throttle.enabled:
            return None
        return Gate(action.name, throttle, self)


class Gate:
    """The throttle of one action. A place, once given, is kept until its window ends."""

    def __init__(self, name: str, throttle: Throttle, tools: Throttles) -> None:
        self._name = name
        self._throttle = throttle
        self._tools = tools

    async def passed(self, call: Call) -> Parked | Failed | None:
        """None: the call may be made now. Else the attempt waits until there is room for it."""
        tools = self._tools
        if call.room_until is not None and tools.clock.now() < call.room_until:
            return None
        try:
            key = await call.in_turn(partial(self._key, call))
        except ExpressionError as error:
            what = f"The throttle's key of '{self._name}' fails"
            return failed(ErrorKind.EXPRESSION, f"{what}: {error.message}")
        ttl = timedelta(seconds=self._throttle.ttl_s)
        with translated():
            async with tools.pool.acquire() as conn:
                now = tools.clock.now()  # its turn, and the connection, have been waited for
                ends_at = await reserve(
                    conn,
                    call.origin.environment_id,
                    self._name,
                    key,
                    limit=self._throttle.limit,
                    ttl=ttl,
                    now=now,
                )
        begins_at = ends_at - ttl
        wait_s = (begins_at - now).total_seconds()
        if wait_s > min(AWAITED_S, call.timeout_s / 4):
            data = {"from": stamp(begins_at), "until": stamp(ends_at)}
            return Parked(wait=Wait(kind=WaitKind.THROTTLE, data=data), wake_at=begins_at)
        if wait_s > 0:
            await tools.clock.sleep(wait_s)
        return None

    def _key(self, call: Call) -> bytes:
        """A digest: what the key comes to may be long, or a secret."""
        written, key = self._throttle.key, None
        if written is not None:
            seen = {"input": call.input}
            key = self._tools.resolver.resolve(written, seen, now=call.now, seed=0)
        return hashlib.sha256(orjson.dumps(key, option=orjson.OPT_SORT_KEYS)).digest()
