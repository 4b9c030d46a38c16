"""What a topic may have deleted in the course of time, and what it cannot have."""

from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from services.cli.doctor.conservation.ground import MARGIN, Kept
from services.cli.doctor.conservation.shelf import Found

EVER: Final = datetime.min.replace(tzinfo=UTC)
NEVER: Final = datetime.max.replace(tzinfo=UTC)
NOW: Final = datetime(2026, 11, 23, tzinfo=UTC)
DAY: Final = timedelta(days=1)
EDGE: Final = NOW - 7 * DAY
"""What is older was deleted."""


def lacking(topic: Kept, at: datetime) -> int:
    """How many of 24 records of a time, which were not found, the topic may have deleted."""
    return sum(topic.lacks(Found(hash_, at, None, None)) for hash_ in range(24))


def test_what_came_after_the_edge_cannot_have_gone() -> None:
    """What is older may; within what clocks may differ by nobody can tell."""
    topic = Kept([EDGE] * 8, [EDGE] * 8)
    assert lacking(topic, EDGE - DAY) == 24
    assert lacking(topic, EDGE + 0.9 * MARGIN) == 24
    assert lacking(topic, EDGE + 2 * MARGIN) == 0


@pytest.mark.parametrize("first", [NOW - DAY, NEVER], ids=["used", "not used"])
def test_what_was_deleted_before_partitions_were_added_has_gone(first: datetime) -> None:
    """Keys went to others then; and what came shortly before is still missed."""
    topic = Kept([EDGE] * 8 + [EVER] * 4, [EDGE] * 8 + [first] * 4)
    assert lacking(topic, EDGE - DAY) == 24
    assert lacking(topic, NOW - 2 * DAY) == 0
    assert lacking(topic, NOW) == 0


def test_a_partition_that_is_empty_excuses_only_its_own() -> None:
    """Where a topic has long had all of its partitions, each stands for itself."""
    topic = Kept([NEVER, *[EDGE] * 7], [NEVER, *[EDGE] * 7])
    assert lacking(topic, NOW) == 24 / 8


def test_what_has_no_records_lacks_none() -> None:
    """There is no such topic, or nothing was ever written there."""
    assert lacking(Kept([], []), NOW) == 0
    assert lacking(Kept([EVER] * 4, [NEVER] * 4), NOW) == 0


def test_a_whole_topic_is_so_from_its_latest_beginning() -> None:
    """Of a partition that is empty it is only known that it lost nothing lately."""
    assert Kept([EVER, EVER], [NOW, NEVER]).whole_from(NOW - DAY) == EVER
    assert Kept([EVER, EDGE], [NOW, EDGE]).whole_from(NOW - DAY) == EDGE
    assert Kept([NEVER, EDGE], [NEVER, EDGE]).whole_from(NOW - DAY) == NOW - DAY
    assert Kept([], []).whole_from(NOW) == EVER
