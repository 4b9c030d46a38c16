"""Giving to the dead letters what cannot be used."""

from collections.abc import Sequence

import structlog

from shared.assembly.platform import Platform
from shared.bus.dead_letters import letter_record
from shared.db.dead_letters import keep_letters
from shared.db.pool import translated
from shared.runtime.environment_names import EnvironmentCounter
from shared.wire.dead_letters import DeadLetter

log = structlog.get_logger(__name__)


async def bury(
    platform: Platform, letters: Sequence[DeadLetter], counter: EnvironmentCounter
) -> None:
    """Publish the letters, and keep them where they can be tried again. Raises Unavailable.

    To be called before what they are made of is committed: read again, they are buried again, in
    the same place. ``counter`` counts them by reason. A letter of nobody is the default
    environment's.
    """
    if not letters:
        return
    for letter in letters:
        counter.add(letter.environment_id or platform.default_environment, letter.reason)
        log.warning(
            "dead_letter",
            reason=letter.reason,
            detail=letter.detail,
            topic=letter.topic,
            partition=letter.partition,
            offset=letter.offset,
        )
    topic, now = platform.topics.dead_letters, platform.clock.now()
    await platform.bus.publish([letter_record(topic, letter, now) for letter in letters])
    with translated():
        async with platform.pool.acquire() as conn:
            await keep_letters(conn, letters, now, nobody=platform.default_environment)
