"""How long things are kept, by each other."""

import pytest
from pydantic import ValidationError

from services.scheduler.settings import SchedulerSettings
from tests.support.house import settings_of

GIVEN = settings_of("postgresql://localhost/nothing")


def test_executions_are_kept_for_ever_unless_it_is_set() -> None:
    """An upgrade deletes nothing."""
    assert SchedulerSettings(**GIVEN).executions_kept_days is None


@pytest.mark.parametrize("days", [30, 31, 4_000])
def test_executions_are_kept_as_long_as_keys_or_longer(days: int) -> None:
    """What an event that is known has started is there."""
    assert SchedulerSettings(**GIVEN, executions_kept_days=days).executions_kept_days == days


@pytest.mark.parametrize("days", [-1, 0, 1, 29])
def test_executions_are_not_deleted_before_keys(days: int) -> None:
    """It would start once more, when its event comes again, or is asked about."""
    with pytest.raises(ValidationError, match=r"executions_kept_days|greater than or equal to 1"):
        SchedulerSettings(**GIVEN, executions_kept_days=days)
