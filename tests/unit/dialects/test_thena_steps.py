"""Thena's steps, filters and templates, as Turnout understands them."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.api.dialects.thena.workflows import parse
from shared.domain.events import Event
from shared.domain.ids import DEFAULT_ENVIRONMENT, event_key
from shared.domain.steps import OnFailure, Step, StepKind
from shared.domain.workflows import Dialect
from shared.expr.jsonata import ExpressionCache
from shared.expr.liquid import TemplateCache
from shared.expr.resolve import Resolver
from shared.expr.scope import Seen, event_scope, start_scope, step_scope
from shared.matching.filters import compile_filter

ID = UUID("4a4de828-f4c9-4bea-8ef4-2d705aec43bc")
AT = datetime(2026, 11, 22, tzinfo=UTC)


def steps_of(*written: Mapping[str, Any]) -> tuple[Step, ...]:
    """The steps that a document's are."""
    defaults = {"stepIdentifier": 1, "activity": {"uniqueIdentifier": "a"}}
    said = [{**defaults, **step} for step in written]
    return parse({"name": "w", "workflowDefinition": said}, ID).definition.steps


def test_what_turnout_bounds_is_done_at_its_bound() -> None:
    """Twenty attempts, a tenfold wait, a day; the longest wait is a hundred of the first."""
    most = {"maximumAttempts": 123, "initialInterval": 123, "backoffCoefficient": 123}
    (step,) = steps_of({"retryPolicy": most, "executionTimeout": 10**6})
    retry = step.retry
    assert (retry.max_attempts, retry.backoff, step.timeout_s) == (20, 10, 86_400)
    assert (retry.initial_interval_s, retry.max_interval_s) == (123, 12_300)
    (usual,) = steps_of({})
    assert (usual.retry.max_attempts, usual.timeout_s, usual.on_failure) == (
        *(3, None),
        OnFailure.ABORT,
    )


def test_a_version_counts_where_it_is_not_upgraded() -> None:
    """Otherwise it is only what the author had in mind, and need not be there."""
    pinned = {"uniqueIdentifier": "a", "version": 7, "autoUpgradeToLatestVersion": False}
    upgraded = {"uniqueIdentifier": "a", "version": 7}
    (step,) = steps_of({"activity": pinned, "compensationActivity": {"activity": upgraded}})
    assert step.pinned_version == 7
    assert step.compensation is not None
    assert step.compensation.action_version is None
    assert step.compensation.pinned_version is None


@pytest.mark.parametrize(
    ("said", "approver", "timeout_s"),
    [
        ({}, None, None),
        ({"approver": {}}, None, None),
        ({"approver": {"uid": "T"}}, ("team", "T"), None),
        ({"requireApproval": False, "approver": {"uid": "T"}}, None, None),
        ({"requireApproval": True}, ("team", None), None),
        ({"requireApproval": True, "approver": {}}, ("team", None), None),
        ({"approver": {"type": "USER", "uid": "U", "timeout": 9}}, ("user", "U"), 9),
        ({"approver": {"uid": "T", "timeout": 0}}, ("team", "T"), None),
        ({"approver": {"uid": "T", "timeout": 10**12}}, ("team", "T"), 366 * 86_400),
    ],
)
def test_a_named_approver_is_asked_unless_the_step_says_no(
    said: dict[str, Any], approver: tuple[str, str | None] | None, timeout_s: float | None
) -> None:
    """Thena's answers have the approver alone; sent back they mean what they meant."""
    (step,) = steps_of(said)
    asked = step.approval and (step.approval.approver.type, step.approval.approver.id)
    assert asked == approver
    assert (step.approval and step.approval.timeout_s) == timeout_s


