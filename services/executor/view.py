"""What the expressions of an attempt see, built when the first of them asks."""

from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime
from itertools import islice
from time import monotonic
from typing import Any, Final

from services.executor.runs import Run
from shared.domain.executions import AttemptStatus
from shared.domain.ids import StepId, names_step
from shared.domain.plans import ANNOTATE
from shared.domain.readiness import RunStep, items_of
from shared.domain.steps import Edge, Step
from shared.domain.values import Lang, Value
from shared.expr.edge_scope import edge_scope
from shared.expr.errors import ExpressionError
from shared.expr.resolve import Resolver
from shared.expr.scope import Item, Seen, start_scope, step_scope
from shared.expr.secrets import SecretMarks, SecretScope
from shared.matching.annotated import split_filter
from shared.matching.filters import Filter, compile_filter
from shared.wire.errors import error_data
from shared.wire.outcomes import outcome_data

FILTERS_MAX = 10_000
_LITERAL: Final = Lang.LITERAL
_ANNOTATE: Final = StepId(ANNOTATE)
ATTEMPT_S: Final = 0.18
"""So long the expressions of one attempt may take together: nothing else runs meanwhile."""


class Views:
    """What attempts are prepared with: expressions, filters, and marks in the place of secrets."""

    def __init__(self, resolver: Resolver, marks: SecretMarks) -> None:
        self.resolver = resolver
        self._marks = marks
        self._filters: OrderedDict[tuple[Any, ...], Filter] = OrderedDict()

    def marks_of(self, run: Run, effect: RunStep, now: datetime) -> SecretMarks:
        """The marks of the attempt that begins ``now``: what it tells of them is worth nothing."""
        return self._marks.of(run.origin.subject, effect.key, str(effect.attempt), str(now))

    def filter_of(self, run: Run, step_id: str, tree: Any) -> Filter:
        """A filter of a workflow version, compiled once."""
        key = (run.plan.workflow_id, run.plan.version, step_id)
        if key not in self._filters:
            self._filters[key] = compile_filter(tree)
            if len(self._filters) > FILTERS_MAX:
                self._filters.popitem(last=False)
        return self._filters[key]


class RunView:
    """One attempt's scope, and what can be asked of it; ExpressionError where nothing answers."""

    def __init__(
        self,
        run: Run,
        effect: RunStep,
        views: Views,
        now: datetime,
        secret_names: frozenset[str],
        entities: Mapping[str, Any] | None = None,
    ) -> None:
        self._run = run
        self._effect = effect
        self._views = views
        self._now = now
        self._secret_names = secret_names
        self._entities = entities
        self._scope: dict[str, Any] | None = None
        self._left_s = ATTEMPT_S

    def leads_on(self, edge: Edge) -> bool:
        """Whether the condition of an edge to the step is true."""
        seen = edge_scope(self.scope, edge.source, self._run.plan.dialect)
        return self._holds(edge.condition or "true", seen, None)

    def holds(self, source: str, given: Any = None) -> bool:
        """Whether a condition is true; it sees the step's resolved input as ``$input``."""
        return self._holds(source, self.scope, given)

    def _holds(self, source: str, scope: dict[str, Any], given: Any) -> bool:
        bindings = None if given is None else {"input": given}
        began_s = self._began()
        try:
            return self._views.resolver.holds(
                source,
                scope,
                now=self._now,
                seed=self._run.id.int & 0xFFFF_FFFF,
                bindings=bindings,
                dialect=self._run.plan.dialect,
                within_s=self._left_s,
            )
        finally:
            self._left_s -= monotonic() - began_s

    def passes(self, step: Step) -> bool:
        """Whether the scope passes the step's filters."""
        compiled = self._views.filter_of(self._run, step.id, step.filters)
        return compiled.matches(self.scope)

    def keeps_out(self, entities: Mapping[str, Any]) -> str | None:
        """The clause of the workflow's filters that fails once ``entities`` are in their places."""
        plan = self._run.plan
        paths = [annotation.target_path for annotation in plan.annotations]
        _, later = split_filter(plan.filters, paths)
        if later is None:
            return None
        annotated = RunView(
            self._run, self._effect, self._views, self._now, self._secret_names, entities
        )
        clause = self._views.filter_of(self._run, ANNOTATE, later).explain(annotated.scope)
        return None if clause is None else str(clause)

    def resolve(self, value: Value) -> Any:
        """What a value comes to; undefined is None."""
        if value.lang is _LITERAL:  # needs no scope
            return value.src
        began_s = self._began()
        try:
            return self._views.resolver.resolve(
                value,
                self.scope,
                now=self._now,
                seed=self._run.id.int & 0xFFFF_FFFF,
                dialect=self._run.plan.dialect,
                within_s=self._left_s,
            )
        finally:
            self._left_s -= monotonic() - began_s

    def _began(self) -> float:
        """When an expression of the attempt begins; what it takes is counted, and limited."""
        if self._left_s <= 0:
            message = f"The expressions of the step take more than {ATTEMPT_S:g} s together."
            raise ExpressionError("D1012", message)
        return monotonic()

    @property
    def scope(self) -> dict[str, Any]:
        """The root of what expressions see; not to be changed."""
        if self._scope is None:
            self._scope = self._seen()
        return self._scope

    def _seen(self) -> dict[str, Any]:
        run = self._run
        seen = Seen(  # in the order of the fields: this is done for every attempt
            _start(run),
            _steps(run),
            self._annotations(),
            self._secrets(),
            self._item(),
            error_data(run.state.failing),
        )
        return step_scope(seen, run.plan.dialect)

    def _secrets(self) -> SecretScope:
        if not self._secret_names:
            return SecretScope()
        marks = self._views.marks_of(self._run, self._effect, self._now)
        return marks.scope(self._secret_names)

    def _annotations(self) -> Mapping[str, Any]:
        if self._entities is not None:
            return self._entities
        found = self._run.state.settled.get(_ANNOTATE)
        if found is None or found.status is not AttemptStatus.COMPLETED:
            return {}
        entities: Mapping[str, Any] = found.output["entities"]
        return entities

    def _item(self) -> Item | None:
        index = self._effect.item
        if index is None:
            return None
        items = items_of(self._run.state.pending[StepId(self._effect.step.id)])
        assert items is not None, "an item is one of an iterator's"
        return Item(value=items[index], index=index)


def _start(run: Run) -> dict[str, Any]:
    """What all scopes of a run begin with."""
    if run.start_told is None:
        plan, asked = run.plan, run.origin.lineage.asked
        workflow = {"id": run.origin.workflow, "version": plan.version, "name": plan.name}
        execution = {"id": run.origin.subject, **(asked.seen if asked is not None else {})}
        run.start_told = start_scope(run.event, workflow, execution, plan.dialect)
    return run.start_told


def _steps(run: Run) -> dict[str, dict[str, Any]]:
    """The outcomes of the steps that have settled, of which there are only ever more."""
    settled = run.state.settled
    if len(settled) > run.settled_told:
        new = islice(settled.items(), run.settled_told, None)
        told: dict[str, dict[str, Any]] = {
            key: outcome_data(done) for key, done in new if names_step(key) and key[0] != "$"
        }
        # Not in place: an input may be all that was seen of the steps before.
        run.steps_told, run.settled_told = {**run.steps_told, **told}, len(settled)
    return run.steps_told
