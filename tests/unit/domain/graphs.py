"""Random workflows that can run: every kind of step, joined in every way."""

from uuid import UUID

from hypothesis import strategies as st

from shared.domain.ids import WorkflowId
from shared.domain.lengths import HISTORY_MAX
from shared.domain.outcomes import ErrorKind
from shared.domain.plans import Plan, edges_of
from shared.domain.steps import (
    APPROVED,
    DEFAULT_CASE,
    ERROR,
    FALSE,
    REJECTED,
    TIMEOUT,
    TRUE,
    Approval,
    Body,
    Case,
    Compensation,
    Edge,
    EventWait,
    Form,
    Iterator,
    OnFailure,
    Retry,
    Sleep,
    Step,
    StepKind,
    Subworkflow,
    Terminate,
)
from shared.domain.values import Value
from shared.domain.workflows import Definition, Dialect

CHILD = UUID(int=7)
_SIZES = [4, 5, 6, 3, 2, 1, 0]

retries = st.builds(
    Retry,
    max_attempts=st.integers(1, 3),
    initial_interval_s=st.sampled_from([0.0, 1.0, 10.0]),
    jitter=st.sampled_from([0.0, 0.5]),
    total_s=st.sampled_from([None, 5.0]),
    non_retryable=st.sampled_from([(), (ErrorKind.REMOTE,)]),
)
waits_s = st.sampled_from([None, 30.0])
approvals = st.builds(
    Approval, timeout_s=waits_s, on_timeout=st.sampled_from(["fail", "approve", "reject"])
)
undoing = st.builds(Compensation, action=st.just("transform"), retry=retries)
compensations = undoing | undoing | st.none()
bodies = st.one_of(
    st.builds(Body, action=st.just("transform"), retry=retries),
    st.builds(
        Body,
        subworkflow=st.builds(Subworkflow, workflow_id=st.just(CHILD), wait=st.booleans()),
        retry=retries,
    ),
)
ends = st.builds(Terminate, status=st.sampled_from(["completed", "failed"]))
iterators = st.builds(
    Iterator,
    items=st.just(Value(src=[1])),
    body=bodies,
    concurrency=st.integers(1, 3),
    on_item_failure=st.sampled_from(["abort", "continue"]),
)

HANDLES = {
    StepKind.CONDITION: (TRUE, FALSE),
    StepKind.SWITCH: ("case", DEFAULT_CASE),
    StepKind.APPROVAL: (APPROVED, REJECTED, TIMEOUT),
    StepKind.FORM: ("send", TIMEOUT),
    StepKind.WAIT: (TIMEOUT,),
}

_KINDS = [*[StepKind.ACTION] * 8, *[StepKind.ITERATOR] * 2, *StepKind]
_FAILURES = [*OnFailure, OnFailure.COMPENSATE, OnFailure.CONTINUE]


def _deciding(draw: st.DrawFn, kind: StepKind) -> dict[str, object]:
    match kind:
        case StepKind.CONDITION:
            return {"condition": "a"}
        case StepKind.SWITCH:
            return {"cases": (Case(handle="case", when="a"),)}
        case StepKind.TERMINATE:
            # With a run_if, steps may come after the end.
            return {"terminate": draw(ends), "run_if": "a"}
        case _:
            return {}


def _waiting(draw: st.DrawFn, kind: StepKind) -> dict[str, object]:
    match kind:
        case StepKind.SLEEP:
            return {"sleep": Sleep(duration_s=20.0)}
        case StepKind.APPROVAL:
            return {"approval": draw(approvals)}
        case StepKind.FORM:
            return {"form": Form(buttons=("send",), timeout_s=draw(waits_s))}
        case StepKind.WAIT:
            return {"wait": EventWait(event_name="a:b", timeout_s=draw(waits_s))}
        case _:
            return _deciding(draw, kind)


def _block(draw: st.DrawFn, kind: StepKind) -> dict[str, object]:
    match kind:
        case StepKind.ACTION:
            return {
                "action": "transform",
                "approval": draw(st.none() | st.none() | approvals),
                "compensation": draw(compensations),
                "heartbeat_s": draw(st.sampled_from([None, 5.0])),
            }
        case StepKind.ITERATOR:
            return {"iterator": draw(iterators), "compensation": draw(compensations)}
        case StepKind.SUBWORKFLOW:
            call = Subworkflow(workflow_id=CHILD, wait=draw(st.booleans()), timeout_s=draw(waits_s))
            return {"subworkflow": call, "compensation": draw(compensations)}
        case _:
            return _waiting(draw, kind)


