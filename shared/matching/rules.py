"""A workflow made ready to be decided on, and the decision."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, assert_never
from uuid import UUID

from shared.domain.errors import Invalid
from shared.domain.frozen import frozen
from shared.domain.ids import WorkflowId
from shared.domain.workflows import Conditions, Dialect, Lifecycle, Workflow
from shared.expr.bounds import RUN_IF, RUN_IF_BYTES_MAX
from shared.expr.errors import OUT_OF_BOUNDS, ExpressionError
from shared.expr.jsonata import Expression, ExpressionCache, Truth
from shared.matching.annotated import split_filter
from shared.matching.clauses import Clause
from shared.matching.decisions import DEPTH_MAX, Decision, Reason, guarded
from shared.matching.filters import Filter, compile_filter
from shared.matching.view import EventView

WILDCARD = "*"
"""At the end of a trigger's event name: whatever follows, if anything."""

_NAMES_KEPT_MAX = 4_096
_OWN_NAME = frozenset({"name", "context.name"})

Verdict = tuple[Reason, Clause | ExpressionError | str | None]

SET_ASIDE: Final[Verdict] = (
    Reason.QUARANTINED,
    "The workflow is set aside: its conditions kept exceeding their bounds. Change or activate it.",
)


@frozen
class RunIf:
    """A workflow's ``run_if``, compiled when it is first asked."""

    source: str
    dialect: Dialect
    expressions: ExpressionCache

    def compiled(self) -> Expression:
        """Raises Invalid."""
        return self.expressions.get(
            self.source, pointer="/run_if", bytes_max=RUN_IF_BYTES_MAX, dialect=self.dialect
        )


@dataclass(slots=True, kw_only=True, eq=False)
class Rule:
    """What decides on one workflow version, and nothing else of it; never changed once made.

    Where its filters cannot be compiled, ``fault`` is the verdict on every event. Not a frozen
    dataclass: to set each field by a call takes a tenth of the time in which a workflow is taken.
    """

    workflow_id: WorkflowId
    workflow_version: int
    environment_id: UUID
    dialect: Dialect
    name: str
    event_names: tuple[str, ...]
    filter: Filter | None = None
    run_if: RunIf | None = None
    fault: Verdict | None = None


def compile_rule(conditions: Conditions, expressions: ExpressionCache) -> Rule:
    """The rule of these; raises nothing."""
    filter_, fault, source = None, None, conditions.run_if
    try:
        filter_ = _filter(conditions)
    except Invalid as error:
        problem = error.problems[0]
        fault = (Reason.FILTER_ERROR, f"{problem.pointer}: {problem.detail}")
    return Rule(
        workflow_id=WorkflowId(conditions.workflow_id),
        workflow_version=conditions.version,
        environment_id=conditions.environment_id,
        dialect=conditions.dialect,
        name=conditions.name,
        event_names=_kept(conditions.event_names),
        filter=filter_,
        run_if=None if source is None else RunIf(source, conditions.dialect, expressions),
        fault=fault,
    )


@lru_cache(_NAMES_KEPT_MAX)
def _kept(names: tuple[str, ...]) -> tuple[str, ...]:
    """The same object for what many workflows await."""
    return names


def asks_for_its_name(rule: Rule) -> bool:
    """Whether the filters read the name of their own workflow, as those in thena's words may."""
    if rule.dialect is not Dialect.THENA or rule.filter is None:
        return False
    return any(clause.path in _OWN_NAME for clause in rule.filter.observed({}))


def decide(
    view: EventView,
    workflow: Workflow,
    expressions: ExpressionCache,
    *,
    depth_max: int = DEPTH_MAX,
) -> Decision:
    """The decision on one workflow, whatever its state."""
    excluded = exclude(view, workflow)
    if excluded is not None:
        return excluded
    rule = compile_rule(workflow.conditions, expressions)
    return guarded(judge(view, rule), view.event, depth_max)


