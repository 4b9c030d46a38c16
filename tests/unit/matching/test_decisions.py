"""Which workflows an event starts, and why not."""

from collections import Counter
from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.events import Event
from shared.domain.ids import EnvironmentId, WorkflowId
from shared.domain.workflows import Dialect, Lifecycle
from shared.expr.jsonata import ExpressionCache
from shared.matching.decisions import Decision, Reason
from shared.matching.rules import decide
from shared.matching.table import WorkflowTable
from shared.matching.view import EventView
from tests.unit.matching.build import AT, event, workflow

OTHER = EnvironmentId(UUID(int=9))


def table(*workflows: Any) -> WorkflowTable:
    """A table of ``workflows``."""
    made = WorkflowTable(ExpressionCache(100))
    for item in workflows:
        made.put(item.conditions)
    return made


def decided(on: Event, about: Any) -> Decision:
    """The decision on one workflow."""
    return decide(EventView(on), about, ExpressionCache(10))


@pytest.mark.parametrize(
    "filters",
    [
        {"{{context.name}}": {"~eq": "w"}},
        {"name": {"~starts": "w"}, "event.eventName": "ticket:created"},
        {"~or": [{"context.name": "w"}, {"event.eventName": "never"}]},
        {"~not": {"context.name": {"~isnull": True}}, "~and": [{"context.name": {"~in": ["w"]}}]},
    ],
)
def test_workflows_in_thena_words_are_told_apart_by_their_names(filters: Any) -> None:
    """Each one's filters see its own name, though they share the event's scope."""
    flow = workflow(dialect=Dialect.THENA, filters=filters)
    other = flow.definition.model_copy(update={"name": "other"})
    renamed = flow.model_copy(update={"id": UUID(int=2), "definition": other})
    native = flow.model_copy(update={"id": UUID(int=3), "dialect": Dialect.NATIVE})
    for each, is_match in ((flow, True), (renamed, False), (native, False)):
        assert decided(event(), each).is_match is is_match
    matching = [d for d in table(flow, renamed, native).match(event()) if d.is_match]
    assert [d.workflow_id for d in matching] == [flow.id]


@pytest.mark.parametrize(
    ("changes", "reason", "detail"),
    [
        ({}, Reason.MATCHED, None),
        ({"filters": {"payload.n": 1}, "run_if": "payload.n = 1"}, Reason.MATCHED, None),
        ({"run_if": "payload"}, Reason.MATCHED, None),
        ({"environment_id": OTHER}, Reason.OTHER_ENVIRONMENT, "another environment"),
        ({"is_active": False}, Reason.INACTIVE, "switched off"),
        ({"lifecycle": Lifecycle.DRAFT}, Reason.DRAFT, "a draft"),
        ({"lifecycle": Lifecycle.ARCHIVED}, Reason.INACTIVE, "archived"),
        ({"filters": {"payload.n": 2}}, Reason.FILTER_FALSE, "payload.n is 1, asked ~eq 2"),
        ({"filters": {"payload.n": {"~x": 2}}}, Reason.FILTER_ERROR, "/filters/payload.n/~0x: "),
        ({"filters": 7}, Reason.FILTER_ERROR, "/filters: A filter is an object"),
        (
            {"filters": {"payload.long": {"~nregex": "x" * 10}}},
            Reason.FILTER_ERROR,
            "payload.long cannot be compared",
        ),
        ({"run_if": "payload.n = 2"}, Reason.RUN_IF_FALSE, "false"),
        ({"run_if": "payload.absent"}, Reason.RUN_IF_UNDEFINED, "absent"),
        ({"run_if": "payload.n + 'a'"}, Reason.RUN_IF_ERROR, "/run_if: "),
        ({"run_if": "payload.("}, Reason.RUN_IF_ERROR, "/run_if: Not a JSONata expression"),
        ({"run_if": "1" * 4_097}, Reason.RUN_IF_ERROR, "longer than 4096 bytes"),
        ({"run_if": "(", "filters": {"payload.n": 2}}, Reason.FILTER_FALSE, "payload.n is 1"),
        ({"run_if": "(", "filters": 7}, Reason.FILTER_ERROR, "/filters: "),
        ({"run_if": "payload.n + 'a'", "filters": {"payload.n": 2}}, Reason.FILTER_FALSE, ""),
    ],
)
def test_reasons(changes: dict[str, Any], reason: Reason, detail: str | None) -> None:
    """Each reason is given where it belongs, with a sentence; the table decides no differently.

    It may leave a workflow out that does not match.
    """
    about = workflow(**changes)
    on = event({"n": 1, "long": "a" * 200_001})
    decision = decided(on, about)
    assert (decision.reason, decision.is_match) == (reason, reason is Reason.MATCHED)
    assert (decision.workflow_id, decision.workflow_version) == (about.id, 1)
    assert decision.detail is None if detail is None else detail in (decision.detail or "")
    is_candidate = about.is_matched and about.environment_id == on.environment_id
    found = table(about).match(on)
    assert found in ([], [decision]) if is_candidate else found == []
    assert decision.is_match is any(each.is_match for each in found)


