"""Batches of Kafka that publishers of all kinds may send: each can be read.

Kafka takes any bytes for the name of a header, and some clients send them. aiokafka raises in the
midst of the batch instead, which reaches whoever fetches, again and again; by then it has dropped
what it had gathered, of other partitions too, and behind such a record it reads nothing of its
batch. And a compressed batch may be thousands of times as large as it came: zstandard's 30,000
times, which ends whoever reads it, again and again. Nothing of that can be mended from outside. So
what takes batches apart for its fetcher is replaced, once in a process: such a name is told with
``?`` for each byte that is no ASCII, and for a batch that is too large there comes one record
without a value.
"""

import struct
import zlib
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final, NamedTuple

import cramjam
from aiokafka import codec
from aiokafka.consumer import fetcher
from aiokafka.record.default_records import DefaultRecordBatch
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.record.util import decode_varint

BATCH_BYTES_MAX: Final = 32 * 1024 * 1024
"""Of a batch, no longer compressed."""
TOO_LARGE: Final = (("turnout-unreadable", b"a batch of more than 32 MiB"),)
"""The header of the record that comes for a batch that is too large."""

_ROOM_TIMES: Final = 32
# Of a batch (KIP-98): its offset and its length, which counts from there on; then so many bytes to
# its attributes, of which the last three bits say how what follows is compressed.
_PREFIX: Final = struct.Struct(">qi")
_ATTRIBUTES: Final = struct.Struct(">h")
_ATTRIBUTES_AT: Final = 21
_CODEC_BITS: Final = 0b111
_GZIP, _SNAPPY, _LZ4 = 1, 2, 3  # and zstandard
_COUNT: Final = struct.Struct(">i")
_COUNT_AT: Final = 57
_RECORDS_AT: Final = 61


def read_any_batch() -> None:
    """Have every consumer of this process read such. To be called before any is started."""
    vars(fetcher)["MemoryRecords"] = _Batches


class _Batches:
    """What one partition's part of an answer holds, as aiokafka's ``MemoryRecords``."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._batches = MemoryRecords(data)
        self._at = 0

    def size_in_bytes(self) -> int:
        """All of it."""
        return self._batches.size_in_bytes()

    def has_next(self) -> bool:
        """Whether there is another batch, whole."""
        return self._batches.has_next()

    def next_batch(self) -> Any:
        """The next one; None when there is none."""
        batch = self._batches.next_batch()
        if batch is None:
            return None
        begin = self._at
        self._at += _PREFIX.size + _PREFIX.unpack_from(self._data, begin)[1]
        if not isinstance(batch, DefaultRecordBatch):
            return batch  # before Kafka 0.11 there were no headers
        return _Batch(batch, slice(begin, self._at), self._data)


class _Batch:
    """A batch that can be read whatever is in it; all else is aiokafka's own."""

    def __init__(self, batch: Any, place: slice, data: bytes) -> None:
        self._batch = batch
        self._place = place
        self._data = data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __iter__(self) -> Iterator[Any]:
        batch, raw = self._batch, self._raw
        if batch.compression_type:
            unpacked = _unpacked(raw())
            if unpacked is None:
                yield _Unreadable(batch.next_offset - 1, batch.max_timestamp, batch.timestamp_type)
                return
            batch, raw = DefaultRecordBatch(unpacked), lambda: unpacked
        given = 0
        try:
            for record in batch:
                given += 1
                yield record
        except UnicodeDecodeError:
            yield from islice(_mended(raw()), given, None)

    def __next__(self) -> Any:
        return next(self._batch)

    def _raw(self) -> bytes:
        return bytes(self._data[self._place])


class _Unreadable(NamedTuple):
    """Stands for the records of a batch that is too large, at the offset of the last."""

    offset: int
    timestamp: int
    timestamp_type: int
    key: None = None
    value: None = None
    headers: Any = TOO_LARGE
    checksum: None = None


def _unpacked(raw: bytes) -> bytes | None:
    """A batch as it is without compression; None where it would be too large."""
    (attributes,) = _ATTRIBUTES.unpack_from(raw, _ATTRIBUTES_AT)
    body = _inflated(attributes & _CODEC_BITS, raw[_RECORDS_AT:])
    if body is None:
        return None
    head = bytearray(raw[:_RECORDS_AT])
    offset, _ = _PREFIX.unpack_from(head)
    _PREFIX.pack_into(head, 0, offset, _RECORDS_AT - _PREFIX.size + len(body))
    _ATTRIBUTES.pack_into(head, _ATTRIBUTES_AT, attributes & ~_CODEC_BITS)
    return bytes(head) + body


def _inflated(kind: int, body: bytes) -> bytes | None:
    if kind == _GZIP:
        stream = zlib.decompressobj(zlib.MAX_WBITS | 16)
        found = stream.decompress(body, BATCH_BYTES_MAX + 1)
        return found if len(found) <= BATCH_BYTES_MAX else None
    if kind == _SNAPPY:  # at most some twenty times as large
        return bytes(codec.snappy_decode(body))
    return _into(cramjam.lz4 if kind == _LZ4 else cramjam.zstd, body)


def _into(module: Any, body: bytes) -> bytes | None:
    for room in sorted({min(_ROOM_TIMES * len(body), BATCH_BYTES_MAX), BATCH_BYTES_MAX}):
        found = bytearray(room)
        try:
            count = module.decompress_into(body, found)
        except cramjam.DecompressionError:  # mostly: there is more than room for it
            continue
        del found[count:]
        return bytes(found)
    return None


def _mended(raw: bytes) -> Iterator[Any]:
    """A batch, not compressed, with names that can be read."""
    batch = bytearray(raw)
    (count,) = _COUNT.unpack_from(batch, _COUNT_AT)
    _mend_names(batch, count)
    return iter(DefaultRecordBatch(bytes(batch)))


def _mend_names(records: bytearray, count: int) -> None:
    """In place: each record keeps its length. Where it is broken otherwise, its reader says so."""
    at = _RECORDS_AT
    for _ in range(count):
        length, at = decode_varint(records, at)
        end, at = at + length, at + 1  # past its attributes
        for _ in ("timestamp", "offset"):
            _, at = decode_varint(records, at)
        for _ in ("key", "value"):
            _, at = _bytes_at(records, at)
        headers, at = decode_varint(records, at)
        for _ in range(headers):
            name, at = _bytes_at(records, at)
            try:
                records[name].decode()
            except UnicodeDecodeError:
                records[name] = bytes(b if b < 0x80 else ord("?") for b in records[name])  # noqa: PLR2004 - ASCII
            _, at = _bytes_at(records, at)
        at = end


def _bytes_at(records: bytearray, at: int) -> tuple[slice, int]:
    """Where the bytes are whose length is told there, and what comes behind; -1 means none."""
    length, at = decode_varint(records, at)
    end = at + max(0, length)
    return slice(at, end), end
