"""Ids of events say where a listener is, and nothing else is one."""

from hypothesis import given
from hypothesis import strategies as st

from services.api.live.places import id_of, places_of
from shared.bus.protocol import TopicPartition

TOPICS = ("executions", "step-results")
OFFSETS = st.lists(st.integers(0, 2**63 - 1), max_size=12)


@given(first=OFFSETS, second=OFFSETS)
def test_an_id_is_read_as_it_was_written(first: list[int], second: list[int]) -> None:
    """Whatever the positions, and however many partitions."""
    places = {
        TopicPartition(topic, n): offset
        for topic, offsets in zip(TOPICS, (first, second), strict=True)
        for n, offset in enumerate(offsets)
    }
    written = id_of(TOPICS, places)
    assert places_of(TOPICS, written) == places
    assert places_of(TOPICS[:1], written + "A") is None


@given(st.text(max_size=60) | st.text("AQgw_-5", max_size=60))
def test_nothing_else_is_an_id(written: str) -> None:
    """What can be read is in range; anything else is none, and no error."""
    places = places_of(TOPICS, written)
    assert places is None or all(0 <= offset < 2**63 for offset in places.values())


def test_ids_are_short() -> None:
    """Those of many even partitions take three characters for each."""
    places = {
        TopicPartition(topic, n): 1_000_000 + n * 7919 % 2_000
        for topic in TOPICS
        for n in range(500)
    }
    assert len(id_of(TOPICS, places)) < 3 * len(places)
