"""How far commands are executed, left with the bus now and then: it need not keep them longer.

Nobody reads from there. Whoever takes a partition over begins where the database says, which is
never behind what is left here.
"""

from collections.abc import Mapping
from typing import Final

import structlog

from services.executor.runs import Owned
from shared.bus.protocol import Subscription, TopicPartition
from shared.domain.errors import Unavailable
from shared.runtime.clock import Clock
from shared.runtime.roles import heed_cancellation

LEAVE_EVERY_S: Final = 30.0

log = structlog.get_logger(__name__)


async def leave_positions(
    subscription: Subscription, owned: Mapping[int, Owned], clock: Clock
) -> None:
    """Commit what has moved since the last time, until cancelled."""
    left: Mapping[TopicPartition, int] = {}
    while True:
        durable = {
            at: owned[at.partition].consumed_offset
            for at in subscription.assignment()
            if at.partition in owned
        }
        try:
            await subscription.commit(dict(durable.items() - left.items()))
        except Unavailable as error:  # whoever fetches tells of it
            heed_cancellation()
            log.debug("positions_not_left", reason=error.message)
        else:
            left = durable
        await clock.sleep(LEAVE_EVERY_S)
