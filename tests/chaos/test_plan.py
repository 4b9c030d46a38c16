"""A plan follows from its seed, and holds everything that is to be tried."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import UUID

import orjson

from shared.domain.actions import OURS
from shared.domain.ids import WorkflowId
from shared.domain.workflows import Definition
from shared.matching.check import definition_problems
from tests.chaos.plan import LATE_S, make_plan
from tests.chaos.source import encoded


def test_a_seed_gives_one_plan() -> None:
    """The same seed gives the same plan, another seed another one."""
    assert make_plan(3, 20) == make_plan(3, 20)
    assert make_plan(3, 20) != make_plan(4, 20)


def test_workflows_can_be_registered() -> None:
    """No workflow of the plan has a problem."""
    plan = make_plan(1, 1)
    for flow in [*plan.workflows, plan.second]:
        inner = {name: v for name, v in flow.items() if name not in ("id", "is_active")}
        definition = Definition.model_validate_json(orjson.dumps(inner))
        id_ = WorkflowId(UUID(flow["id"]))
        assert definition_problems(definition, OURS, workflow_id=id_) == [], flow


def test_events_come_in_every_way() -> None:
    """Repeats by both ways and to other partitions, other bodies, twins, odd times."""
    plan = make_plan(1, 60, rate=20)
    copies = [copy for event in plan.events for copy in event.copies]
    assert 1_200 <= len(plan.events) < 1_400
    assert plan.events == sorted(plan.events, key=lambda event: event.at_s)
    assert {copy.via for copy in copies} == {"kafka", "http"}
    assert {copy.form for copy in copies} == {"plain", "structured", "binary"}
    assert sum(copy.is_other for copy in copies) > 10
    assert {len(event.copies) for event in plan.events} >= {1, 2, 3, 4, 5}
    assert any(len({c.key for c in e.copies}) > 1 for e in plan.events)
    sources = Counter(event.id for event in plan.events)
    assert sum(count > 1 for count in sources.values()) > 10
    assert len({event.time for event in plan.events}) > 3
    assert plan.cancels
    assert {change.kind for change in plan.changes} == {"activate", "deactivate", "replace"}


def test_some_events_are_late_by_an_hour() -> None:
    """Their time lies an hour before they are first sent; that of the others is as planned."""
    began_at = datetime(2026, 11, 23, 12, tzinfo=UTC)
    events = make_plan(1, 60).events
    late = [event for event in events if event.late_s is not None]
    assert len(events) / 20 < len(late) < len(events) / 5
    for event in events:
        timed = event.timed(began_at)
        if event not in late:
            assert timed == event
            continue
        assert timed.time is not None
        behind = began_at + timedelta(seconds=event.at_s) - datetime.fromisoformat(timed.time)
        assert abs(behind.total_seconds() - LATE_S) < 0.01
        assert timed.copies == event.copies
        said = encoded(timed, timed.copies[0])
        assert timed.time in f"{said}"


def test_another_body_says_something_else() -> None:
    """The sending marked so, and only that, differs from the event."""
    events = make_plan(1, 60).events
    event = next(e for e in events if any(copy.is_other for copy in e.copies))
    for copy in event.copies:
        assert (event.said(copy) != event.payload) is copy.is_other
