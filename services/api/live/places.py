"""Where in the topics a listener is, as the id of an event: compact, and opaque to its reader.

The positions of each topic's partitions in order, as differences, since evenly filled partitions
have similar ones; each number takes as few bytes as it needs.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

from shared.bus.protocol import TopicPartition

Places = Mapping[TopicPartition, int]
"""The offset of the next record, for each partition."""

_NUMBER_MAX = 2**63


def id_of(topics: Sequence[str], places: Places) -> str:
    """The id of an event after which a listener is at ``places``."""
    numbers: list[int] = []
    for topic in topics:
        offsets = [places[TopicPartition(topic, n)] for n in range(_partitions(topic, places))]
        numbers += [len(offsets), *(b - a for a, b in pairwise([0, *offsets]))]
    return urlsafe_b64encode(bytes(_packed(numbers))).rstrip(b"=").decode()


def places_of(topics: Sequence[str], written: str) -> Places | None:
    """The places of an id; None for what is none."""
    places: dict[TopicPartition, int] = {}
    try:
        numbers = _unpacked(urlsafe_b64decode(written + "=" * (-len(written) % 4)))
        for topic in topics:
            offset = 0
            for n in range(next(numbers)):
                offset += next(numbers)
                places[TopicPartition(topic, n)] = offset
        is_whole = next(numbers, None) is None
    except (ValueError, StopIteration):
        return None
    return places if is_whole and all(0 <= at < _NUMBER_MAX for at in places.values()) else None


def _partitions(topic: str, places: Places) -> int:
    return sum(at.topic == topic for at in places)


def _packed(numbers: Iterable[int]) -> Iterator[int]:
    for number in numbers:
        left = number << 1 if number >= 0 else (-number << 1) - 1
        while left > 0x7F:  # noqa: PLR2004 - seven bits a byte; the eighth says that more follow
            yield left & 0x7F | 0x80
            left >>= 7
        yield left


def _unpacked(packed: bytes) -> Iterator[int]:
    """Raises ValueError where a number is cut off, or too long."""
    number = shift = 0
    for byte in packed:
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte & 0x80:
            if shift > 63:  # noqa: PLR2004 - no offset takes more
                raise ValueError
            continue
        yield number >> 1 if number % 2 == 0 else -((number + 1) >> 1)
        number = shift = 0
    if shift:
        raise ValueError
