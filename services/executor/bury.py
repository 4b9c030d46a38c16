"""Giving to the dead letters what cannot be used."""

from collections.abc import Sequence

import structlog

from services.executor.metrics import ExecutorMetrics
from shared.assembly.platform import Platform
from shared.bus.dead_letters import letter_record
from shared.wire.dead_letters import DeadLetter

log = structlog.get_logger(__name__)


async def bury(platform: Platform, metrics: ExecutorMetrics, letters: Sequence[DeadLetter]) -> None:
    """Publish the letters. Raises Unavailable."""
    for letter in letters:
        metrics.dead_letters.labels(letter.reason).inc()
        log.warning("dead_letter", reason=letter.reason, detail=letter.detail)
    topic, now = platform.topics.dead_letters, platform.clock.now()
    await platform.bus.publish([letter_record(topic, letter, now) for letter in letters])
