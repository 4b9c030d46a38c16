"""A workflow made ready to be decided on, and the decision."""

from dataclasses import dataclass
from typing import assert_never

from shared.domain.errors import Invalid
from shared.domain.ids import WorkflowId
from shared.domain.workflows import Lifecycle, Workflow
from shared.expr.bounds import RUN_IF, RUN_IF_BYTES_MAX
from shared.expr.jsonata import Expression, ExpressionCache, Truth
from shared.matching.annotated import split_filter
from shared.matching.clauses import Clause
from shared.matching.decisions import DEPTH_MAX, Decision, Reason, guarded
from shared.matching.filters import Filter, compile_filter
from shared.matching.view import EventView

WILDCARD = "*"
"""At the end of a trigger's event name: whatever follows, if anything."""

Verdict = tuple[Reason, Clause | str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """The conditions of one workflow version, compiled.

    Where they cannot be, ``fault`` is the verdict on every event.
    """

    workflow: Workflow
    filter: Filter | None = None
    run_if: Expression | None = None
    fault: Verdict | None = None


def compile_rule(workflow: Workflow, expressions: ExpressionCache) -> Rule:
    """The rule of ``workflow``; raises nothing."""
    source = workflow.definition.run_if
    try:
        return Rule(
            workflow=workflow,
            filter=_filter(workflow),
            run_if=None
            if source is None
            else expressions.get(source, pointer="/run_if", bytes_max=RUN_IF_BYTES_MAX),
        )
    except Invalid as error:
        problem = error.problems[0]
        is_run_if = problem.pointer == "/run_if"
        reason = Reason.RUN_IF_ERROR if is_run_if else Reason.FILTER_ERROR
        return Rule(workflow=workflow, fault=(reason, f"{problem.pointer}: {problem.detail}"))


def decide(
    view: EventView,
    workflow: Workflow,
    expressions: ExpressionCache,
    *,
    depth_max: int = DEPTH_MAX,
) -> Decision:
    """The decision on one workflow, whatever its state."""
    verdict = _exclusion(view, workflow)
    if verdict is None:
        decision = judge(view, compile_rule(workflow, expressions))
        return guarded(decision, view.event, depth_max)
    return _decision(workflow, verdict)


def judge(view: EventView, rule: Rule) -> Decision:
    """The decision on a workflow that the event may start, by its conditions."""
    verdict = rule.fault or _filtered(view, rule) or _run_if_tested(view, rule)
    return _decision(rule.workflow, verdict or (Reason.MATCHED, None))


def _exclusion(view: EventView, workflow: Workflow) -> Verdict | None:
    """Why the event never gets as far as the workflow's conditions."""
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
    return None


def is_named(event_type: str, name: str) -> bool:
    """Whether a trigger's ``name``, exact or with a trailing ``*``, names the event."""
    if name.endswith(WILDCARD):
        return event_type.startswith(name.removesuffix(WILDCARD))
    return event_type == name


def _filter(workflow: Workflow) -> Filter | None:
    definition = workflow.definition
    # What reads an annotation the executor judges, once it has looked it up.
    tree, _ = split_filter(definition.filters, [a.target_path for a in definition.annotations])
    return None if tree is None else compile_filter(tree)


def _filtered(view: EventView, rule: Rule) -> Verdict | None:
    if rule.filter is None:
        return None
    clause = rule.filter.explain(view.scope(rule.workflow.dialect))
    if clause is None:
        return None
    return (Reason.FILTER_FALSE if clause.error is None else Reason.FILTER_ERROR), clause


def _run_if_tested(view: EventView, rule: Rule) -> Verdict | None:
    if rule.run_if is None:
        return None
    document = view.document(rule.workflow.dialect)
    verdict = rule.run_if.test(document, bounds=RUN_IF, now=view.now, seed=view.seed)
    match verdict.truth:
        case Truth.TRUE:
            return None
        case Truth.FALSE:
            return Reason.RUN_IF_FALSE, "/run_if: it came to false."
        case Truth.UNDEFINED:
            return Reason.RUN_IF_UNDEFINED, "/run_if: it came to nothing; something is absent."
        case Truth.ERROR:
            return Reason.RUN_IF_ERROR, f"/run_if: {verdict.error}"
        case _:
            assert_never(verdict.truth)


def _decision(workflow: Workflow, verdict: Verdict) -> Decision:
    reason, cause = verdict
    return Decision(
        workflow_id=WorkflowId(workflow.id),
        workflow_version=workflow.version,
        reason=reason,
        cause=cause,
    )
