"""Records of Kafka as the protocol has them."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from aiokafka.structs import ConsumerRecord

from shared.bus.protocol import Received

_EPOCH: Final = datetime.fromtimestamp(0, UTC)
_STAMP_MS_MAX: Final = 253_402_300_799_000  # the last second of the year 9999


def received(records: Iterable[ConsumerRecord[bytes, bytes]]) -> list[Received]:
    """``records`` as the protocol has them; a header without a value gets an empty one."""
    found = []
    stamp, published_at = -1, _EPOCH
    for record in records:
        if record.timestamp != stamp:  # a batch's records mostly share one
            stamp = record.timestamp
            published_at = _moment(stamp)
        headers = record.headers
        found.append(
            Received(
                topic=record.topic,
                partition=record.partition,
                offset=record.offset,
                key=record.key,
                value=record.value,
                headers=tuple([(k, v or b"") for k, v in headers]) if headers else (),
                published_at=published_at,
            )
        )
    return found


def _moment(stamp_ms: int) -> datetime:
    """Who counts in micro- or nanoseconds is understood: no year has so many milliseconds."""
    while stamp_ms > _STAMP_MS_MAX:
        stamp_ms //= 1000
    return datetime.fromtimestamp(max(0, stamp_ms) / 1000, UTC)
