"""What keeps a definition's steps from being a graph that can run."""

from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from shared.domain.blocks import step_problems
from shared.domain.errors import Problem
from shared.domain.plans import edges_of
from shared.domain.steps import (
    APPROVED,
    DEFAULT_CASE,
    ERROR,
    FALSE,
    REJECTED,
    TIMEOUT,
    TRUE,
    Edge,
    OnFailure,
    Origin,
    Step,
    StepKind,
)
from shared.domain.workflows import Definition, Trigger, TriggerKind

EDGES_MAX = 1_000
CYCLES_MAX = 10

_CYCLE_SHOWN_MAX = 6
_NAME_SHOWN_MAX = 64

_Placed = tuple[str, Edge]
"""An edge and where it is written: in ``edges``, or in a step's ``depends_on``."""


def graph_problems(definition: Definition) -> Iterator[Problem]:
    """Every fault of the steps' blocks and of how they are joined (``CYCLES_MAX`` cycles).

    Pointers lead into the canonical definition.
    """
    steps = definition.steps
    by_id = {step.id: step for step in reversed(steps)}
    for index, trigger in enumerate(definition.triggers):
        yield from _trigger_problems(trigger, f"/triggers/{index}", by_id)
    yield from _id_problems(steps)
    for index, step in enumerate(steps):
        yield from step_problems(step, f"/steps/{index}")
    edges = edges_of(definition)
    written = list(zip(_places(definition), edges, strict=False))
    yield from _edge_problems(written, by_id)
    yield from _branch_problems(steps, definition.edges)
    for cycle, pointer in _cycles(steps, [one for one in written if _joins(one[1], by_id)]):
        yield _cycle_problem(cycle, pointer)
    yield from _unreachable_problems(steps, [edge for edge in edges if _joins(edge, by_id)])


def _trigger_problems(
    trigger: Trigger, pointer: str, by_id: Mapping[str, Step]
) -> Iterator[Problem]:
    if trigger.kind is TriggerKind.EVENT and not (trigger.event_name or trigger.event_uid):
        detail = "Name the event that starts the workflow, such as 'ticket:created'."
        yield Problem(pointer=f"{pointer}/event_name", code="MISSING_EVENT_NAME", detail=detail)
    if trigger.kind is TriggerKind.SCHEDULE and trigger.schedule is None:
        detail = "Say when: a 'kind', such as daily or cron, and its 'value'."
        yield Problem(pointer=f"{pointer}/schedule", code="MISSING_SCHEDULE", detail=detail)
    if trigger.step_id is not None:
        step = by_id.get(trigger.step_id)
        if step is None or step.kind is not StepKind.TRIGGER:
            named = trigger.step_id[:_NAME_SHOWN_MAX]
            detail = f"There is no step '{named}' of kind 'trigger'; name one, or none."
            yield Problem(pointer=f"{pointer}/step_id", code="UNKNOWN_STEP", detail=detail)


def _id_problems(steps: Sequence[Step]) -> Iterator[Problem]:
    taken: set[str] = set()
    for index, step in enumerate(steps):
        if step.id in taken:
            detail = f"Step id '{step.id}' is taken by an earlier step; give each its own."
            yield Problem(pointer=f"/steps/{index}/id", code="DUPLICATE_STEP", detail=detail)
        taken.add(step.id)


def _places(definition: Definition) -> Iterator[str]:
    """Where each of ``edges_of`` is written; a sequence is written nowhere."""
    for index in range(len(definition.edges)):
        yield f"/edges/{index}"
    for index, step in enumerate(definition.steps):
        for place in range(len(step.depends_on)):
            yield f"/steps/{index}/depends_on/{place}"


def _joins(edge: Edge, by_id: Mapping[str, Step]) -> bool:
    return edge.source in by_id and edge.target in by_id and edge.source != edge.target


def _edge_problems(written: Sequence[_Placed], by_id: Mapping[str, Step]) -> Iterator[Problem]:
    if len(written) > EDGES_MAX:
        detail = f"{len(written)} edges and dependencies; a workflow may have {EDGES_MAX}."
        yield Problem(pointer="/edges", code="TOO_MANY_EDGES", detail=detail)
    ids: set[str] = set()
    drawn: set[tuple[str, str, str | None, str | None, Origin]] = set()
    for pointer, edge in written:
        yield from _end_problems(edge, pointer, by_id)
        if edge.id in ids:
            detail = f"Edge id '{edge.id}' is taken by an earlier edge; give each its own."
            yield Problem(pointer=f"{pointer}/id", code="DUPLICATE_EDGE_ID", detail=detail)
        same = (edge.source, edge.target, edge.handle, edge.condition, edge.origin)
        if same in drawn:
            detail = f"'{edge.source}' already leads to '{edge.target}' this way; remove one."
            yield Problem(pointer=pointer, code="DUPLICATE_EDGE", detail=detail)
        drawn.add(same)
        ids.update(() if edge.id is None else (edge.id,))


def _end_problems(edge: Edge, pointer: str, by_id: Mapping[str, Step]) -> Iterator[Problem]:
    if pointer.startswith("/steps"):
        if edge.source not in by_id:
            detail = (
                f"There is no step '{edge.source[:_NAME_SHOWN_MAX]}'; name one of this workflow."
            )
            yield Problem(pointer=pointer, code="UNKNOWN_DEPENDENCY", detail=detail)
    else:
        for place, end in (("from", edge.source), ("to", edge.target)):
            if end not in by_id:
                detail = f"There is no step '{end[:_NAME_SHOWN_MAX]}'; name one of this workflow."
                yield Problem(pointer=f"{pointer}/{place}", code="UNKNOWN_STEP", detail=detail)
    if edge.source == edge.target and edge.source in by_id:
        detail = f"Step '{edge.source}' leads to itself; remove this, or repeat with an iterator."
        yield Problem(pointer=pointer, code="SELF_EDGE", detail=detail)
    if edge.handle is not None and edge.source in by_id:
        yield from _handle_problems(by_id[edge.source], edge.handle, f"{pointer}/handle")


