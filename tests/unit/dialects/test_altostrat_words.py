"""Altostrat's documents as workflows, and back."""

from copy import deepcopy
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.api.dialects.altostrat import workflows as altostrat
from services.api.dialects.altostrat.ids import RUN, WORKFLOW, parsed, written
from services.api.dialects.altostrat.workflows import Around
from services.api.workflows.registration import Registration
from shared.domain.actions import OURS
from shared.domain.errors import Problem
from shared.domain.ids import DEFAULT_ENVIRONMENT
from shared.domain.schedules import ScheduleKind
from shared.domain.steps import OnFailure, StepKind
from shared.domain.workflows import Definition, Lifecycle, TriggerKind, Workflow
from shared.matching.check import definition_problems
from tests.unit.dialects.altostrat_documents import FLOW_ID, ID, SEED, flow, node

AT = datetime(2026, 11, 22, 10, tzinfo=UTC)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
EXTRA = st.dictionaries(st.text(min_size=1).map(lambda name: f"x-{name}"), JSON, max_size=3)
CALLS = st.fixed_dictionaries(
    {"componentId": st.just("webhook"), "url": st.text(min_size=1)},
    optional={"body": st.text(), "description": st.text(), "continue_on_error": st.booleans()},
)
ACTIONS = st.fixed_dictionaries({"componentId": st.just("get_site"), "site": JSON})


def definition(document: dict[str, Any]) -> Definition:
    """What the document becomes."""
    return altostrat.parse(document, ID).definition


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """Workflows of Altostrat's, with fields that nobody knows at every place."""
    several = draw(st.lists(st.one_of(CALLS, ACTIONS), max_size=4))
    nodes = [
        {"id": "t", "type": "manual_trigger", "data": draw(EXTRA), **draw(EXTRA)},
        *(
            {
                "id": f"n{n}",
                "type": "action",
                "position": draw(JSON),
                "data": {**draw(EXTRA), **data, "uiId": "u"},
            }
            for n, data in enumerate(several)
        ),
    ]
    edges = [
        {"id": f"e{n}", "source": "t", "target": f"n{n}", **draw(EXTRA)}
        for n in range(len(several))
    ]
    optional = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "description": st.none() | st.text(),
                "is_active": st.booleans(),
                "schedule_type": st.sampled_from(["manual", "daily", "weekly", "monthly"]),
            },
        )
    )
    name = draw(st.text(min_size=1, max_size=50))
    around = {"name": name, "authorization_id": "auth_1", **optional, **draw(EXTRA)}
    return {**around, "nodes": nodes, "edges": edges}


@given(document=documents())
def test_every_field_comes_back(document: dict[str, Any]) -> None:
    """render(parse(document)) contains every field of the document, known or not."""
    before = deepcopy(document)
    shown = altostrat.render(_workflow(altostrat.parse(document, ID)), Around())
    assert orjson.loads(orjson.dumps(document)).items() <= orjson.loads(orjson.dumps(shown)).items()
    assert document == before


def test_the_seed_comes_back_with_every_documented_field() -> None:
    """The documented request is a workflow that can run, and its answer has all that is said."""
    asked = altostrat.parse(SEED, ID)
    shown = altostrat.render(_workflow(asked), Around(next_run_at=AT, webhook_url="https://x"))
    assert SEED.items() <= shown.items()
    assert shown.keys() >= {
        *("id", "name", "description", "nodes", "edges", "schedule_type", "schedule_value"),
        *("next_run_at", "is_active", "webhook_url", "created_at", "updated_at"),
    }
    assert shown["id"] == FLOW_ID
    assert shown["created_at"] == shown["next_run_at"] == "2026-11-22T10:00:00.000000Z"
    assert definition_problems(asked.definition, OURS) == []
    start, call = asked.definition.steps
    assert (start.action, call.action, call.input.src["method"]) == (
        *("transform", "http_request"),
        "POST",
    )
    assert asked.definition.run_as is not None
    assert asked.definition.run_as.authorization_id == "auth_01H..."


def test_what_we_say_may_come_back_and_means_nothing() -> None:
    """A whole answer is a request for the same workflow."""
    shown = altostrat.render(_workflow(altostrat.parse(SEED, ID)), Around())
    again = altostrat.parse({**shown, "problems": []}, ID)
    assert again.source == {**SEED, "schedule_value": None}
    assert again.definition == altostrat.parse(SEED, ID).definition


