"""Altostrat's words for a workflow: ``POST /workflows`` and its neighbours.

Exactly one node is a trigger. Nodes are steps, edges are edges; a node that no edge leads to never
runs. ``data`` holds Liquid templates. Fields that mean nothing to Turnout are kept and given back.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic import ValidationError

from services.api.dialects.altostrat.components import step_fields
from services.api.dialects.altostrat.documents import AltostratListed, AltostratWorkflowDocument
from services.api.dialects.altostrat.ids import WORKFLOW, parsed, written
from services.api.dialects.altostrat.nodes import (
    DEFAULTS,
    SAID_BY_US,
    AltostratNode,
    AltostratWorkflow,
)
from services.api.dialects.altostrat.triggers import (
    fault_of_schedule,
    is_trigger,
    triggers_of,
)
from services.api.dialects.parsing import Places, Words
from services.api.http.documents import render_problems, validate
from services.api.workflows.registration import Registration
from shared.domain.errors import Invalid, Problem
from shared.domain.ids import WorkflowId
from shared.domain.steps import ERROR, Edge, OnFailure, Step
from shared.domain.workflows import Definition, Dialect, Lifecycle, RunAs, Workflow
from shared.wire.envelope import stamp, stamped
from shared.wire.strict_json import invalid

GRAPH: Final = frozenset({"nodes", "edges"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What is told of a workflow beside itself: when it runs next, its address, its problems."""

    next_run_at: datetime | None = None
    webhook_url: str | None = None
    problems: tuple[Problem, ...] = ()


def parse(document: Mapping[str, Any], fallback_id: UUID) -> Registration:
    """The registration that a document asks for. Raises Invalid with every fault."""
    asked = {name: value for name, value in document.items() if name not in SAID_BY_US}
    written_ = validate(AltostratWorkflow, asked)
    return Registration(
        workflow_id=WorkflowId(fallback_id),
        environment_id=None,
        dialect=Dialect.ALTOSTRAT,
        definition=_definition(written_),
        source=asked,
        is_active=written_.is_active,
        may_be_draft=True,
    )


def render(workflow: Workflow, around: Around) -> AltostratWorkflowDocument:
    """The document as it was sent, completed; a draft says what keeps it from running."""
    document: AltostratWorkflowDocument = {
        **render_listed(workflow, around),
        "nodes": workflow.source["nodes"],
        "edges": workflow.source["edges"],
        "problems": render_problems(around.problems),
    }
    if workflow.lifecycle is not Lifecycle.DRAFT:
        del document["problems"]
    return document


def render_listed(workflow: Workflow, around: Around) -> AltostratListed:
    """As in a list: without its nodes and edges."""
    source = {name: value for name, value in workflow.source.items() if name not in GRAPH}
    return {
        **DEFAULTS,
        **source,
        "id": written(WORKFLOW, workflow.id),
        "name": workflow.definition.name,
        "next_run_at": stamped(around.next_run_at),
        "is_active": workflow.is_matched,
        "webhook_url": around.webhook_url,
        "created_at": stamp(workflow.created_at),
        "updated_at": stamp(workflow.updated_at),
    }


def alone(workflow: Workflow) -> dict[str, Any]:
    """The document of a workflow with no other node than its trigger."""
    nodes = [node for node in workflow.source["nodes"] if is_trigger(_component(node))]
    return {**workflow.source, "nodes": nodes, "edges": []}


def with_graph_of(workflow: Workflow, asked: Registration) -> Registration:
    """What is asked for, with the nodes and edges of a workflow, and what was made of them."""
    made = {"steps": workflow.definition.steps, "edges": workflow.definition.edges}
    return replace(
        asked,
        definition=asked.definition.model_copy(update=made),
        source={**asked.source, **{name: workflow.source[name] for name in GRAPH}},
    )


def step_of(node: AltostratNode, *, has_error_edge: bool, is_led_to: bool) -> Step:
    """A node as a step. Raises Invalid; places begin at the node."""
    goes_on = node.data.continue_on_error
    on_failure = OnFailure.ABORT
    if has_error_edge and goes_on is not False:
        on_failure = OnFailure.BRANCH
    elif goes_on:
        on_failure = OnFailure.CONTINUE
    try:
        return Step(
            id=node.id,
            description=node.data.description,
            on_failure=on_failure,
            run_if=None if is_led_to or is_trigger(node.component) else "false",
            **step_fields(node),
        )
    except ValidationError as error:
        raise invalid("/data", "INVALID", f"{error.errors()[0]['msg']}.") from None


