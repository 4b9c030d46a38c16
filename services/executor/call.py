"""What an action is given, and what it answers."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol, TypeVar

from shared.domain.events import Event
from shared.domain.ids import StepId
from shared.domain.outcomes import Outcome
from shared.domain.steps import Step
from shared.runtime.clock import Clock
from shared.wire.results import Origin

T = TypeVar("T")


class InTurn(Protocol):
    """Computes what may take long, when its turn has come; the attempt's time stands still."""

    def __call__(self, work: Callable[[], T], *, has_sent: bool = False) -> Awaitable[T]:
        """What ``work`` comes to. Raises what it raises.

        ``has_sent``: the attempt has its answer, which would be lost were it broken off now.
        Raises TimeoutError when it is broken off as its turn comes.
        """
        ...


async def at_once(work: Callable[[], T], *, has_sent: bool = False) -> T:  # noqa: ARG001 - as above
    """Nobody else waits."""
    return work()


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One attempt of a step.

    ``key`` is the step's id, or that of an iterator's item or of a compensation; ``action`` the
    name of what is called. ``idempotency_key`` is the same for each attempt, so that a receiver
    can tell a repeat; ``timeout_s`` is what the attempt has in all. ``now`` is when it began, by
    ``clock``. ``room_until``: the end of the window in which a throttle gave it a place.
    """

    origin: Origin
    event: Event
    step: Step
    key: StepId
    action: str
    attempt: int
    input: Any
    idempotency_key: str
    timeout_s: float
    now: datetime
    room_until: datetime | None = None
    in_turn: InTurn = at_once
    clock: Clock | None = None

    @property
    def step_id(self) -> str:
        """The id under which the attempt is logged."""
        return self.key

    def as_of_now(self) -> "Call":
        """The same attempt, for what begins once it has waited, for its turn or for room."""
        return self if self.clock is None else replace(self, now=self.clock.now())

    @property
    def heartbeat_s(self) -> float | None:
        """How long a remote worker may be silent."""
        return self.step.heartbeat_s


class Action(Protocol):
    """Does a step's work. A failure is a Failed outcome, not an exception."""

    async def __call__(self, call: Call) -> Outcome:
        """Do it."""
        ...
