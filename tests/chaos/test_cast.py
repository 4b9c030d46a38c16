"""Who plays in a run."""

from collections import Counter

from services.cli.process.roles import ROLES
from tests.chaos.cast import CREW


def test_there_are_two_of_each_role() -> None:
    """Also of the API: another one is there when one is not."""
    assert Counter(seat.role for seat in CREW) == dict.fromkeys(ROLES, 2)
    assert len({seat.name for seat in CREW}) == len(CREW)
