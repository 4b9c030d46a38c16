"""A workflow version made ready to run: its steps, and the edges that join them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

from shared.domain.ids import StepId, WorkflowId, split_key
from shared.domain.lengths import HISTORY_MAX
from shared.domain.steps import Edge, OnFailure, Origin, Retry, Step, StepKind
from shared.domain.values import Lang, Value
from shared.domain.workflows import Annotation, Definition, Dialect, Policy, Workflow

TURN = "$turn"
ANNOTATE = "$annotate"
RESULT = "$result"
"""Steps of our own: waiting for a turn comes first, then looking up annotations; computing the
result comes last.
"""

_NEVER = "$never"
"""A handle by which no step is left: what it leads to waits for its source, and is not led to."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A workflow version made ready to run; ``steps`` are in the order they were written.

    ``filters`` are set where they can only be judged once annotations are there. ``history_max``:
    an execution with so many entries in its log goes no further.
    """

    workflow_id: WorkflowId
    version: int
    name: str
    dialect: Dialect
    steps: tuple[Step, ...]
    edges: tuple[Edge, ...] = ()
    annotations: tuple[Annotation, ...] = ()
    filters: object = None
    policy: Policy = field(default_factory=Policy)
    history_max: int = HISTORY_MAX

    @cached_property
    def by_id(self) -> Mapping[str, Step]:
        """The steps by their ids."""
        return {step.id: step for step in self.steps}

    @cached_property
    def incoming(self) -> Mapping[str, tuple[Edge, ...]]:
        """The edges that lead to each step."""
        found: dict[str, list[Edge]] = {step.id: [] for step in self.steps}
        for edge in self.edges:
            found[edge.target].append(edge)
        return {step_id: tuple(edges) for step_id, edges in found.items()}

    @cached_property
    def sources(self) -> Mapping[str, tuple[str, ...]]:
        """The steps from which an edge leads to each step."""
        return {step_id: tuple(e.source for e in edges) for step_id, edges in self.incoming.items()}

    @cached_property
    def outgoing(self) -> Mapping[str, tuple[Edge, ...]]:
        """The edges that lead from each step."""
        found: dict[str, list[Edge]] = {step.id: [] for step in self.steps}
        for edge in self.edges:
            found[edge.source].append(edge)
        return {step_id: tuple(edges) for step_id, edges in found.items()}

    @cached_property
    def handles(self) -> Mapping[str, frozenset[str]]:
        """The handles by which edges leave each step."""
        found: dict[str, set[str]] = {step.id: set() for step in self.steps}
        for edge in self.edges:
            if edge.handle is not None:
                found[edge.source].add(edge.handle)
        return {step_id: frozenset(handles) for step_id, handles in found.items()}

    @cached_property
    def bodies(self) -> Mapping[str, Step]:
        """What each iterator does with an item, as a step."""
        return {step.id: _body(step) for step in self.steps if step.iterator is not None}

    @cached_property
    def undoing(self) -> Mapping[str, Step]:
        """What undoes each step that can be undone, as a step."""
        return {step.id: _undo(step) for step in self.steps if step.compensation is not None}

    def step_of(self, key: StepId) -> Step:
        """How what a key names is written: a step, an iterator's body, what undoes a step."""
        if (step := self.by_id.get(key)) is not None:
            return step
        parts = split_key(key)
        return (self.undoing if parts.compensates else self.bodies)[parts.step_id]

    def after(self, first: Sequence[str]) -> frozenset[str]:
        """The steps ``first`` and every step that comes after one of them."""
        reached = set(first)
        left = list(first)
        while left:
            fresh = {edge.target for edge in self.outgoing[left.pop()]} - reached
            reached |= fresh
            left += fresh
        return frozenset(reached)


def plan(workflow: Workflow, history_max: int = HISTORY_MAX) -> Plan:
    """The plan of a workflow whose definition has no problems."""
    definition = workflow.definition
    steps, edges = definition.steps, edges_of(definition)
    if definition.annotations:
        steps, edges = _after(_own(ANNOTATE, Value()), steps, edges)
    if definition.result is not None:
        steps, edges = _with_result(steps, edges, definition.result)
    if (key := definition.policy.concurrency_key) is not None:
        led_to = {edge.target for edge in edges}
        # A repeated execution takes over outcomes, but never the turn: each step waits for it.
        held = tuple(_edge(TURN, s.id, Origin.EXPLICIT, _NEVER) for s in steps if s.id in led_to)
        steps, edges = _after(_own(TURN, key, TURN), steps, edges)
        edges = (*edges, *held)
    return Plan(
        workflow_id=WorkflowId(workflow.id),
        version=workflow.version,
        name=definition.name,
        dialect=workflow.dialect,
        steps=steps,
        edges=edges,
        annotations=definition.annotations,
        filters=definition.filters if definition.annotations else None,
        policy=workflow.policy,
        history_max=history_max,
    )


def edges_of(definition: Definition) -> tuple[Edge, ...]:
    """Every edge, whichever way it is written; without any the steps follow one another."""
    steps = definition.steps
    dependencies = tuple(
        _edge(source, step.id, Origin.DEPENDENCY) for step in steps for source in step.depends_on
    )
    if definition.edges or dependencies:
        return (*definition.edges, *dependencies)
    return tuple(_edge(before.id, after.id, Origin.SEQUENCE) for before, after in pairwise(steps))


def _after(
    first: Step, steps: tuple[Step, ...], edges: tuple[Edge, ...]
) -> tuple[tuple[Step, ...], tuple[Edge, ...]]:
    """With ``first`` before the steps that nothing leads to."""
    led_to = {edge.target for edge in edges}
    led = tuple(
        _edge(first.id, step.id, Origin.EXPLICIT) for step in steps if step.id not in led_to
    )
    return (first, *steps), (*led, *edges)


def _with_result(
    steps: tuple[Step, ...], edges: tuple[Edge, ...], result: Value
) -> tuple[tuple[Step, ...], tuple[Edge, ...]]:
    last = tuple(_edge(step.id, RESULT, Origin.DEPENDENCY) for step in steps)
    return (*steps, _own(RESULT, result)), (*edges, *last)


def _body(step: Step) -> Step:
    assert step.iterator is not None, "an iterator has its block"
    body = step.iterator.body
    return Step.model_construct(
        id=step.id,
        kind=StepKind.ACTION if body.subworkflow is None else StepKind.SUBWORKFLOW,
        action=body.action,
        action_version=body.action_version,
        auto_upgrade=body.auto_upgrade,
        subworkflow=body.subworkflow,
        input=body.input,
        run_if=body.run_if,
        retry=body.retry,
        timeout_s=body.timeout_s,
        on_failure=OnFailure.CONTINUE,
    )


def _undo(step: Step) -> Step:
    assert step.compensation is not None, "a step that can be undone says how"
    undo = step.compensation
    return Step.model_construct(
        id=step.id,
        action=undo.action,
        action_version=undo.action_version,
        auto_upgrade=undo.auto_upgrade,
        input=undo.input or Value(lang=Lang.LITERAL),
        retry=undo.retry,
        timeout_s=undo.timeout_s,
        on_failure=OnFailure.CONTINUE,
    )


def _own(step_id: str, value: Value, action: str | None = None) -> Step:
    """A step of our own; its id is one that no definition can have."""
    retry = Retry(max_attempts=5)
    return Step.model_construct(id=step_id, action=action, input=value, retry=retry)


def _edge(source: str, target: str, origin: Origin, handle: str | None = None) -> Edge:
    return Edge.model_construct(source=source, target=target, origin=origin, handle=handle)
