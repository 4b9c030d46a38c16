"""Ids in base 32."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.short_ids import from_short_id, short_id


@given(st.uuids())
def test_each_uuid_has_a_form_that_has_it(id_: UUID) -> None:
    """26 characters, in either case."""
    written = short_id(id_)
    assert len(written) == 26
    assert from_short_id(written) == from_short_id(written.lower()) == id_


@pytest.mark.parametrize("written", ["", "0" * 25, "8" + "0" * 25, "U" * 26, "0" * 25 + "é"])
def test_what_is_no_form_is_none(written: str) -> None:
    """Too short, too large, not a digit: the largest UUID is 7ZZZZZZZZZZZZZZZZZZZZZZZZZ."""
    assert from_short_id(written) is None
    assert from_short_id("7" + "Z" * 25) == UUID(int=(1 << 128) - 1)
