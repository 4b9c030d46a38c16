"""What in a definition that can run is hardly what its author meant.

Only what is certain from the definition and the registries: each finding names a thing that has no
effect, never happens, or cannot be what it is taken for.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from shared.domain.ids import EventKey
from shared.domain.plans import edges_of
from shared.domain.steps import FALSE, TRUE, Edge, Origin, Step, StepKind
from shared.domain.workflows import Definition
from shared.expr.schemas import Schema
from shared.matching.conditions import constant_truth
from shared.matching.lint_reads import Reads, reads_step


class Severity(StrEnum):
    """How much a finding matters: an error keeps the workflow from running."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing found, where it is (a JSON pointer), and what to do about it.

    ``event_key`` is that of an archived event which shows it.
    """

    severity: Severity
    pointer: str
    code: str
    detail: str
    event_key: EventKey | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """What an environment has registered.

    ``payloads`` are the schemas by the types of events, None where a type has none;
    ``has_all_types``: no further one is registered. ``not_idempotent`` are the actions that say
    that they may not be repeated.
    """

    payloads: Mapping[str, Schema | None] = field(default_factory=dict)
    has_all_types: bool = True
    not_idempotent: frozenset[str] = frozenset()


def findings(
    definition: Definition, reads: Reads, registered: Registered
) -> Iterator[Finding | None]:
    """Everything found in a definition without problems; None after each part that was looked at.

    ``reads`` is what the definition reads.
    """
    truths: dict[str, bool | None] = {}
    for _, source in _conditions(definition):
        if source not in truths:
            truths[source] = constant_truth(source)
            yield None
    yield from _constants(definition, truths)
    yield from _never_run(definition, truths)
    yield from _unused(definition, reads)
    yield from _perhaps_skipped(definition, reads)
    yield from _too_patient(definition)
    yield from _repeated(definition, registered)


_Truths = Mapping[str, bool | None]
"""What each condition always comes to, by its text; None: that depends."""


def _constants(definition: Definition, truths: _Truths) -> Iterator[Finding]:
    for pointer, source in _conditions(definition):
        truth = truths[source]
        if truth is None or (truth is False and pointer.endswith("/run_if") and pointer != _RUN_IF):
            continue  # a step that never runs is told of below
        if pointer == _RUN_IF and truth is False:
            detail = "It is always false: no event starts the workflow. Switch it off instead."
            yield _warning(pointer, "ALWAYS_FALSE", detail)
        elif truth is False:
            yield _warning(
                pointer, "ALWAYS_FALSE", "It is always false; what it leads to never is."
            )
        else:
            yield _info(pointer, "ALWAYS_TRUE", "It is always true; leave it out.")


def _conditions(definition: Definition) -> Iterator[tuple[str, str]]:
    """Where a condition decides, and which."""
    places: list[tuple[str, str | None]] = [(_RUN_IF, definition.run_if)]
    for index, step in enumerate(definition.steps):
        places.append((f"/steps/{index}/run_if", step.run_if))
        places.append((f"/steps/{index}/condition", step.condition))
        places += [(f"/steps/{index}/cases/{i}/when", c.when) for i, c in enumerate(step.cases)]
    places += [(f"/edges/{i}/condition", e.condition) for i, e in enumerate(definition.edges)]
    return ((pointer, source) for pointer, source in places if source is not None)


_RUN_IF: Final = "/run_if"


def _never_run(definition: Definition, truths: _Truths) -> Iterator[Finding | None]:
    """Steps that are always skipped: by themselves, or as only dead edges lead to them."""
    never: set[str] = set()
    incoming: dict[str, list[Edge]] = {step.id: [] for step in definition.steps}
    for edge in edges_of(definition):
        incoming[edge.target].append(edge)
    by_id = {step.id: step for step in definition.steps}

    def is_never(step: Step) -> bool:
        edges = incoming[step.id]
        return _is_off(step, truths) or (
            bool(edges) and all(_is_dead(edge, by_id[edge.source], never, truths) for edge in edges)
        )

    # Each round finds what follows what is known; no more rounds than steps.
    while fresh := {s.id for s in definition.steps if s.id not in never and is_never(s)}:
        never |= fresh
        yield None
    for index, step in enumerate(definition.steps):
        if step.id in never:
            is_own = _is_off(step, truths)
            why = "its run_if is always false" if is_own else "nothing ever leads to it"
            pointer = f"/steps/{index}/run_if" if is_own else f"/steps/{index}"
            yield _warning(pointer, "NEVER_RUNS", f"Step '{step.id}' never runs: {why}.")


def _is_off(step: Step, truths: _Truths) -> bool:
    return step.run_if is not None and truths[step.run_if] is False


def _is_dead(edge: Edge, source: Step, never: set[str], truths: _Truths) -> bool:
    if edge.condition is not None and truths[edge.condition] is False:
        return True
    if source.id in never:
        return edge.origin is Origin.EXPLICIT
    if source.kind is not StepKind.CONDITION or edge.handle not in (TRUE, FALSE):
        return False
    truth = None if source.condition is None else truths[source.condition]
    return truth is not None and edge.handle != (TRUE if truth else FALSE)


def _unused(definition: Definition, reads: Reads) -> Iterator[Finding | None]:
    """Steps that only compute, of what nobody reads, where their output is no result either."""
    ends = {StepKind.RESPOND, StepKind.TERMINATE}
    if definition.result is None and not any(step.kind in ends for step in definition.steps):
        return
    read = [path for _, path in reads]
    for index, step in enumerate(definition.steps):
        is_pure = step.kind is StepKind.ACTION and step.action == _TRANSFORM
        if is_pure and step.approval is None and not reads_step(read, step.id):
            detail = f"Nothing reads the output of step '{step.id}', which does nothing else."
            yield _warning(f"/steps/{index}", "UNUSED_OUTPUT", f"{detail} Remove it.")
        yield None


_TRANSFORM: Final = "transform"


def _perhaps_skipped(definition: Definition, reads: Reads) -> Iterator[Finding | None]:
    """Steps that read the output of one that may have been skipped, and never ask whether."""
    optional = {step.id for step in definition.steps if step.run_if is not None or step.filters}
    loose: dict[str, set[str]] = {step.id: set() for step in definition.steps}
    for edge in edges_of(definition):
        if edge.origin is not Origin.EXPLICIT and edge.source in optional:
            loose[edge.target].add(edge.source)
    for step, read in zip(definition.steps, reads.steps, strict=True):
        asked = [path for pointer, path in read if "run_if" in pointer]
        unasked = {source for source in loose[step.id] if not reads_step(asked, source)}
        for pointer, path in read:
            match path:
                case ("steps", source, "output", *_) if source in unasked:
                    detail = (
                        f"Step '{source}' may be skipped, and then has no output: say in"
                        " run_if what happens then, or lead here with an edge."
                    )
                    yield _info(pointer, "MAY_BE_SKIPPED", detail)
                case _:
                    pass
        yield None


def _too_patient(definition: Definition) -> Iterator[Finding]:
    policy = definition.policy
    expiry_s = policy.expires_after_s
    if expiry_s is None:
        return
    limit_s = max(expiry_s, policy.expiry_max_s or expiry_s)
    for index, step in enumerate(definition.steps):
        for place, wait_s in _waits(step).items():
            if wait_s is not None and wait_s > limit_s:
                detail = f"The execution expires after {limit_s:g} s, before these {wait_s:g} s."
                yield _warning(f"/steps/{index}/{place}", "BEYOND_EXPIRY", detail)


def _waits(step: Step) -> dict[str, float | None]:
    blocks: dict[str, Any] = {
        "approval": step.approval,
        "form": step.form,
        "wait": step.wait,
        "subworkflow": step.subworkflow,
    }
    waits = {f"{name}/timeout_s": block.timeout_s for name, block in blocks.items() if block}
    sleeps = None if step.sleep is None else step.sleep.duration_s
    return {"timeout_s": step.timeout_s, "sleep/duration_s": sleeps, **waits}


def _repeated(definition: Definition, registered: Registered) -> Iterator[Finding]:
    for index, step in enumerate(definition.steps):
        if step.action in registered.not_idempotent and step.retry.max_attempts > 1:
            detail = (
                f"'{step.action}' says that it may not be repeated, and is tried up to"
                f" {step.retry.max_attempts} times; set max_attempts to 1."
            )
            yield _warning(f"/steps/{index}/retry/max_attempts", "NOT_IDEMPOTENT", detail)


def _warning(pointer: str, code: str, detail: str) -> Finding:
    return Finding(severity=Severity.WARNING, pointer=pointer, code=code, detail=detail)


def _info(pointer: str, code: str, detail: str) -> Finding:
    return Finding(severity=Severity.INFO, pointer=pointer, code=code, detail=detail)