place: Final = Places(
    (r"^/triggers/\d+/schedule/.*", "/schedule_value"),
    (r"^/triggers.*", "/nodes"),
    (r"^/steps/(\d+)/id", r"/nodes/\1/id"),
    (r"^/steps/(\d+)/action", r"/nodes/\1/data/componentId"),
    (r"^/steps/(\d+)/on_failure", r"/nodes/\1/data/continue_on_error"),
    (r"^/steps/(\d+)/(iterator/body/)?subworkflow/", r"/nodes/\1/data/"),
    (r"^/steps/(\d+)/input/src", r"/nodes/\1/data"),
    (r"^/steps/(\d+)/.*", r"/nodes/\1/data"),
    (r"^/steps", "/nodes"),
    (r"^/edges/(\d+)/handle", r"/edges/\1/sourceHandle"),
    (r"^/edges/(\d+)/from", r"/edges/\1/source"),
    (r"^/edges/(\d+)/to", r"/edges/\1/target"),
)
"""The problem of a canonical definition, at the place in Altostrat's document."""


def _definition(asked: AltostratWorkflow) -> Definition:
    """Raises Invalid with every fault that its shape does not show."""
    faults = [*_faults_of_nodes(asked), *fault_of_schedule(asked)]
    steps: list[Step] = []
    triggers = None
    for index, node in enumerate(asked.nodes):
        try:
            steps.append(_step_in(asked, node))
            if not faults and is_trigger(node.component):
                triggers = tuple(triggers_of(asked, node))
        except Invalid as error:
            faults += (_at_node(problem, index) for problem in error.problems)
    if faults or triggers is None:
        raise Invalid(faults)
    return Definition(
        name=asked.name,
        description=asked.description,
        run_as=RunAs(authorization_id=asked.authorization_id),
        triggers=triggers,
        steps=tuple(steps),
        edges=tuple(_edges(asked)),
    )


def _edges(asked: AltostratWorkflow) -> Iterator[Edge]:
    """One for each, in the same order: problems are told by their numbers.

    The way ``error`` out of a node that does not go on is there, and nothing ever takes it.
    """
    stops = {node.id for node in asked.nodes if node.data.continue_on_error is False}
    for edge in asked.edges:
        ends = {"id": edge.id, "from": edge.source, "to": edge.target}
        if edge.source_handle == ERROR and edge.source in stops:
            yield Edge.model_validate({**ends, "condition": "false"})
        else:
            yield Edge.model_validate({**ends, "handle": edge.source_handle})


def _step_in(asked: AltostratWorkflow, node: AltostratNode) -> Step:
    handles = {edge.source_handle for edge in asked.edges if edge.source == node.id}
    is_led_to = any(edge.target == node.id for edge in asked.edges)
    return step_of(node, has_error_edge=ERROR in handles, is_led_to=is_led_to)


def _faults_of_nodes(asked: AltostratWorkflow) -> Iterator[Problem]:
    found = sum(is_trigger(node.component) for node in asked.nodes)
    if found != 1:
        detail = f"There must be exactly one trigger node; there are {found}."
        yield Problem(pointer="/nodes", code="NOT_ONE_TRIGGER", detail=detail)
    ids = Counter(node.id for node in asked.nodes)
    for index, node in enumerate(asked.nodes):
        if ids[node.id] > 1:
            detail = f"The id '{node.id}' is another node's as well."
            yield Problem(pointer=f"/nodes/{index}/id", code="DUPLICATE_NODE", detail=detail)


def _component(node: Mapping[str, Any]) -> str:
    return validate(AltostratNode, node).component


def _at_node(problem: Problem, index: int) -> Problem:
    is_elsewhere = not problem.pointer.startswith("/data")
    pointer = problem.pointer if is_elsewhere else f"/nodes/{index}{problem.pointer}"
    return replace(problem, pointer=pointer)


def _carried(document: Mapping[str, Any]) -> UUID | None:
    return parsed(WORKFLOW, str(document.get("id")))


WORDS: Final = Words(dialect=Dialect.ALTOSTRAT, parse=parse, place=place, carried=_carried)
