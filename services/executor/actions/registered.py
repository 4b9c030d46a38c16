"""Actions that environments register: called at their own URL, or done by workers as tasks."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, Final

from pydantic import SecretStr

from services.executor.actions.answers import STORED_BYTES_MAX, failed, fetch
from services.executor.actions.throttle import Gate, Throttles
from services.executor.call import Call
from shared.db.actions import find_action
from shared.db.pool import Pool, translated
from shared.domain.actions import RegisteredAction
from shared.domain.errors import Invalid
from shared.domain.ids import EnvironmentId
from shared.domain.outcomes import Completed, ErrorKind, Failed, Outcome, Parked, Wait, WaitKind
from shared.egress.caller import Caller
from shared.egress.message import Request
from shared.egress.signing import signed_call
from shared.expr.schemas import JsonSchema
from shared.runtime.clock import Clock
from shared.wire.envelope import dumps
from shared.wire.strict_json import JsonLimits, read_json

ENTRIES_MAX: Final = 10_000
WORKER_S: Final = 3_600.0
"""What a worker has where neither the step nor the action says it."""

_Key = tuple[EnvironmentId, str, int | None]
_ANSWER = JsonLimits(body_bytes_max=STORED_BYTES_MAX)


class Contract:
    """What an action takes and gives."""

    def __init__(self, action: RegisteredAction) -> None:
        spec = action.spec
        self._name = action.name
        self._input = None if spec.input_schema is None else JsonSchema(spec.input_schema)
        self._output = None if spec.output_schema is None else JsonSchema(spec.output_schema)

    async def refusal(self, call: Call) -> Failed | None:
        """Why it is not called with an input as that of ``call``, with every fault."""
        if self._input is None:
            return None
        faults = await call.in_turn(partial(self._input.faults, call.input))
        what = f"The step's input does not fit the action '{self._name}'"
        return failed(ErrorKind.INVALID_INPUT, f"{what}: {'; '.join(faults)}.") if faults else None

    def answered(self, output: Any) -> Completed | Failed:
        """The end of an attempt with this output."""
        faults = self._output.faults(output) if self._output else []
        what = f"The output does not fit the output_schema of '{self._name}'"
        if faults:
            return failed(ErrorKind.UNFIT, f"{what}: {'; '.join(faults)}.")
        return Completed(output=output)


class HttpAction:
    """Posts the step's input to the action's URL; the JSON it answers is the step's output.

    Nothing answered is null. The receiver learns execution, step and attempt by headers, and with
    secrets the request is signed after Standard Webhooks.
    """

    def __init__(
        self,
        action: RegisteredAction,
        caller: Caller,
        secrets: Sequence[SecretStr],
        gate: Gate | None = None,
    ) -> None:
        self._gate = gate
        self._url = action.spec.url or ""
        self._timeout_s = action.spec.timeout_s
        self._contract = Contract(action)
        self._caller = caller
        self._secrets = secrets

    async def __call__(self, call: Call) -> Outcome:
        if (refusal := await self._contract.refusal(call)) is not None:
            return refusal
        if self._gate is not None and (held := await self._gate.passed(call)) is not None:
            return held
        call = call.as_of_now()
        response = await fetch(self._caller, self._request(call), call)
        if isinstance(response, Failed):
            return response
        try:
            output = read_json(response.body, _ANSWER) if response.body else None
        except Invalid as error:
            return failed(ErrorKind.UNFIT, f"The action's answer cannot be kept. {error.message}")
        return await call.in_turn(partial(self._contract.answered, output), has_sent=True)

    def _request(self, call: Call) -> Request:
        body = dumps(call.input)
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": call.idempotency_key,
            "Turnout-Execution-Id": str(call.origin.execution_id),
            "Turnout-Step-Id": call.step_id,
            "Turnout-Attempt": str(call.attempt),
        }
        if self._secrets:
            environment_id = call.origin.environment_id
            headers |= signed_call(
                self._secrets, environment_id, call.idempotency_key, call.now, body
            )
        return Request(
            method="POST",
            url=self._url,
            headers=headers,
            body=body,
            timeout_s=_within(call.timeout_s, self._timeout_s),
        )


class WorkerAction:
    """Parks the step until a worker has done the task, or is silent for too long."""

    def __init__(self, action: RegisteredAction, gate: Gate | None = None) -> None:
        self._action = action
        self._gate = gate
        self._timeout_s = action.spec.timeout_s
        self._contract = Contract(action)

    async def __call__(self, call: Call) -> Outcome:
        if (refusal := await self._contract.refusal(call)) is not None:
            return refusal
        if self._gate is not None and (held := await self._gate.passed(call)) is not None:
            return held
        call = call.as_of_now()
        given_s = WORKER_S if call.step.timeout_s is None else call.timeout_s
        timeout_s = _within(given_s, self._timeout_s)
        wait = Wait(
            kind=WaitKind.TASK,
            data={
                "action": self._action.name,
                "action_version": self._action.version,
                "task_id": f"{call.origin.execution_id}:{call.step_id}:{call.attempt}",
                "input": call.input,
                "heartbeat_s": call.heartbeat_s,
                "timeout_s": timeout_s,
            },
        )
        silent_s = _within(timeout_s, call.heartbeat_s)
        return Parked(wait=wait, wake_at=call.now + timedelta(seconds=silent_s))

    def answered(self, output: Any) -> Completed | Failed:
        """The end of an attempt whose task gave ``output``."""
        return self._contract.answered(output)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    action: HttpAction | WorkerAction | None
    until_s: float


class RegisteredActions:
    """The registry as the executor sees it: at most ``ttl_s`` old, each name read once in that."""

    def __init__(
        self,
        pool: Pool,
        caller: Caller,
        clock: Clock,
        *,
        throttles: Throttles,
        secrets: Sequence[SecretStr] = (),
        ttl_s: float,
    ) -> None:
        self._pool = pool
        self._caller = caller
        self._clock = clock
        self._throttles = throttles
        self._secrets = secrets
        self._ttl_s = ttl_s
        self._known: dict[_Key, _Entry] = {}
        self._reading = asyncio.Lock()

    async def find(
        self, environment_id: EnvironmentId, name: str, version: int | None = None
    ) -> HttpAction | WorkerAction | None:
        """A version of an action, or the latest; None: there is none. Raises Unavailable."""
        key = (environment_id, name, version)
        if (entry := self._fresh(key)) is None:
            # One reader: of the many steps that miss a name at once, the first one reads it.
            async with self._reading:
                entry = self._fresh(key) or await self._read(key)
        return entry.action

    def _fresh(self, key: _Key) -> _Entry | None:
        entry = self._known.get(key)
        return entry if entry is not None and self._clock.monotonic() < entry.until_s else None

    async def _read(self, key: _Key) -> _Entry:
        until_s = self._clock.monotonic() + self._ttl_s
        with translated():
            async with self._pool.acquire() as conn:
                found = await find_action(conn, *key)
        entry = _Entry(action=self._made(found), until_s=until_s)
        self._known.pop(key, None)
        self._known[key] = entry
        if len(self._known) > ENTRIES_MAX:
            self._known.pop(next(iter(self._known)))
        return entry

    def _made(self, action: RegisteredAction | None) -> HttpAction | WorkerAction | None:
        if action is None:
            return None
        if action.spec.url is None:
            return WorkerAction(action, self._throttles.of(action))
        return HttpAction(action, self._caller, self._secrets, self._throttles.of(action))


def _within(limit_s: float, other_s: float | None) -> float:
    return limit_s if other_s is None else min(limit_s, other_s)
