"""The setting that says how long a history may get."""

import pytest
from pydantic import ValidationError

from services.executor.settings import ExecutorSettings
from shared.db.recovery import ENTRIES_MAX
from shared.domain.lengths import HISTORY_MAX
from tests.support.house import settings_of

MOST = 100_000


def set_to(history_max: int) -> int:
    """What the setting is once it is set."""
    given = settings_of("postgresql://nobody@127.0.0.1/none", history_max=history_max)
    return ExecutorSettings(**given).history_max


def test_recovery_reads_whatever_a_history_may_have() -> None:
    """Twice as much as can be set: what is undone, and how it ends, comes after the limit."""
    assert set_to(MOST) == MOST
    with pytest.raises(ValidationError):
        set_to(MOST + 1)
    assert 2 * MOST < ENTRIES_MAX


def test_it_is_as_the_domain_says_unless_it_is_set() -> None:
    """Plans that nobody told otherwise have the same limit."""
    given = settings_of("postgresql://nobody@127.0.0.1/none")
    assert ExecutorSettings(**given).history_max == HISTORY_MAX
