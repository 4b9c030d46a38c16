"""The moments of the product that matter: where a process may be killed, or made to wait."""

import asyncio
import os
import random
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from tests.chaos.patches import patch

KILLED: Final = "chaos: killed at "
"""What a process says last, on standard error, when it ends itself at a named point."""

_STUTTER_S: Final = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """``before`` or after a call of what is at ``place``; it takes ``parameters``."""

    name: str
    place: str
    parameters: str
    before: bool = False


_POINTS: Final = (
    Point(
        name="after_http_before_commit",
        place="services.executor.life:perform",
        parameters="run performing tools",
    ),
    Point(
        name="before_commit",
        place="services.executor.ledger:commit_group",
        parameters="conn group",
        before=True,
    ),
    Point(
        name="after_commit_before_publish",
        place="services.executor.ledger:commit_group",
        parameters="conn group",
    ),
    Point(
        name="after_publish_before_cursor",
        place="services.executor.publish:Publisher._send",
        parameters="self records",
    ),
    Point(
        name="after_publish_before_offset",
        place="shared.bus.kafka_subscription:KafkaSubscription.commit",
        parameters="self positions",
        before=True,
    ),
    Point(
        name="after_offset",
        place="shared.bus.kafka_subscription:KafkaSubscription.commit",
        parameters="self positions",
    ),
    Point(
        name="after_archive_before_trigger",
        place="services.trigger_ingest.ingest:accept",
        parameters="conn candidates",
    ),
    Point(
        name="after_claim_before_taking_up",
        place="services.executor.recover:claim",
        parameters="conn partition owner now",
    ),
    Point(
        name="while_leaving",
        place="services.executor.ledger:Ledger.disown",
        parameters="self owned",
        before=True,
    ),
    Point(
        name="after_keeping_before_offset",
        place="services.webhooks.take_records:add_deliveries",
        parameters="conn wanted now",
    ),
    Point(
        name="after_claim_before_attempt",
        place="services.webhooks.deliver:claim_deliveries",
        parameters="conn shares now until",
    ),
    Point(
        name="after_attempt_before_note",
        place="services.webhooks.note:note_attempts",
        parameters="conn attempts",
        before=True,
    ),
    Point(
        name="after_firing_before_commit",
        place="services.scheduler.fire_schedules:put_off",
        parameters="conn dealt_with",
        before=True,
    ),
)
POINTS: Final[Mapping[str, Point]] = MappingProxyType({point.name: point for point in _POINTS})


@dataclass(slots=True)
class Nerves:
    """How often a process waits a moment at a point; once the file ``calm`` is there: never."""

    chance: random.Random
    stutter: float
    calm: Path | None

    def fail(self, probability: float) -> bool:
        """Whether it happens now."""
        return self.chance.random() < probability and not (self.calm and self.calm.exists())


def watch(point: Point, nerves: Nerves, *, crash: float) -> None:
    """At the point, perhaps wait a moment; with probability ``crash`` kill the process.

    Raises Unfit when the code has no such point any more.
    """

    async def here() -> None:
        if nerves.fail(nerves.stutter):
            await asyncio.sleep(nerves.chance.random() * _STUTTER_S)
        if nerves.fail(crash):
            _die(point.name)

    def change(call: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(call)
        async def watched(*given: Any, **named: Any) -> Any:
            if point.before:
                await here()
            result = await call(*given, **named)
            if not point.before:
                await here()
            return result

        return watched

    patch(point.place, change, parameters=point.parameters)


def _die(name: str) -> None:
    """As kill -9 does: nothing is flushed, nobody is told."""
    sys.stderr.write(f"{KILLED}{name}\n")
    sys.stderr.flush()
    os.kill(os.getpid(), signal.SIGKILL)
