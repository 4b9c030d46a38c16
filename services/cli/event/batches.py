"""Many events in a file: an array, or one JSON document a line."""

import io
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Any, Final

import orjson

from shared.domain.errors import Problem
from shared.wire.strict_json import JsonFault, JsonLimits, invalid, read_json

BATCH_MAX: Final = 1_000
BATCH_BYTES_MAX: Final = 200_000

_ANY: Final = 1 << 40
# What is sent without an id gets one: see ``shared.client.repeating``.
_ID_BYTES: Final = len(',"id":""') + 36
_LIMITS: Final = JsonLimits(body_bytes_max=_ANY, depth_max=_ANY, keys_max=_ANY)

Batch = tuple[int, Sequence[Any]]
"""Which event of the file its first is, from 0 on, and all of them."""


def batches(file: IO[bytes]) -> Iterator[Batch]:
    """The events of a file, as many at a time as the API takes. Raises Invalid with the line."""
    batch: list[Any] = []
    begin = size = 0
    for number, (event, own_bytes) in enumerate(_events(file)):
        size_bytes = own_bytes + _ID_BYTES
        if batch and (len(batch) == BATCH_MAX or size + size_bytes > BATCH_BYTES_MAX):
            yield begin, batch
            batch, begin, size = [], number, 0
        batch.append(event)
        size += size_bytes
    if batch:
        yield begin, batch


def in_file(problems: Iterable[Problem], begin: int) -> Iterator[Problem]:
    """The faults of a batch, at their places in the whole file."""
    for fault in problems:
        number, *rest = fault.pointer.split("/")[1:] or [""]  # "": the batch itself
        place = "/".join(("", str(begin + int(number)), *rest)) if number.isdecimal() else ""
        yield Problem(pointer=place, code=fault.code, detail=fault.detail)


def _events(file: IO[bytes]) -> Iterator[tuple[Any, int]]:
    """Each event, and its bytes."""
    first = file.readline().removeprefix(BOM_UTF8)
    if first.lstrip().startswith(b"["):
        for event in read_json(first + file.read(), _LIMITS):
            yield event, len(orjson.dumps(event)) + 1
        return
    for number, line in enumerate(_lines(first, file), start=1):
        if line.strip():
            try:
                yield orjson.loads(line), len(line)
            except orjson.JSONDecodeError as fault:
                detail = f"Line {number} is not JSON: {fault}."
                raise invalid("", JsonFault.UNREADABLE, detail) from None


def _lines(first: bytes, rest: IO[bytes]) -> Iterator[bytes]:
    yield from io.BytesIO(first)
    yield from rest
