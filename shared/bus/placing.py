"""Which partition each record of a publish call goes to, and whether it may go at all."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from shared.bus.protocol import Record, TooLarge, TopicPartition, partition_of
from shared.domain.errors import Rejected

# Kafka's framing of a batch of one record, and of each header, at most.
_FRAME_BYTES: Final = 100
_HEADER_FRAME_BYTES: Final = 10


def size_of(record: Record) -> int:
    """Bytes that ``record`` takes on the bus, framing included; never less than the truth."""
    size = _FRAME_BYTES + len(record.key or b"") + len(record.value or b"")
    for name, value in record.headers:
        size += _HEADER_FRAME_BYTES + 4 * len(name) + len(value)
    return size


class Placer:
    """Sorts records into partitions.

    The records without a key of one call stay together, in one batch; calls take turns over the
    partitions.
    """

    def __init__(self, *, record_bytes_max: int) -> None:
        self._record_bytes_max = record_bytes_max
        self._turn = 0

    def place(
        self, records: Sequence[Record], partitions: Mapping[str, int]
    ) -> Mapping[TopicPartition, Sequence[Record]]:
        """The records by partition, in the order given; ``partitions`` counts them by topic.

        Raises TooLarge or Rejected, naming the record, if one is over the limit or its partition
        is not there: then none of them may be sent.
        """
        self._turn += 1
        placed: dict[tuple[str, int], list[Record]] = {}
        for index, record in enumerate(records):
            if size_of(record) > self._record_bytes_max:
                raise TooLarge(
                    f"Record {index}, for topic {record.topic!r}, is {size_of(record)} bytes; "
                    f"the limit is {self._record_bytes_max}. Nothing was published."
                )
            place = record.topic, self._partition(record, partitions[record.topic])
            if place[1] >= partitions[record.topic]:
                raise Rejected(f"Record {index}: topic {place[0]!r} has no partition {place[1]}")
            placed.setdefault(place, []).append(record)
        return {TopicPartition(*place): sent for place, sent in placed.items()}

    def _partition(self, record: Record, count: int) -> int:
        if record.partition is not None:
            return record.partition
        return self._turn % count if record.key is None else partition_of(record.key, count)


def topics_of(records: Iterable[Record]) -> Sequence[str]:
    """The topics that ``records`` go to, each once."""
    return sorted({record.topic for record in records})
