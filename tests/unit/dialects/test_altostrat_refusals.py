"""What of Altostrat's documents is refused, and how."""

from http import HTTPStatus
from typing import Any

import pytest

from services.api.dialects.altostrat import workflows as altostrat
from services.api.dialects.altostrat.faults import field_of, render_fault
from services.api.http.problems import Fault
from shared.domain.errors import Invalid, Problem
from tests.unit.dialects.altostrat_documents import FLOW_ID, ID, flow, node


def faults(document: dict[str, Any]) -> list[tuple[str, str]]:
    """The places and codes of what is refused."""
    with pytest.raises(Invalid) as refused:
        altostrat.parse(document, ID)
    return [(problem.pointer, problem.code) for problem in refused.value.problems]


@pytest.mark.parametrize(
    ("document", "place"),
    [
        (flow(schedule_type="interval"), "/schedule_value"),
        (flow(schedule_type="cron", schedule_value=None), "/schedule_value"),
        (flow(schedule_type="cron", schedule_value="0 25 * * *"), "/schedule_value"),
        (flow(schedule_type="interval", schedule_value="soon"), "/schedule_value"),
        (flow(schedule_type="interval", schedule_value="5 seconds"), "/schedule_value"),
        (flow(schedule_type="daily", schedule_value="25:00"), "/schedule_value"),
        (flow(schedule_type="moon"), "/schedule_type"),
        ({**flow(), "authorization_id": "1"}, "/authorization_id"),
        ({**flow(), "nodes": []}, "/nodes"),
        ({**flow(), "nodes": [node("a", "webhook", url="u")]}, "/nodes"),
        (flow(node("b", "webhook_trigger")), "/nodes"),
        (flow(node("start", "webhook", url="u")), "/nodes/0/id"),
        ({**flow(), "nodes": [node("a", "moon_trigger")]}, "/nodes/0/data/componentId"),
        ({**flow(), "nodes": [node("a", "event_trigger")]}, "/nodes/0/data/event_name"),
        (flow(node("a b", "webhook", url="u")), "/nodes/1/id"),
        (flow(node("a", "webhook")), "/nodes/1/data/url"),
        (flow(node("a", "webhook", url="u", method="MOVE")), "/nodes/1/data/method"),
        (flow(node("a", "webhook", url="u", headers=[7])), "/nodes/1/data/headers/0"),
        (flow(node("a", "string_condition")), "/nodes/1/data/value"),
        (flow(node("a", "string_condition", value="x")), "/nodes/1/data/operator"),
        (
            flow(node("a", "number_condition", value=1, operator="like", compare_to=2)),
            "/nodes/1/data/operator",
        ),
        (
            flow(node("a", "number_condition", value=1, operator="gt")),
            "/nodes/1/data/compare_to",
        ),
        (flow(node("a", "switch", cases=[])), "/nodes/1/data/cases"),
        (flow(node("a", "switch", cases=[{"operator": "is"}])), "/nodes/1/data/cases/0"),
        (flow(node("a", "switch", value=1, cases=[{"id": "a/b", "value": 1}])), "/nodes/1/data"),
        (
            flow(node("a", "logical_group", conditions=[{"conditions": [{"type": "moon"}]}])),
            "/nodes/1/data/conditions/0/conditions/0/type",
        ),
        (flow(node("a", "delay", duration=5, unit="moons")), "/nodes/1/data/unit"),
        (flow(node("a", "delay", duration=-5)), "/nodes/1/data/duration"),
        (flow(node("a", "delay", duration="nan")), "/nodes/1/data/duration"),
        (flow(node("a", "iterator", items="{{ n }}")), "/nodes/1/data/workflow_id"),
        (flow(node("a", "iterator", workflow_id=FLOW_ID)), "/nodes/1/data/items"),
        (flow(node("a", "trigger_workflow", workflow_id="7")), "/nodes/1/data/workflow_id"),
        (flow(node("a", "terminate", status="maybe")), "/nodes/1/data/status"),
        (flow(node("a", "form", buttons=["a/b"])), "/nodes/1/data/buttons"),
        (flow(node("a", "form", buttons=7)), "/nodes/1/data/buttons"),
        (flow(node("a", "array_filter", items="x")), "/nodes/1/data/items"),
        (flow(node("a", "json_parser", input="{{ a }} {{ b }}")), "/nodes/1/data/input"),
    ],
)
def test_what_cannot_be_read_is_refused_at_its_place(document: dict[str, Any], place: str) -> None:
    """Every fault is a problem at a place of Altostrat's document."""
    assert place in [pointer for pointer, _ in faults(document)]


def test_every_fault_is_told_at_once() -> None:
    """Faults of several nodes and of the schedule come together."""
    document = flow(node("a", "webhook"), node("b", "delay"), schedule_type="cron")
    assert {pointer for pointer, _ in faults(document)} == {
        *("/nodes/1/data/url", "/nodes/2/data/duration", "/schedule_value")
    }


def test_refusals_are_laravels() -> None:
    """The first fault is the message, and fields have dots between their parts."""
    problems = tuple(Problem(pointer=p, code="C", detail=f"No {p}.") for p in ("/a/0/b", "/c", ""))
    status, document = render_fault(
        Fault(status=HTTPStatus.UNPROCESSABLE_ENTITY, detail="", problems=problems)
    )
    assert document == {
        "message": "No /a/0/b. (and 2 more errors)",
        "errors": {"a.0.b": ["No /a/0/b."], "c": ["No /c."], "body": ["No ."]},
    }
    assert field_of("/a~1b/~0") == "a/b.~"
    assert status == 422
