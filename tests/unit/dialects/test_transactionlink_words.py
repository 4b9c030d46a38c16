"""TransactionLink's words for an execution, and when one that it starts expires."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.api.dialects.transactionlink.executions import (
    TransactionLinkStart,
    is_interactive,
    render_execution,
    start_request,
)
from services.api.dialects.transactionlink.statuses import ExecutionStatus, execution_status
from services.api.executions.expiry import expiry_of
from services.api.http.documents import validate
from services.api.http.payloads import Payload
from shared.domain.errors import Invalid
from shared.domain.executions import Status
from shared.domain.ids import DEFAULT_ENVIRONMENT, ExecutionId
from shared.domain.outcomes import WaitKind
from shared.domain.values import DAY_S
from shared.domain.workflows import Definition, Dialect, Lifecycle, Workflow
from shared.wire.envelope import dumps

ID = UUID("4a4de828-f4c9-4bea-8ef4-2d705aec43bc")
NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
LONGEST = timedelta(seconds=30 * DAY_S)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
OBJECTS = st.dictionaries(st.text(), JSON, max_size=3)
STARTS = st.fixed_dictionaries(
    {
        "workflowDefinitionId": st.just(str(ID)),
        "locale": st.sampled_from(["en", "fr", "uk", "pt-BR"]),
        "parameters": OBJECTS,
    },
    optional={
        "recordId": st.none() | st.uuids().map(str),
        "uiOptions": st.none() | OBJECTS,
        "expiresAt": st.none()
        | st.timedeltas(timedelta(minutes=30), LONGEST).map(lambda by: (NOW + by).isoformat()),
    },
)


def workflow(dialect: Dialect = Dialect.NATIVE, **definition: Any) -> Workflow:
    """A workflow that may be started."""
    return Workflow(
        id=ID,
        environment_id=DEFAULT_ENVIRONMENT,
        version=3,
        dialect=dialect,
        lifecycle=Lifecycle.READY,
        is_active=True,
        definition=Definition.model_validate_json(dumps({"name": "onboarding", **definition})),
        source={},
        created_at=NOW,
        updated_at=NOW,
    )


def start(**more: Any) -> TransactionLinkStart:
    """What a body asks for."""
    body = {"workflowDefinitionId": str(ID), "locale": "en", "parameters": {}}
    return validate(TransactionLinkStart, {**body, **more})


def expiry(flow: Workflow, **more: Any) -> datetime | None:
    """When an execution expires that is started so, as the engine has it. Raises Invalid."""
    expires_at = expiry_of(start_request(start(**more), flow, NOW), flow.policy, NOW)
    if expires_at is None and flow.policy.expires_after_s is not None:
        return NOW + timedelta(seconds=flow.policy.expires_after_s)
    return expires_at


def told(part: Any) -> Any:
    """What whoever may see payloads sees."""
    return part.value if isinstance(part, Payload) else part


@given(document=STARTS)
def test_what_was_asked_is_shown_again(document: dict[str, Any]) -> None:
    """Every field of a start stands in the execution with the same value."""
    flow = workflow()
    asked = start_request(start(**document), flow, NOW)
    running = ExecutionStatus.RUNNING
    shown = render_execution(ExecutionId(ID), flow, asked, running, asked.expires_at)
    seen = {name: told(part) for name, part in shown.items()}
    for name, value in document.items():
        if value is not None and name != "expiresAt":
            assert seen[name] == value
    expires_at = datetime.fromisoformat(str(seen["expiresAt"]))
    wanted = document.get("expiresAt")
    assert expires_at == (NOW + HOUR if wanted is None else datetime.fromisoformat(wanted))


@pytest.mark.parametrize("dialect", Dialect)
def test_an_expiry_is_30_minutes_to_30_days_away(dialect: Dialect) -> None:
    """Whatever the definition's dialect, an hour when nobody says; all else is refused."""
    flow = workflow(dialect)
    assert expiry(flow) == NOW + HOUR
    for by in (timedelta(minutes=30), LONGEST):
        assert expiry(flow, expiresAt=(NOW + by).isoformat()) == NOW + by
    second = timedelta(seconds=1)
    for by in (timedelta(minutes=30) - second, LONGEST + second, -HOUR, timedelta()):
        with pytest.raises(Invalid):
            expiry(flow, expiresAt=(NOW + by).isoformat())


def test_a_definition_may_say_its_own_expiry() -> None:
    """Its own limits and its own default go first, as everywhere."""
    flow = workflow(policy={"expires_after_s": 60.0, "expiry_min_s": 60.0, "expiry_max_s": 90.0})
    assert expiry(flow) == NOW + timedelta(minutes=1)
    assert expiry(flow, expiresAt=(NOW + timedelta(seconds=90)).isoformat()) is not None
    with pytest.raises(Invalid):
        expiry(flow, expiresAt=(NOW + HOUR).isoformat())
    assert expiry(workflow(policy={"expiry_max_s": 90.0})) is None


@pytest.mark.parametrize(
    ("kind", "steps"),
    [
        ("background", []),
        ("background", [{"id": "a", "action": "transform"}, {"id": "b", "kind": "respond"}]),
        ("interactive", [{"id": "a", "kind": "form", "form": {}}]),
        ("interactive", [{"id": "a", "kind": "approval"}]),
        ("interactive", [{"id": "a", "action": "transform", "approval": {}}]),
    ],
)
def test_what_asks_a_person_is_interactive(kind: str, steps: list[Any]) -> None:
    """A form, an approval, and an action that needs somebody's yes."""
    flow = workflow(steps=steps)
    assert is_interactive(flow.definition) is (kind == "interactive")
    assert start_request(start(), flow, NOW).execution_type == kind


@pytest.mark.parametrize("status", Status)
def test_each_status_has_its_word(status: Status) -> None:
    """The ends have their own, whatever else goes on is running."""
    word = execution_status(status, [])
    assert word == (status.value if status.is_terminal else "RUNNING")


@pytest.mark.parametrize("kind", WaitKind)
def test_waiting_for_others_is_awaiting(kind: WaitKind) -> None:
    """For a person, an event, a worker or another workflow; not for a time or for one's turn."""
    own = {WaitKind.SLEEP, WaitKind.ITEMS, WaitKind.TURN, WaitKind.THROTTLE}
    word = execution_status(Status.WAITING, [None, WaitKind.SLEEP, kind])
    assert word == ("RUNNING" if kind in own else "AWAITING")
    assert execution_status(Status.RUNNING, [kind]) == "RUNNING"