@st.composite
def _steps(draw: st.DrawFn, step_id: str) -> Step:
    kind = draw(st.sampled_from(_KINDS))
    return Step.model_validate(
        {
            "id": step_id,
            "kind": kind,
            "retry": draw(retries),
            "on_failure": draw(st.sampled_from(_FAILURES)),
            **_block(draw, kind),
        }
    )


@st.composite
def _edges(draw: st.DrawFn, steps: tuple[Step, ...]) -> tuple[Edge, ...]:
    """Edges that lead forwards; none leave the end of an execution."""
    found = []
    for place, target in enumerate(steps):
        for source in steps[:place]:
            if source.kind is StepKind.TERMINATE or not draw(st.booleans()):
                continue
            handles = [None, *HANDLES.get(source.kind, ())]
            if source.on_failure is OnFailure.BRANCH:
                handles += [ERROR, ERROR]
            handle = draw(st.sampled_from(handles))
            condition = draw(st.sampled_from([None, None, "a"]))
            found.append(joined(source.id, target.id, handle=handle, condition=condition))
    return tuple(found)


@st.composite
def definitions(draw: st.DrawFn) -> Definition:
    """Workflows of up to six steps in sequence, by dependencies, by edges, or by both."""
    steps = tuple(draw(_steps(f"s{n}")) for n in range(draw(st.sampled_from(_SIZES))))
    way = draw(st.sampled_from(["sequence", "dependencies", "edges", "both"]))
    if draw(st.booleans()):
        steps = tuple(_undoable(step) for step in steps)
    edges = draw(_edges(steps)) if way in ("edges", "both") else ()
    if way in ("dependencies", "both"):
        steps = tuple(
            _changed(step, depends_on=tuple(s.id for s in steps[:place] if draw(st.booleans())))
            for place, step in enumerate(steps)
        )
    led = {edge.source for edge in edges if edge.handle == ERROR}
    return Definition(
        name="w",
        steps=tuple(
            _changed(step, on_failure=OnFailure.CONTINUE)
            if step.on_failure is OnFailure.BRANCH and step.id not in led
            else step
            for step in steps
        ),
        edges=edges,
    )


def _undoable(step: Step) -> Step:
    if step.kind not in (StepKind.ACTION, StepKind.ITERATOR, StepKind.SUBWORKFLOW):
        return step
    undo = Compensation(action="transform", retry=step.retry)
    return _changed(step, on_failure=OnFailure.COMPENSATE, approval=None, compensation=undo)


def _changed(step: Step, **changes: object) -> Step:
    return step.model_copy(update=changes)


def plan_of(definition: Definition, history_max: int = HISTORY_MAX) -> Plan:
    """The plan of a definition, without steps of our own."""
    return Plan(
        workflow_id=WorkflowId(UUID(int=1)),
        version=1,
        name=definition.name,
        dialect=Dialect.NATIVE,
        steps=definition.steps,
        edges=edges_of(definition),
        history_max=history_max,
    )


def step(step_id: str, **fields: object) -> Step:
    """An action, or what the fields say; it is tried once, if they do not say otherwise."""
    return Step.model_validate(
        {"id": step_id, "action": "transform", "retry": Retry(max_attempts=1), **fields},
        strict=False,
    )


def joined(source: str, target: str, **fields: object) -> Edge:
    """An edge from one step to another."""
    return Edge.model_validate({"from": source, "to": target, **fields})


def beside(**fields: dict[str, object]) -> Plan:
    """Steps a, b and c side by side, and d after them."""
    return flow(
        *(step(step_id, **fields.get(step_id, {})) for step_id in "abcd"),
        edges=tuple(joined(source, "d") for source in "abc"),
    )


def flow(*steps: Step, edges: tuple[Edge, ...] = ()) -> Plan:
    """A plan of these steps, one after another if no edges are given."""
    return plan_of(Definition(name="w", steps=steps, edges=edges))


plans = st.builds(
    plan_of, definitions(), st.sampled_from([HISTORY_MAX, HISTORY_MAX, HISTORY_MAX, 3, 8, 15])
)
