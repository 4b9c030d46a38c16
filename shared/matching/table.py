"""Which workflows an event may start, and whether it does."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from types import MappingProxyType
from typing import Final
from weakref import WeakValueDictionary

from shared.domain.events import Event
from shared.domain.ids import WorkflowId
from shared.domain.workflows import Conditions, Dialect, Workflow
from shared.expr.jsonata import ExpressionCache
from shared.expr.term_reading import Wording, term_of, worded
from shared.expr.terms import Names
from shared.matching.clauses import Path
from shared.matching.decisions import Decision
from shared.matching.filters import SHARED_OPERANDS_MAX, Plan
from shared.matching.index import Index
from shared.matching.outline import Outline
from shared.matching.placing import Stand
from shared.matching.readers import Reader, Reading
from shared.matching.rules import SET_ASIDE, WILDCARD, Rule, asks_for_its_name, compile_rule, judge
from shared.matching.view import EventView

OUTLINES_MAX: Final = 1_024

_Name = tuple[int, str]
"""An environment's number, which is hashed much faster, and a name as a trigger writes it."""

_NONE: Final[Mapping[Dialect, Index[Rule]]] = MappingProxyType({})


class WorkflowTable:
    """The workflows that events may start, by environment, event name and conditions.

    Holds only active, ready ones; at most one version of each. Not for several threads.
    """

    def __init__(self, expressions: ExpressionCache) -> None:
        self._expressions = expressions
        # By the numbers of their ids, which are hashed much faster.
        self._rules: dict[int, Rule] = {}
        self._places: defaultdict[_Name, dict[Dialect, Index[Rule]]] = defaultdict(dict)
        # An event looks up only those beginnings of its name that a trigger could have. Lengths
        # stay when triggers go: an environment has at most as many as a name has characters.
        self._lengths: defaultdict[int, set[int]] = defaultdict(set)
        self._unindexed = set[int]()
        # How many await a name of whose conditions it is plain that no event can meet them.
        self._never_tried = Counter[_Name]()
        # One reader a path: what is read once is found by it. Few outlive the rules that read them.
        self._readers = WeakValueDictionary[str | Names, Reader]()
        self._outline = lru_cache(OUTLINES_MAX)(self._outlined)

    def __len__(self) -> int:
        return len(self._rules)

    @property
    def unindexed(self) -> int:
        """How many have conditions that each of their events must try, not looked up."""
        return len(self._unindexed)

    def put(self, conditions: Conditions) -> None:
        """Take a workflow in place of its earlier version; an inactive one or a draft leaves.

        Raises nothing: conditions that cannot be compiled decide every event with an error.
        """
        number = conditions.workflow_id.int
        if number in self._rules:
            self.remove(WorkflowId(conditions.workflow_id))
        if not conditions.is_matched:
            return
        rule = compile_rule(conditions, self._expressions)
        if conditions.is_quarantined:
            rule = replace(rule, fault=SET_ASIDE)
        self._rules[number] = rule
        stands = self._stands(rule)
        has_conditions = rule.filter is not None or rule.run_if is not None
        if rule.event_names and has_conditions and (None, ()) in stands:
            self._unindexed.add(number)
        for place in _places(rule):
            environment_id, name = place
            if name.endswith(WILDCARD):
                self._lengths[environment_id].add(len(name))
            if not stands:
                self._never_tried[place] += 1
                continue
            indexes = self._places[place]
            index = indexes.get(rule.dialect)
            if index is None:
                index = indexes[rule.dialect] = Index()
            for named, left in stands:
                index.add(rule, left, named)

    def remove(self, workflow_id: WorkflowId) -> None:
        """Forget a workflow; it need not be there."""
        rule = self._rules.pop(workflow_id.int, None)
        if rule is None:
            return
        self._unindexed.discard(workflow_id.int)
        # Derived once more: to keep them would take as much memory as all the rest.
        stands = self._stands(rule)
        for place in _places(rule):
            if not stands:
                self._never_tried[place] -= 1
                if not self._never_tried[place]:
                    del self._never_tried[place]
                continue
            indexes = self._places[place]
            for named, left in stands:
                indexes[rule.dialect].remove(rule, left, named)
            if indexes[rule.dialect].is_empty:
                del indexes[rule.dialect]
            if not indexes:
                del self._places[place]

    def match(self, event: Event) -> list[Decision]:
        """A decision on each workflow that the event may start, in the order of their ids.

        That is each that matches, and some that do not; a workflow of which it is plain without
        trying that its conditions do not hold is not among them.
        """
        view = EventView(event)
        return [judge(view, rule) for rule in self.candidates(view)]

    def names_of(self, event: Event) -> list[str]:
        """The names, as triggers write them, by which workflows of the table await ``event``.

        Those count as well that are never tried.
        """
        return [
            name
            for number, name in self._names(event)
            if (number, name) in self._places or (number, name) in self._never_tried
        ]

    def candidates(self, view: EventView, first: WorkflowId | None = None) -> list[Rule]:
        """The rules on which ``match`` decides, from that of the workflow ``first`` on."""
        readings: dict[Dialect, Reading] = {}
        found: dict[Rule, None] = {}
        for name in self._names(view.event):
            for dialect, index in self._places.get(name, _NONE).items():
                reading = readings.get(dialect)
                if reading is None:
                    reading = readings[dialect] = Reading(view, dialect)
                index.find(reading, found)
        rules = found if first is None else [r for r in found if r.workflow_id.int >= first.int]
        return sorted(rules, key=_order) if len(rules) > 1 else list(rules)

    def _names(self, event: Event) -> list[_Name]:
        """The names by which a workflow may await ``event``."""
        number, type_ = event.environment_id.int, event.type
        names = [(number, type_)]
        if lengths := self._lengths.get(number):
            most = len(type_) + 1
            names += [(number, type_[: n - 1] + WILDCARD) for n in lengths if n <= most]
        return names

    def _stands(self, rule: Rule) -> Sequence[Stand]:
        # The name is no event's: what asks for it is tried on each.
        filter_ = None if asks_for_its_name(rule) else rule.filter
        plan, operands = (None, ()) if filter_ is None else (filter_.plan, filter_.operands)
        wording = None
        if rule.run_if is not None:
            wording, literals = worded(rule.run_if.source)
            operands = (*operands, *literals)
        is_small = len(operands) <= SHARED_OPERANDS_MAX
        outline = (self._outline if is_small else self._outlined)(plan, wording)
        return outline.stands(operands)

    def _outlined(self, plan: Plan | None, wording: Wording | None) -> Outline:
        return Outline(plan, None if wording is None else term_of(wording), self._reader)

    def _reader(self, path: Path | Names) -> Reader:
        # What is written is one path: only JSONata has names with dots in them.
        key = path.written if isinstance(path, Path) else path
        reader = self._readers.get(key)
        if reader is None:
            reader = _reader_of(path)
            self._readers[key] = reader
        return reader


def _reader_of(path: Path | Names) -> Reader:
    if isinstance(path, Path):
        return Reader([segment.key for segment in path.segments], path)
    return Reader(path)


def is_unindexed(workflow: Workflow) -> bool:
    """Whether events may start it, and nothing of its conditions can be looked up."""
    table = WorkflowTable(ExpressionCache(1))
    table.put(workflow.conditions)
    return table.unindexed > 0


def _places(rule: Rule) -> set[_Name]:
    return {(rule.environment_id.int, name) for name in rule.event_names}


def _order(rule: Rule) -> int:
    return rule.workflow_id.int
