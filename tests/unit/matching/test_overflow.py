"""Who is left out of an event that matched too many workflows."""

from pathlib import Path
from uuid import UUID

import pytest

from shared.domain.ids import WorkflowId
from shared.matching.decisions import Decision, Overflow, Reason, within

OVERFLOW = Overflow(started=1_000, matched=1_204, first_left_out=WorkflowId(UUID(int=7)))

PAGE = (Path(__file__).parents[3] / "docs" / "EXPLAIN.md").read_text("utf-8")


def decision(number: int, reason: Reason = Reason.MATCHED) -> Decision:
    """A decision on a workflow with this number."""
    return Decision(workflow_id=WorkflowId(UUID(int=number)), workflow_version=1, reason=reason)


@pytest.mark.parametrize("number", [1, 6])
def test_who_comes_first_is_started(number: int) -> None:
    """Whoever stands before the first that is left out keeps the decision."""
    assert within(decision(number), OVERFLOW) == decision(number)


@pytest.mark.parametrize("number", [7, 8, 2**128 - 1])
def test_who_comes_later_is_told_why(number: int) -> None:
    """A match is left out from the first on, with how many there were and what to do."""
    left_out = within(decision(number), OVERFLOW)
    assert (left_out.reason, left_out.is_match) == (Reason.TOO_MANY_MATCHES, False)
    assert left_out.workflow_id.int == number
    assert left_out.detail is not None
    assert left_out.detail in " ".join(PAGE.split())


@pytest.mark.parametrize("reason", [reason for reason in Reason if reason is not Reason.MATCHED])
def test_another_reason_stays(reason: Reason) -> None:
    """What would have started nothing anyway is not the limit's doing."""
    assert within(decision(9, reason), OVERFLOW) == decision(9, reason)
