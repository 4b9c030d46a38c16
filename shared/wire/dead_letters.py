"""What could not be used, as records on ``dead_letters``."""

from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime

from shared.domain.ids import EnvironmentId
from shared.wire.envelope import envelope, stamp
from shared.wire.messages import DeadLetterData

VALUE_BYTES_MAX = 262_144
KEY_BYTES_MAX = 1_024


@dataclass(frozen=True, slots=True, kw_only=True)
class Unusable:
    """A record that could not be used: where it stands, and why."""

    reason: str
    detail: str
    pointer: str
    topic: str
    partition: int
    offset: int

    @property
    def record_id(self) -> str:
        """The same for the same record and reason, however often it is read."""
        return f"{self.topic}/{self.partition}@{self.offset}:{self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter(Unusable):
    """With what it held. Its own record goes under the same ``key``.

    ``environment_id`` is None where it cannot be told.
    """

    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()
    environment_id: EnvironmentId | None = None

    @property
    def record_key(self) -> bytes | None:
        """The original key, unless it is too long to be carried along."""
        return self.key if len(self.key or b"") <= KEY_BYTES_MAX else None


def encode_dead_letter(letter: DeadLetter, at: datetime) -> bytes:
    """The dead_letters record; the value is cut after ``VALUE_BYTES_MAX`` bytes."""
    value = letter.value
    data: DeadLetterData = {
        "reason": letter.reason,
        "detail": letter.detail,
        "pointer": letter.pointer,
        "topic": letter.topic,
        "partition": letter.partition,
        "offset": letter.offset,
        "value_base64": None if value is None else b64encode(value[:VALUE_BYTES_MAX]).decode(),
        "value_bytes": len(value or b""),
    }
    return envelope(
        record_id=letter.record_id,
        kind="turnout.dead-letter",
        source=f"/turnout/topics/{letter.topic}",
        subject=letter.reason,
        time=stamp(at),
        data=data,
    )