def _handle_problems(step: Step, handle: str, pointer: str) -> Iterator[Problem]:
    given = sorted(_handles(step))
    if handle in given:
        return
    if handle == ERROR:
        mend = "set its on_failure to 'branch'."
    elif given:
        mend = f"it has {', '.join(given)}."
    else:
        mend = "it has none: leave the handle out."
    detail = f"Step '{step.id}' ({step.kind}) never leaves by '{handle}'; {mend}"
    yield Problem(pointer=pointer, code="UNKNOWN_HANDLE", detail=detail)


def _handles(step: Step) -> frozenset[str]:
    """The handles by which a step can leave."""
    ways: Iterable[str] = ()
    match step.kind:
        case StepKind.CONDITION:
            ways = (TRUE, FALSE)
        case StepKind.SWITCH:
            ways = (*(case.handle for case in step.cases), DEFAULT_CASE)
        case StepKind.APPROVAL:
            ways = (APPROVED, REJECTED, TIMEOUT)
        case StepKind.FORM:
            ways = (*(step.form.buttons if step.form else ()), TIMEOUT)
        case StepKind.WAIT:
            ways = (TIMEOUT,)
    return frozenset((*ways, ERROR) if step.on_failure is OnFailure.BRANCH else ways)


def _branch_problems(steps: Sequence[Step], edges: Sequence[Edge]) -> Iterator[Problem]:
    led = {edge.source for edge in edges if edge.handle == ERROR}
    for index, step in enumerate(steps):
        if step.on_failure is OnFailure.BRANCH and step.id not in led:
            detail = f"No edge leaves '{step.id}' by '{ERROR}'; draw one, or choose another word."
            pointer = f"/steps/{index}/on_failure"
            yield Problem(pointer=pointer, code="MISSING_ERROR_EDGE", detail=detail)


def _cycles(
    steps: Sequence[Step], written: Sequence[_Placed]
) -> Iterator[tuple[Sequence[str], str]]:
    """Cycles that share no step, and of each the place of an edge of it.

    Each begins, and ends, with its first step as written.
    """
    into: dict[str, dict[str, str]] = {}
    for pointer, edge in written:
        into.setdefault(edge.target, {}).setdefault(edge.source, pointer)
    rank = {step.id: index for index, step in enumerate(steps)}
    for _ in range(CYCLES_MAX):
        ring = _ring(into)
        if not ring:
            return
        first = ring.index(min(ring, key=rank.__getitem__))
        ring = [*ring[first:], *ring[:first]]
        yield [*ring, ring[0]], into[ring[0]][ring[-1]]
        for step_id in ring:
            del into[step_id]


def _ring(into: Mapping[str, Iterable[str]]) -> list[str]:
    """The steps of a cycle, each after the one that leads to it; none where there is none."""
    try:
        TopologicalSorter(into).prepare()
    except CycleError as error:
        cycle: list[str] = error.args[1]
        return cycle[1:]  # its first is also its last
    return []


def _cycle_problem(cycle: Sequence[str], pointer: str) -> Problem:
    is_long = len(cycle) > _CYCLE_SHOWN_MAX
    shown = [*cycle[: _CYCLE_SHOWN_MAX - 1], "…", cycle[-1]] if is_long else cycle
    return Problem(
        pointer=pointer,
        code="CYCLE",
        detail=f"Steps wait for each other ({len(cycle) - 1} of them: {' → '.join(shown)}); "
        "remove this, or another edge of the cycle.",
    )


def _unreachable_problems(steps: Sequence[Step], edges: Sequence[Edge]) -> Iterator[Problem]:
    """Steps that come only after the end; what a cycle keeps from running is the cycle's fault."""
    ends = {step.id: step for step in steps if step.kind is StepKind.TERMINATE}
    drawn_to = {edge.target for edge in edges if edge.origin is Origin.EXPLICIT}
    passable = [
        edge
        for edge in edges
        if edge.source not in ends
        or (edge.origin is not Origin.EXPLICIT and _may_be_skipped(ends[edge.source], drawn_to))
    ]
    starts = {step.id for step in steps} - {edge.target for edge in edges}
    beyond = _reached(starts, edges) - _reached(starts, passable)
    for index, step in enumerate(steps):
        if step.id in beyond:
            detail = f"Step '{step.id}' comes only after the end; lead to it from another step."
            yield Problem(pointer=f"/steps/{index}", code="UNREACHABLE_STEP", detail=detail)


def _may_be_skipped(step: Step, drawn_to: Container[str]) -> bool:
    """Whether what follows a step by mere order may get its turn without it."""
    return step.run_if is not None or step.filters is not None or step.id in drawn_to


def _reached(starts: Collection[str], edges: Iterable[Edge]) -> set[str]:
    after: dict[str, set[str]] = {}
    for edge in edges:
        after.setdefault(edge.source, set()).add(edge.target)
    reached = set(starts)
    left = list(starts)
    while left:
        fresh = after.get(left.pop(), set()) - reached
        reached |= fresh
        left += fresh
    return reached
