"""Streams of events are read as they are written, however they are cut."""

from collections.abc import AsyncIterator
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from services.api.live.records import event
from shared.client.server_sent import ServerSent, read_events

STREAM = (
    b"retry: 2000\n\n"
    b"id: A\n\n"
    b":\nid: B\n\n" + b"id: C\n" + event("step", {"a": "x: \n\n\u2028"}, may_see=True) + b":\n\n"
)
HAS = [
    ServerSent(retry="2000"),
    ServerSent(id="A"),
    ServerSent(id="B"),
    ServerSent(name="step", id="C", data='{"a":"x: \\n\\n\u2028"}'),
    ServerSent(),
]


@given(cuts=st.lists(st.integers(0, len(STREAM))), lost=st.integers(0, 10))
async def test_events_are_read_as_they_were_written(cuts: list[int], lost: int) -> None:
    """Wherever the stream is cut; what is not there to its end is left out."""
    whole = STREAM + b"id: D\nevent: step\ndata: {}\n\n"[:-1][:lost]
    places = [0, *sorted(cuts), len(whole)]

    async def chunks() -> AsyncIterator[bytes]:
        for begin, end in pairwise(places):
            yield whole[begin:end]

    assert [found async for found in read_events(chunks())] == HAS