@pytest.mark.parametrize(
    ("given_", "duration_s", "told"),
    [
        ({"duration": 5}, 5, None),
        ({"seconds": 1.5}, 1.5, None),
        ({"days": 1, "hours": 2, "minutes": 3, "seconds": 4}, 93_784, None),
        ({"until": "2026-11-22T10:00:00Z"}, None, {"until": "2026-11-22T10:00:00Z"}),
        ({"duration": "{{context.x}}"}, None, {"duration_s": "{{context.x}}"}),
        ({"seconds": "{{context.x}}"}, None, {"duration_s": "{{context.x}}"}),
        *[
            ({}, None, None),
            ({"seconds": 0}, None, None),
            ({"seconds": -1}, None, None),
            ({"seconds": True}, None, None),
            ({"days": 10**9}, None, None),
            ({"minutes": "{{context.x}}"}, None, None),
            ({"until": 7}, None, None),
        ],
    ],
)
def test_a_sleep_says_how_long(given_: Any, duration_s: float | None, told: Any) -> None:
    """In any unit, or until an instant; what says nothing of it is left for the author to mend."""
    activity = {"uniqueIdentifier": "workflows:sleep-platform"}
    (step,) = steps_of({"activity": activity, "input": given_, "isSleepActivity": True})
    assert (step.kind, step.action) == (StepKind.SLEEP, None)
    assert (step.sleep and step.sleep.duration_s) == duration_s
    assert step.input.src == told


def test_only_its_activity_makes_a_step_sleep() -> None:
    """A flag on any other activity means nothing."""
    (step,) = steps_of({"isSleepActivity": True})
    assert (step.kind, step.action) == (StepKind.ACTION, "a")


MESSAGE = {"payload": {"n": 5, "t": "Abc", "list": ["a", "b"], "none": None, "empty": ""}}
EVENT = Event(
    key=event_key(DEFAULT_ENVIRONMENT, "desk", "e1"),
    environment_id=DEFAULT_ENVIRONMENT,
    type="ticket:created",
    source="desk",
    id="e1",
    received_at=AT,
    payload={"message": MESSAGE, "messageAttributes": {"event_name": "ticket:created"}},
)
HOLDS: Mapping[str, tuple[str, Any]] = {
    "~eq": ("n", 5),
    "~neq": ("n", 6),
    "~gt": ("n", 4),
    "~gte": ("n", 5),
    "~lt": ("n", 6),
    "~lte": ("n", 5),
    "~in": ("t", ["Abc"]),
    "~nin": ("t", ["abc"]),
    "~regex": ("t", "^A.c$"),
    "~nregex": ("t", "^b"),
    "~starts": ("t", "A"),
    "~nstarts": ("t", "b"),
    "~ends": ("t", "c"),
    "~nends": ("t", "b"),
    "~contains": ("list", "a"),
    "~ncontains": ("list", "c"),
    "~isnull": ("none", True),
    "~isempty": ("empty", True),
}


@pytest.mark.parametrize("operator", HOLDS)
def test_each_operator_holds_in_each_form_of_a_path(operator: str) -> None:
    """As a template or as a path; alone, and under each logical operator."""
    name, operand = HOLDS[operator]
    scope = event_scope(EVENT, Dialect.THENA)
    for root in ("{{context.event.message.payload.%s}}", "context.event.message.payload.%s"):
        clause = {root % name: {operator: operand}}
        document = {"name": "w", "workflowDefinition": [], "filters": clause}
        assert compile_filter(parse(document, ID).definition.filters).matches(scope)
        assert compile_filter({"~and": [clause, {"~or": [clause]}]}).matches(scope)
        assert not compile_filter({"~not": clause}).matches(scope)


def test_templates_reach_the_event_the_steps_and_what_is_annotated() -> None:
    """A step's input is as it was written, with every value in its place."""
    (step,) = steps_of(
        {
            "input": {
                "n": "{{context.event.message.payload.n}}",
                "of": "{{context.steps.1.result.id}} of {{context.steps.1.input.a}}",
                "tier": "{{context.event.message.payload.ticket.tier}}",
                "name": "{{context.name}}",
                "gone": "{{context.steps.9.result}}",
            }
        }
    )
    seen = Seen(
        start=start_scope(EVENT, {"name": "Triage"}, {}, Dialect.THENA),
        steps={"1": {"status": "COMPLETED", "output": {"id": "r1"}, "input": {"a": 1}}},
        annotations={"context.event.message.payload.ticket": {"tier": "GOLD"}},
    )
    resolver = Resolver(ExpressionCache(10), TemplateCache(10))
    resolved = resolver.resolve(
        step.input, step_scope(seen, Dialect.THENA), now=AT + timedelta(seconds=1), seed=1
    )
    assert resolved == {"n": 5, "of": "r1 of 1", "tier": "GOLD", "name": "Triage", "gone": None}
