"""The names by which events are counted."""

from itertools import permutations

import pytest

from shared.domain.ids import WorkflowId
from shared.domain.workflows import Workflow
from tests.unit.matching.build import event, workflow
from tests.unit.matching.found import table

NEVER = {"payload.n": {"~gt": 5, "~lt": 3}}
ONES = (
    workflow("ticket:created", "ticket:*", number=1, filters=NEVER),
    workflow("ticket:created", number=2, filters=NEVER),
    workflow("ticket:created", number=3, filters={"payload.n": 1}),
    workflow("other", number=4, filters=NEVER),
)


def test_what_no_event_can_match_is_awaited_all_the_same() -> None:
    """Though it is never tried; so its events are counted, and ruled out."""
    made = table(list(ONES[:2]))
    assert sorted(made.names_of(event({"n": 1}))) == ["ticket:*", "ticket:created"]
    assert made.names_of(event(type="ticket:closed")) == ["ticket:*"]
    assert made.names_of(event(type="else")) == []
    assert made.match(event({"n": 1})) == []


@pytest.mark.parametrize("order", [*permutations(ONES)])
def test_names_go_with_the_last_that_awaits_them(order: tuple[Workflow, ...]) -> None:
    """In whichever order workflows leave, also when they are put there twice."""
    made, left = table([*ONES, *ONES]), list(ONES)
    for one in order:
        made.remove(WorkflowId(one.id))
        made.remove(WorkflowId(one.id))
        left.remove(one)
        awaited = {name for each in left for name in each.definition.event_names} - {"other"}
        assert set(made.names_of(event({"n": 1}))) == awaited
        found = [decision.workflow_id for decision in made.match(event({"n": 1}))]
        assert found == [each.id for each in left if each is ONES[2]]
    assert not made._places  # noqa: SLF001 - nothing stays behind
    assert not made._never_tried  # noqa: SLF001