def test_an_event_that_expressions_cannot_read() -> None:
    """What is no JSON is an error of the decision, not of the matcher."""
    deep: Any = 1
    for _ in range(100_000):
        deep = [deep]
    (decision,) = table(workflow(run_if="$string(payload)")).match(event(deep))
    assert decision.reason is Reason.RUN_IF_ERROR
    assert "levels deep" in (decision.detail or "")


@pytest.mark.parametrize(
    ("event_type", "names", "is_named"),
    [
        ("integrated_account:connected", ["integrated_account:connected"], True),
        ("integrated_account:connected", ["integrated_account:active"], False),
        ("integrated_account:connected", ["integrated_account:*"], True),
        ("integrated_account:", ["integrated_account:*"], True),
        ("integrated_account", ["integrated_account:*"], False),
        ("integrated_accounts:x", ["integrated_account:*"], False),
        ("Integrated_account:x", ["integrated_account:*"], False),
        ("anything", ["*"], True),
        ("a:b:c", ["a:*", "a:b:*", "*", "a:b:c"], True),
        ("a:b", ["x", "a:b"], True),
        ("a:*", ["a:*"], True),
        ("a:bc", ["a:*c"], False),
        ("a:*c", ["a:*c"], True),
        ("a:b", ["a:b*"], True),
        ("a", ["a**"], False),
        ("a*b", ["a**"], True),
        ("x", [], False),
    ],
)
def test_event_names(event_type: str, names: list[str], *, is_named: bool) -> None:
    """A trigger names an event exactly, or by its beginning with a trailing star."""
    about = workflow(*(names or ["-"]))
    on = event(type=event_type)
    expected = Reason.MATCHED if is_named else Reason.NO_TRIGGER
    assert decided(on, about).reason is expected
    assert [decision.reason for decision in table(about).match(on)] == [expected] * is_named


@given(
    st.lists(st.tuples(st.integers(1, 9), st.lists(st.text("ab*", min_size=1, max_size=4)))),
    st.text("ab*", min_size=1, max_size=4),
)
def test_the_table_agrees_with_deciding_each(puts: list[Any], event_type: str) -> None:
    """The table decides exactly on the workflows with a trigger for the event, by id."""
    latest = {number: workflow(*names, number=number) for number, names in puts}
    on = event(type=event_type)
    each = [decided(on, latest[number]) for number in sorted(latest)]
    made = table(*(workflow(*names, number=number) for number, names in puts))
    assert made.match(on) == [one for one in each if one.reason is not Reason.NO_TRIGGER]
    for number in range(1, 10):
        made.remove(WorkflowId(UUID(int=number)))
    assert made.match(on) == []
    assert len(made) == 0