def exclude(view: EventView, workflow: Workflow) -> Decision | None:
    """The decision where the event never gets as far as the workflow's conditions."""
    verdict = _exclusion(view, workflow)
    if verdict is None:
        return None
    return _decision(WorkflowId(workflow.id), workflow.version, verdict)


def judge(view: EventView, rule: Rule) -> Decision:
    """The decision on a workflow that the event may start, by its conditions."""
    verdict = rule.fault or _filtered(view, rule) or _run_if_tested(view, rule)
    verdict = verdict or (Reason.MATCHED, None)
    return _decision(rule.workflow_id, rule.workflow_version, verdict)


def _exclusion(view: EventView, workflow: Workflow) -> Verdict | None:
    event = view.event
    if workflow.environment_id != event.environment_id:
        return Reason.OTHER_ENVIRONMENT, "The workflow belongs to another environment."
    names = workflow.definition.event_names
    if not any(is_named(event.type, name) for name in names):
        awaited = ", ".join(f"'{name}'" for name in names) or "no event"
        return Reason.NO_TRIGGER, f"The event is '{event.type}'; the workflow awaits {awaited}."
    if workflow.lifecycle is Lifecycle.DRAFT:
        return Reason.DRAFT, "The workflow is a draft."
    if workflow.lifecycle is Lifecycle.ARCHIVED:
        return Reason.INACTIVE, "The workflow is archived."
    if not workflow.is_active:
        return Reason.INACTIVE, "The workflow is switched off."
    return SET_ASIDE if workflow.is_quarantined else None


def is_named(event_type: str, name: str) -> bool:
    """Whether a trigger's ``name``, exact or with a trailing ``*``, names the event."""
    if name.endswith(WILDCARD):
        return event_type.startswith(name.removesuffix(WILDCARD))
    return event_type == name


def _filter(conditions: Conditions) -> Filter | None:
    tree = conditions.filters
    if conditions.annotated:
        # What reads an annotation the executor judges, once it has looked it up.
        tree, _ = split_filter(tree, conditions.annotated)
    return None if tree is None else compile_filter(tree)


def _filtered(view: EventView, rule: Rule) -> Verdict | None:
    if rule.filter is None:
        return None
    reads_event = rule.filter.reads_event
    scope = view.seen_by(rule.dialect, rule.name, reads_event=reads_event)
    clause = rule.filter.explain(scope)
    if clause is None:
        return None
    return (Reason.FILTER_FALSE if clause.error is None else Reason.FILTER_ERROR), clause


def _run_if_tested(view: EventView, rule: Rule) -> Verdict | None:
    if rule.run_if is None:
        return None
    try:
        expression = rule.run_if.compiled()
    except Invalid as error:
        return Reason.RUN_IF_ERROR, f"/run_if: {error.problems[0].detail}"
    document = view.document(rule.dialect)
    verdict = expression.test(document, bounds=RUN_IF, now=view.now, seed=view.seed)
    match verdict.truth:
        case Truth.TRUE:
            return None
        case Truth.FALSE:
            return Reason.RUN_IF_FALSE, "/run_if: it came to false."
        case Truth.UNDEFINED:
            return Reason.RUN_IF_UNDEFINED, "/run_if: it came to nothing; something is absent."
        case Truth.ERROR:
            return Reason.RUN_IF_ERROR, verdict.error
        case _:
            assert_never(verdict.truth)


def _decision(workflow_id: WorkflowId, version: int, verdict: Verdict) -> Decision:
    reason, cause = verdict
    exceeded = None
    if isinstance(cause, ExpressionError):
        exceeded = cause.code if cause.code in OUT_OF_BOUNDS else None
        cause = f"/run_if: {cause}"
    return Decision(
        workflow_id=workflow_id,
        workflow_version=version,
        reason=reason,
        cause=cause,
        exceeded=exceeded,
    )
