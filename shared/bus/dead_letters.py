"""Records that could not be used, on their way to the dead letters."""

from datetime import datetime

from shared.bus.protocol import Received, Record
from shared.domain.ids import EnvironmentId
from shared.wire.dead_letters import DeadLetter, encode_dead_letter


def dead_letter(
    record: Received,
    reason: str,
    detail: str,
    pointer: str = "",
    environment_id: EnvironmentId | None = None,
) -> DeadLetter:
    """Why ``record`` cannot be used; ``pointer`` leads to the fault in its value."""
    return DeadLetter(
        reason=reason,
        detail=detail,
        pointer=pointer,
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        key=record.key,
        value=record.value,
        headers=record.headers,
        environment_id=environment_id,
    )


def letter_record(topic: str, letter: DeadLetter, at: datetime) -> Record:
    """The record to publish on ``topic``."""
    return Record(topic=topic, key=letter.record_key, value=encode_dead_letter(letter, at))