def test_order_is_by_id() -> None:
    """However they came in, workflows are decided on in the order of their ids."""
    made = table(*(workflow("t*" if n % 2 else "ticket:created", number=n) for n in (3, 1, 4, 2)))
    assert [decision.workflow_id.int for decision in made.match(event())] == [1, 2, 3, 4]


def test_put_replaces_and_removes() -> None:
    """A new version takes the old one's place; switched off, a draft or removed, it is gone."""
    made = table(workflow("a*"), workflow("b", version=2))
    assert made.match(event(type="a")) == []
    assert [decision.workflow_version for decision in made.match(event(type="b"))] == [2]
    for gone in (
        {"is_active": False},
        {"lifecycle": Lifecycle.DRAFT},
        {"lifecycle": Lifecycle.ARCHIVED},
    ):
        made.put(workflow("b", **gone).conditions)
        assert made.match(event(type="b")) == []
        made.put(workflow("b").conditions)
    made.remove(WorkflowId(UUID(int=1)))
    made.remove(WorkflowId(UUID(int=1)))
    assert made.match(event(type="b")) == []


def test_environments_are_apart() -> None:
    """An event starts no workflow of another environment, whatever it is called."""
    made = table(workflow("*"), workflow("ticket:created", number=2))
    assert made.match(event(environment_id=OTHER)) == []


def test_dialects_have_their_scopes() -> None:
    """The same event is read by each workflow in the words of its own dialect."""
    made = table(
        workflow(number=1, filters={"payload.plan": "pro"}, run_if="payload.plan = 'pro'"),
        workflow(number=2, filters={"plan": "pro"}, run_if="plan = 'pro'", dialect=Dialect.TRUTO),
    )
    assert all(decision.is_match for decision in made.match(event({"plan": "pro"})))


class WatchedEvent(Event):
    """An event that counts how often its payload is read."""

    reads: ClassVar[Counter[str]] = Counter()

    def __getattribute__(self, name: str) -> Any:
        WatchedEvent.reads[name] += 1
        return super().__getattribute__(name)


def payload_reads(made: WorkflowTable) -> int:
    """How often matching one event reads its payload."""
    on = event({"n": 1})
    watched = WatchedEvent(**{name: getattr(on, name) for name in Event.__dataclass_fields__})
    WatchedEvent.reads.clear()
    made.match(watched)
    return WatchedEvent.reads["payload"]


def test_an_event_is_converted_once() -> None:
    """However many workflows look at it, the scope is made once per dialect, and only if needed."""
    conditions: dict[str, Any] = {"filters": {"payload.n": 1}, "run_if": "payload.n = 1"}
    one = payload_reads(table(workflow(**conditions)))
    many = payload_reads(table(*(workflow(number=n, **conditions) for n in range(1, 51))))
    assert 0 < many == one
    assert payload_reads(table(*(workflow(number=n) for n in range(1, 51)))) == 0
    view = EventView(event({"n": 1}))
    assert view.document(Dialect.TRUTO) is view.document(Dialect.TRUTO)
    assert view.scope(Dialect.NATIVE) is view.scope(Dialect.NATIVE)


@pytest.mark.parametrize("source", ["$random() < 0.5", "$millis() % 2 = 0", "$now() > '2026-11'"])
def test_a_redelivery_gets_the_same_decision(source: str) -> None:
    """Time and chance come from the event, so a second delivery is decided like the first."""
    made = table(workflow(run_if=source))
    for number in range(20):
        times = {"id": str(number), "time": AT + timedelta(milliseconds=number)}
        first = made.match(event(received_at=AT, **times))
        assert first == made.match(
            event(received_at=AT + timedelta(days=1, seconds=1.001), **times)
        )


def test_chance_differs_between_events() -> None:
    """A sampling condition takes its share of the events."""
    made = table(workflow(run_if="$random() < 0.5"))
    matches = [made.match(event(id=str(number)))[0].is_match for number in range(200)]
    assert 60 < sum(matches) < 140
