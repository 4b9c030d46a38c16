"""Which workflows an event may start, and whether it does."""

from collections import defaultdict
from collections.abc import Iterator
from uuid import UUID

from shared.domain.events import Event
from shared.domain.ids import WorkflowId
from shared.domain.workflows import Workflow
from shared.expr.jsonata import ExpressionCache
from shared.matching.decisions import Decision
from shared.matching.rules import WILDCARD, Rule, compile_rule, judge
from shared.matching.view import EventView

_Place = tuple[UUID, str]  # an environment, and an event name as a trigger writes it


class WorkflowTable:
    """The workflows that events may start, by environment and event name.

    Holds only active, ready ones; at most one version of each. Not for several threads.
    """

    def __init__(self, expressions: ExpressionCache) -> None:
        self._expressions = expressions
        self._rules: dict[WorkflowId, Rule] = {}
        self._places: defaultdict[_Place, dict[WorkflowId, Rule]] = defaultdict(dict)
        # An event looks up only those beginnings of its name that a trigger could have. Lengths
        # stay when triggers go: an environment has at most as many as a name has characters.
        self._lengths: defaultdict[UUID, set[int]] = defaultdict(set)

    def __len__(self) -> int:
        return len(self._rules)

    def put(self, workflow: Workflow) -> None:
        """Take ``workflow`` in place of its earlier version; an inactive one or a draft leaves.

        Raises nothing: conditions that cannot be compiled decide every event with an error.
        """
        workflow_id = WorkflowId(workflow.id)
        self.remove(workflow_id)
        if not workflow.is_matched:
            return
        rule = compile_rule(workflow, self._expressions)
        self._rules[workflow_id] = rule
        for place in _places(workflow):
            self._places[place][workflow_id] = rule
            environment_id, name = place
            if name.endswith(WILDCARD):
                self._lengths[environment_id].add(len(name))

    def remove(self, workflow_id: WorkflowId) -> None:
        """Forget a workflow; it need not be there."""
        rule = self._rules.pop(workflow_id, None)
        if rule is None:
            return
        for place in _places(rule.workflow):
            rules = self._places[place]
            del rules[workflow_id]
            if not rules:
                del self._places[place]

    def match(self, event: Event) -> list[Decision]:
        """A decision on each workflow with a trigger for ``event``, in the order of their ids."""
        view = EventView(event)
        return [judge(view, rule) for rule in self._candidates(event)]

    def _candidates(self, event: Event) -> list[Rule]:
        found: dict[WorkflowId, Rule] = {}
        for name in self._names(event):
            found |= self._places.get((event.environment_id, name), {})
        return [found[workflow_id] for workflow_id in sorted(found, key=_order)]

    def _names(self, event: Event) -> Iterator[str]:
        """The triggers' names that would name ``event``."""
        yield event.type
        for length in self._lengths.get(event.environment_id, ()):
            if length <= len(event.type) + 1:
                yield event.type[: length - 1] + WILDCARD


def _places(workflow: Workflow) -> set[_Place]:
    return {(workflow.environment_id, name) for name in workflow.definition.event_names}


def _order(workflow_id: WorkflowId) -> int:
    return workflow_id.int