def test_a_node_that_nothing_leads_to_never_runs() -> None:
    """Turnout would start it at once; in Altostrat's editor it is not connected."""
    document = {**flow(node("a", "webhook", url="https://x")), "edges": []}
    assert [step.run_if for step in definition(document).steps] == [None, "false"]


@pytest.mark.parametrize(
    ("continues", "handle", "becomes"),
    [
        (True, "error", OnFailure.BRANCH),
        (None, "error", OnFailure.BRANCH),
        (True, None, OnFailure.CONTINUE),
        (None, None, OnFailure.ABORT),
        (False, "error", OnFailure.ABORT),
    ],
)
def test_continue_on_error_and_the_error_edge(
    *, continues: bool | None, handle: str | None, becomes: OnFailure
) -> None:
    """An error edge is a branch unless the node says that it does not go on."""
    document = flow(
        node("a", "webhook", url="https://x", continue_on_error=continues),
        node("b", "webhook", url="https://x"),
    )
    document["edges"][1]["sourceHandle"] = handle
    found = definition(document)
    assert found.steps[1].on_failure is becomes
    assert definition_problems(found, OURS) == []


@pytest.mark.parametrize(
    ("component", "kind"),
    [
        ("manual_trigger", TriggerKind.MANUAL),
        ("webhook_trigger", TriggerKind.WEBHOOK),
        ("api_trigger", TriggerKind.API_SYNC),
        ("workflow_trigger", TriggerKind.WORKFLOW),
        ("subflow_trigger", TriggerKind.SUBFLOW),
        ("schedule_trigger", TriggerKind.MANUAL),
        ("wan_packet_loss_trigger", TriggerKind.EVENT),
        ("site_offline", TriggerKind.EVENT),
    ],
)
def test_triggers(component: str, kind: TriggerKind) -> None:
    """Each trigger node is a trigger; one by the clock without a time is started by hand."""
    document = flow()
    document["nodes"] = [node("start", component)]
    [trigger] = definition(document).triggers
    assert trigger.kind is kind
    assert (trigger.event_name is not None) is (kind is TriggerKind.EVENT)


@pytest.mark.parametrize(
    ("kind", "said", "value"),
    [
        ("interval", "5 minutes", "300"),
        ("interval", "every 2 Hours", "7200"),
        ("interval", "1 day", "86400"),
        ("cron", "0 4 * * *", "0 4 * * *"),
        ("daily", None, "00:00"),
        ("daily", "06:30", "06:30"),
        ("weekly", None, "mon 00:00"),
        ("weekly", "09:15", "mon 09:15"),
        ("weekly", "friday 09:15", "fri 09:15"),
        ("monthly", None, "1 00:00"),
        ("monthly", "15 07:00", "15 07:00"),
    ],
)
def test_schedules(kind: str, said: str | None, value: str) -> None:
    """A value may be left out where a day and an hour are usual; it is in UTC."""
    document = flow(schedule_type=kind, schedule_value=said)
    schedule = definition(document).triggers[-1].schedule
    assert schedule is not None
    assert (schedule.kind, schedule.value, schedule.timezone) == (ScheduleKind(kind), value, "UTC")


@pytest.mark.parametrize(
    ("written_node", "kind"),
    [
        (node("a", "delay", duration=2, unit="minutes"), StepKind.SLEEP),
        (node("a", "delay", duration="{{ start.s }}"), StepKind.SLEEP),
        (node("a", "iterator", items="{{ start.l }}", workflow_id=FLOW_ID), StepKind.ITERATOR),
        (node("a", "trigger_workflow", workflow_id=FLOW_ID), StepKind.SUBWORKFLOW),
        (node("a", "subflow", workflow_id=FLOW_ID), StepKind.SUBWORKFLOW),
        (node("a", "terminate", status="failed", message="no"), StepKind.TERMINATE),
        (node("a", "response", body={"a": "{{ start.a }}"}), StepKind.RESPOND),
        (node("a", "form", buttons=[{"id": "yes"}, "no"]), StepKind.FORM),
        (node("a", "data_mapper", mapping={"a": "{{ start.a }}"}), StepKind.ACTION),
        (node("a", "text_transform", template="{{ start.a }}"), StepKind.ACTION),
        (node("a", "date_transform", date="{{ start.at }}", format="Y-m-d"), StepKind.ACTION),
        (node("a", "json_parser", input="{{ start.text }}"), StepKind.ACTION),
    ],
)
def test_components_are_steps_that_can_run(written_node: dict[str, Any], kind: StepKind) -> None:
    """What a component is compiled into has no fault."""
    found = definition(flow(written_node))
    assert found.steps[1].kind is kind
    assert definition_problems(found, OURS) == []


