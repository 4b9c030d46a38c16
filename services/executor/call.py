"""What an action is given, and what it answers."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from shared.domain.events import Event
from shared.domain.outcomes import Outcome
from shared.wire.results import Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One attempt of a step.

    ``idempotency_key`` is the same for each attempt of the step, so that a receiver can tell a
    repeat; ``timeout_s`` is what the attempt has in all.
    """

    origin: Origin
    event: Event
    step_id: str
    attempt: int
    input: Any
    idempotency_key: str
    timeout_s: float
    now: datetime


class Action(Protocol):
    """Does a step's work. A failure is a Failed outcome, not an exception."""

    async def __call__(self, call: Call) -> Outcome:
        """Do it."""
        ...
