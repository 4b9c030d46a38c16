"""Ids as records write them."""

from typing import Any
from uuid import UUID

import pytest
from asyncpg.pgproto import pgproto
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.ids import DEFAULT_ENVIRONMENT, event_key, read_uuid, start_key, text_of

SOME = UUID("41efc3f7-07e6-5c30-90ec-c0763bfddb5c")


@given(id_=st.uuids())
def test_the_text_of_an_id_is_what_str_says_and_is_read_back(id_: UUID) -> None:
    """Both ways agree with the standard library, which other places use."""
    assert text_of(id_) == str(id_)
    assert text_of(pgproto.UUID(str(id_))) == str(id_)
    assert read_uuid(str(id_)) == id_
    assert hash(read_uuid(str(id_).upper())) == hash(id_)


@pytest.mark.parametrize("other", ["", "4711", f"{SOME}0", str(SOME)[:-1], 4711, None, [], {}])
def test_what_is_no_uuid_is_refused(other: Any) -> None:
    """In a record anything may stand; whoever reads it expects a ValueError."""
    with pytest.raises(ValueError, match="badly formed UUID"):
        read_uuid(other)


def test_no_source_and_id_of_an_event_give_the_key_of_a_start() -> None:
    """Publishers write both as they like."""
    there = start_key(DEFAULT_ENVIRONMENT, "a:b")
    for source in ("", "start", "/turnout/api", "/turnout/api/starts"):
        for id_ in ("a:b", "b", ":a:b", "start:a:b"):
            assert event_key(DEFAULT_ENVIRONMENT, source, id_) != there