def test_what_is_not_known_is_an_action_of_the_registry() -> None:
    """It is called by its component's name, with its data but for what is the editor's."""
    document = flow(node("a", "get_site", uiId="u", operation="get", site="{{ start.site }}"))
    step = definition(document).steps[1]
    assert (step.action, step.input.src) == (
        "get_site",
        {"operation": "get", "site": "{{ start.site }}"},
    )
    [problem] = definition_problems(definition(document), OURS)
    assert altostrat.place(problem).pointer == "/nodes/1/data/componentId"


def test_a_secret_of_the_vault_is_a_reference() -> None:
    """As a text, within a text, and in markup; there not in quotes, and not as a field."""
    secret = f"vlt_{FLOW_ID.removeprefix('fl_')}"
    headers = {
        "A": secret,
        "B": f"Bearer {secret}",
        "C": f"{secret}-{{{{ {secret} | upcase }}}}",
        "D": f"{{{{ '{secret}' }}}}{{{{ start.{secret} }}}}",
        "E": f'{{"k": "{secret}", "of": \'.{secret}\'}}',
        "F": f"x{secret} {secret}x",
    }
    document = flow(node("a", "webhook", url="https://x", headers=headers))
    found = definition(document).steps[1].input.src["headers"]
    assert found["A"] == f"{{{{ secrets.{secret} }}}}"
    assert found["B"] == f"Bearer {{{{ secrets.{secret} }}}}"
    read = f"secrets.{secret}"
    assert found["C"].startswith(f"{{{{ {read} }}}}-{{{{ {read} | upcase }}}}")
    assert found["D"].startswith(headers["D"])
    put = f"{{{{ {read} }}}}"
    assert found["E"].startswith(f'{{"k": "{put}", "of": \'.{put}\'}}')
    assert found["F"] == headers["F"]


def test_problems_are_shown_where_the_author_wrote_them() -> None:
    """A pointer into the definition becomes one into Altostrat's document."""
    for ours, theirs in (
        ("/triggers/1/schedule/value", "/schedule_value"),
        ("/triggers/0/event_name", "/nodes"),
        ("/steps/3/action", "/nodes/3/data/componentId"),
        ("/steps/3/input/src/url", "/nodes/3/data/url"),
        ("/steps/3/subworkflow/workflow_id", "/nodes/3/data/workflow_id"),
        ("/steps/3/iterator/body/subworkflow/workflow_id", "/nodes/3/data/workflow_id"),
        ("/steps/3/condition", "/nodes/3/data"),
        ("/steps", "/nodes"),
        ("/edges/2/handle", "/edges/2/sourceHandle"),
        ("/edges/2/from", "/edges/2/source"),
        ("/edges/2", "/edges/2"),
    ):
        problem = Problem(pointer=ours, code="C", detail="d")
        assert altostrat.place(problem).pointer == theirs


@given(id_=st.uuids())
def test_ids_are_theirs_and_ours(id_: UUID) -> None:
    """A prefix and 26 small characters stand for a UUID; with another prefix for none."""
    text = written(RUN, id_)
    assert parsed(RUN, text) == id_
    assert parsed(WORKFLOW, text) is None
    assert text == text.lower()


def _workflow(asked: Registration) -> Workflow:
    return Workflow(
        id=asked.workflow_id,
        environment_id=DEFAULT_ENVIRONMENT,
        version=1,
        dialect=asked.dialect,
        lifecycle=Lifecycle.READY,
        is_active=asked.is_active is not False,
        definition=asked.definition,
        source=asked.source,
        created_at=AT,
        updated_at=AT,
    )
