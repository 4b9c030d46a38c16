"""Workflow versions as the walk needs them: they never change, so each is read once in a while."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from services.cli.doctor.conservation.ground import Ground
from services.cli.doctor.conservation.report import Stage
from shared.db.conservation import Created
from shared.db.workflows import get_version
from shared.domain.errors import NotFound
from shared.domain.events import Event
from shared.domain.ids import WorkflowId
from shared.domain.plans import Plan, plan
from shared.expr.jsonata import ExpressionCache
from shared.matching.decisions import guarded
from shared.matching.rules import Rule, compile_rule, is_named, judge
from shared.matching.view import EventView

VERSIONS_MAX: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A workflow version, ready to decide and to name its steps."""

    rule: Rule
    plan: Plan
    depth_max: int

    def matches(self, event: Event) -> bool:
        """Whether an event starts it while it is active."""
        rule = self.rule
        if rule.environment_id != event.environment_id:
            return False
        if not any(is_named(event.type, name) for name in rule.event_names):
            return False
        return guarded(judge(EventView(event), rule), event, self.depth_max).is_match


class Versions:
    """The versions used last, at most ``VERSIONS_MAX``."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._expressions = ExpressionCache(ground.matcher.expressions_max)
        self._known: OrderedDict[tuple[WorkflowId, int], Version] = OrderedDict()

    async def get(self, execution: Created) -> Version | None:
        """The version that an execution runs; None, and told of, when it is not there."""
        key = (execution.workflow_id, execution.workflow_version)
        if key not in self._known:
            try:
                workflow = await get_version(self._ground.conn, *key)
            except NotFound as error:
                self._ground.report.find(
                    Stage.EXECUTIONS, "version_missing", execution.id, error.message
                )
                return None
            self._known[key] = Version(
                rule=compile_rule(workflow.conditions, self._expressions),
                plan=plan(workflow),
                depth_max=self._ground.matcher.causation_depth_max,
            )
            if len(self._known) > VERSIONS_MAX:
                self._known.popitem(last=False)
        self._known.move_to_end(key)
        return self._known[key]
