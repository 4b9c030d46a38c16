"""What the topics must hold, and what was found of it: on disk, whatever its size."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import Final, NamedTuple

from shared.bus.protocol import Received, partition_of
from shared.runtime.sql import statements

_SQL: Final = statements(Path(__file__).with_name("queries"))
_HASHES: Final = 2**32


class Wanted(NamedTuple):
    """A record that must be on a topic, published ``since`` a time or later.

    ``subject`` says what of; without a ``digest`` its bytes do not matter. ``cut`` is that of the
    record without its values, where it may be published so. ``key`` is the record's.
    """

    topic: str
    id: str
    subject: str
    digest: bytes | None
    key: bytes
    since: datetime
    cut: bytes | None = None


class Found(NamedTuple):
    """What was found of something wanted: nothing, or its partition and first offset.

    ``hash`` modulo the count of partitions is the one where it belongs.
    """

    hash: int
    since: datetime
    partition: int | None
    offset: int | None


class Odd(NamedTuple):
    """Something wanted that was not found exactly once as it must be."""

    id: str
    subject: str
    found: Found
    copies: int
    differs: bool


class Shelf:
    """About 180 bytes on disk for each record wanted.

    ``letters_from``: no dead letter published since then is missing because of its age.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self.letters_from = datetime.min.replace(tzinfo=UTC)
        for name in ("make_wanted", "make_letters"):
            db.execute(_SQL[name])

    def want(self, wanted: Iterable[Wanted]) -> None:
        """Note what must be there."""
        rows = ((*w[:4], w.cut, partition_of(w.key, _HASHES), w.since.timestamp()) for w in wanted)
        self._db.executemany(_SQL["add_wanted"], rows)

    def mark(self, id_: object, record: Received) -> bool:
        """Note that a record was found; False: nobody wants it, or what has its id."""
        if not isinstance(id_, str):
            return False
        place = (record.partition, record.offset)
        row = (*place, digest(record.value or b""), record.topic, id_)
        return self._db.execute(_SQL["mark_found"], row).rowcount > 0

    def get(self, topic: str, id_: str) -> Found | None:
        """What was found of something; None: nobody wants it."""
        row = self._db.execute(_SQL["get_found"], (topic, id_)).fetchone()
        return None if row is None else _found(*row)

    def topics(self) -> list[str]:
        """Where something is wanted."""
        return [topic for (topic,) in self._db.execute(_SQL["list_topics"])]

    def odd(self, topic: str) -> Iterator[Odd]:
        """What of a topic is not there exactly once as it must be."""
        for id_, subject, *found, copies, differs in self._db.execute(_SQL["list_odd"], (topic,)):
            yield Odd(id_, subject, _found(*found), copies, bool(differs))

    def of_subject(self, topic: str, subject: str) -> Iterator[tuple[str, Found]]:
        """What is wanted on a topic for one reason."""
        for id_, *rest in self._db.execute(_SQL["list_subject"], (topic, subject)):
            yield id_, _found(*rest)

    def bury(self, place: str) -> None:
        """Note that the record at a place went to the dead letters."""
        self._db.execute(_SQL["add_letter"], (place,))

    def is_buried(self, place: str) -> bool:
        """Whether it did."""
        return self._db.execute(_SQL["has_letter"], (place,)).fetchone() is not None


@contextmanager
def open_shelf() -> Iterator[Shelf]:
    """An empty shelf in a temporary file that nobody else sees, gone at the end."""
    with closing(sqlite3.connect("", isolation_level=None)) as db:
        yield Shelf(db)


def digest(value: bytes) -> bytes:
    """What tells one record's bytes from another's."""
    return blake2b(value, digest_size=16).digest()


def _found(hash_: int, since: float, partition: int | None, offset: int | None) -> Found:
    return Found(hash_, datetime.fromtimestamp(since, UTC), partition, offset)
