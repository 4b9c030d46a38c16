"""Thena's documents as workflows, and back."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.api.dialects.thena.render import render
from services.api.dialects.thena.request import SAID_BY_US, event_named
from services.api.dialects.thena.workflows import parse, place
from services.api.workflows.registration import Registration
from shared.domain.errors import Invalid, Problem
from shared.domain.ids import DEFAULT_ENVIRONMENT
from shared.domain.schedules import ScheduleKind
from shared.domain.workflows import Dialect, Lifecycle, TriggerKind, Workflow
from tests.unit.dialects.test_truto_words import JSON, NAMES, optional

ID = UUID("4a4de828-f4c9-4bea-8ef4-2d705aec43bc")
AT = datetime(2026, 11, 22, tzinfo=UTC)

OBJECTS = st.dictionaries(st.text(), JSON, max_size=3)
WHOLE = st.integers(1, 2**31 - 1)
SECONDS = st.integers(0, 2**31) | st.floats(0, 1e9)
ACTIVITIES = st.fixed_dictionaries(
    {"uniqueIdentifier": NAMES | st.just("workflows:sleep-platform")},
    optional={"version": WHOLE, "x-kept": JSON},
).flatmap(
    lambda activity: (
        st.just(activity)
        if "version" not in activity
        else st.booleans().map(lambda upgrade: {**activity, "autoUpgradeToLatestVersion": upgrade})
    )
)
STEPS = st.fixed_dictionaries(
    {"stepIdentifier": st.integers(-(2**53), 2**53), "activity": ACTIVITIES},
    optional={
        "input": OBJECTS,
        "retryPolicy": optional(
            maximumAttempts=WHOLE, initialInterval=SECONDS, backoffCoefficient=st.floats(1, 1e9)
        ),
        "onFailure": st.sampled_from(["ABORT", "CONTINUE", "COMPENSATE"]),
        "executionTimeout": SECONDS,
        "isSleepActivity": st.booleans(),
        "dependencies": st.lists(st.text(), max_size=3),
        "requireApproval": st.booleans(),
        "approver": optional(
            type=st.sampled_from(["TEAM", "USER"]), uid=st.text(max_size=9), timeout=SECONDS
        ),
        "filters": OBJECTS,
        "compensationActivity": optional(activity=ACTIVITIES, input=OBJECTS),
        "x-kept": JSON,
    },
)
ANNOTATIONS = st.fixed_dictionaries(
    {"entityType": NAMES, "pathToAnnotate": NAMES},
    optional={"requiredFields": OBJECTS, "relations": st.lists(NAMES, max_size=2), "x-kept": JSON},
)
DOCUMENTS = st.fixed_dictionaries(
    {"name": NAMES, "workflowDefinition": st.lists(STEPS, max_size=3)},
    optional={
        "type": st.sampled_from(["MANUAL", "AUTOMATED"]),
        "subType": NAMES,
        "triggerEvent": NAMES | st.fixed_dictionaries({"uid": NAMES, "eventName": NAMES}),
        "filters": OBJECTS,
        "annotations": st.lists(ANNOTATIONS, max_size=2),
        "executingAgent": NAMES,
        "teamId": NAMES,
        "metadata": OBJECTS,
        "isActive": st.booleans(),
        "x-kept": JSON,
    },
)


def documented() -> Any:
    """The body of the documented call."""
    script = Path("examples/thena/create.sh").read_text()
    return orjson.loads(script.partition("--data '")[2].rstrip().removesuffix("'"))


def workflow_of(asked: Registration) -> Workflow:
    """The workflow that a registration makes."""
    return Workflow(
        id=asked.workflow_id,
        environment_id=DEFAULT_ENVIRONMENT,
        version=1,
        dialect=Dialect.THENA,
        lifecycle=Lifecycle.READY,
        is_active=asked.is_active is not False,
        definition=asked.definition,
        source=asked.source,
        created_at=AT,
        updated_at=AT,
    )


def has(shown: Any, sent: Any) -> bool:
    """Whether ``shown`` says all that was sent, and perhaps more in its objects."""
    match sent:
        case dict():
            return all(name in shown and has(shown[name], said) for name, said in sent.items())
        case list():
            return len(shown) == len(sent) and all(map(has, shown, sent))
        case _:
            return bool(type(shown) is type(sent) and shown == sent)


def check_round_trip(document: dict[str, Any]) -> None:
    """What is kept is the document itself, and it is shown with all that it says."""
    asked = parse(document, ID)
    assert asked.source == {k: v for k, v in document.items() if k not in SAID_BY_US}
    shown = orjson.loads(orjson.dumps(render(workflow_of(asked), {}, {})))
    sent = orjson.loads(orjson.dumps(document))
    event = shown["triggerEvent"]
    assert event_named(event) == event_named(sent.pop("triggerEvent", None))
    assert has(shown, sent)
    usual = {"kind": shown["type"], "subkind": shown["subType"]}
    assert parse(shown, ID).definition == asked.definition.model_copy(update=usual)


@given(document=DOCUMENTS)
def test_every_field_comes_back(document: dict[str, Any]) -> None:
    """It is kept as it was sent and shown with every field; what is shown can be sent again."""
    check_round_trip(document)


def test_the_documented_example_comes_back() -> None:
    """Word for word, its placeholders as well."""
    check_round_trip(documented())


def test_the_clock_starts_workflows_without_events() -> None:
    """Each day, each week, or as the metadata says, in its zone."""
    metadata = {"cronExpression": "0 6 * * 1", "timezone": "Europe/Berlin"}
    for event, kind, value, zone in (
        ("schedule:daily", ScheduleKind.DAILY, "00:00", "UTC"),
        ("schedule:weekly", ScheduleKind.WEEKLY, "mon 00:00", "UTC"),
        ("cron:custom", ScheduleKind.CRON, "0 6 * * 1", "Europe/Berlin"),
    ):
        document = {"name": "w", "triggerEvent": event, "workflowDefinition": []}
        (trigger,) = parse({**document, "metadata": metadata}, ID).definition.triggers
        assert (trigger.kind, trigger.event_uid) == (TriggerKind.SCHEDULE, None)
        schedule = trigger.schedule
        assert schedule is not None
        assert (schedule.kind, schedule.value, schedule.timezone) == (kind, value, zone)


def test_problems_are_shown_where_the_author_wrote_them() -> None:
    """A pointer into the definition becomes one into Thena's document."""
    for ours, theirs in (
        ("/triggers/0/event_uid", "/triggerEvent"),
        ("/triggers/0/event_name", "/triggerEvent"),
        ("/triggers/0/schedule/value", "/metadata/cronExpression"),
        ("/triggers/0/schedule/timezone", "/metadata/timezone"),
        ("/filters/a/~0eq", "/filters/a/~0eq"),
        ("/annotations/2/required_fields/a~1b/src", "/annotations/2/requiredFields/a~1b"),
        ("/annotations/2/target_path", "/annotations/2/pathToAnnotate"),
        ("/annotations/2/relations/0", "/annotations/2/relations/0"),
        ("/steps", "/workflowDefinition"),
        ("/steps/3/id", "/workflowDefinition/3/stepIdentifier"),
        ("/steps/3/action", "/workflowDefinition/3/activity/uniqueIdentifier"),
        ("/steps/3/action_version", "/workflowDefinition/3/activity/version"),
        ("/steps/3/input/src/a/0", "/workflowDefinition/3/input/a/0"),
        ("/steps/3/sleep", "/workflowDefinition/3/input"),
        ("/steps/3/depends_on/1", "/workflowDefinition/3/dependencies/1"),
        ("/steps/3/approval/approver/id", "/workflowDefinition/3/approver/uid"),
        ("/steps/3/approval", "/workflowDefinition/3/requireApproval"),
        ("/steps/3/filters/a", "/workflowDefinition/3/filters/a"),
        ("/steps/3/compensation", "/workflowDefinition/3/compensationActivity"),
        (
            "/steps/3/compensation/action",
            "/workflowDefinition/3/compensationActivity/activity/uniqueIdentifier",
        ),
        (
            "/steps/3/compensation/action_version",
            "/workflowDefinition/3/compensationActivity/activity/version",
        ),
        ("/steps/3/compensation/input/src/a", "/workflowDefinition/3/compensationActivity/input/a"),
    ):
        assert place(Problem(pointer=ours, code="C", detail="d")).pointer == theirs


def test_faults_of_the_shape_are_all_told() -> None:
    """Each with its place; null is as if the field were left out."""
    document = {"name": None, "filters": 7, "workflowDefinition": [{"stepIdentifier": "1"}]}
    with pytest.raises(Invalid) as caught:
        parse(document, ID)
    assert {problem.pointer for problem in caught.value.problems} == {
        *("/name", "/filters"),
        *("/workflowDefinition/0/stepIdentifier", "/workflowDefinition/0/activity"),
    }
