"""Events decided on by two definitions of a workflow: what would be different, with nothing done.

Nothing here could do anything: it is given events, and knows no database, no bus and no caller.
"""

from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from services.api.workflows.foresee import Foreseen, ForeseenStep, Runs
from services.api.workflows.foresee_execution import Seer
from shared.domain.errors import Rejected
from shared.domain.events import Event
from shared.domain.ids import EventKey
from shared.domain.workflows import Workflow
from shared.matching.decisions import Reason
from shared.matching.explain import Explained, Parts, explaining_rule
from shared.matching.rules import Rule, compile_rule, exclude
from shared.matching.view import EventView

SAMPLE_MAX: Final = 10
PLANS_MAX: Final = 20
"""Executions whose steps are foreseen, each by both definitions."""

_ERRORS: Final = frozenset({Reason.FILTER_ERROR, Reason.RUN_IF_ERROR})


class Kind(StrEnum):
    """How the decision on an event changes; ``NEWLY_FAILING``: it never matched."""

    NEWLY_MATCHED = "newly_matched"
    NO_LONGER_MATCHED = "no_longer_matched"
    NEWLY_FAILING = "newly_failing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """An event on which the two decide differently."""

    event: Event
    before: Explained
    after: Explained


@dataclass(slots=True, kw_only=True)
class Changes:
    """The events of one kind: how many, why the later definition decides so, and the first few."""

    count: int = 0
    reasons: Counter[Reason] = field(default_factory=Counter)
    sample: list[Changed] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedStep:
    """A step that would go another way; None: the definition does not have it."""

    id: str
    before: Runs | None
    after: Runs | None
    has_other_input: bool


@dataclass(slots=True, kw_only=True)
class Difference:
    """What the two decide about the events looked at so far.

    ``plans`` are the executions of events that match both whose steps would differ, by what
    differs; ``plans_compared`` is of how many that was foreseen.
    """

    looked_at: int = 0
    before: Counter[Reason] = field(default_factory=Counter)
    after: Counter[Reason] = field(default_factory=Counter)
    changes: dict[Kind, Changes] = field(default_factory=lambda: {kind: Changes() for kind in Kind})
    plans: dict[tuple[ChangedStep, ...], list[EventKey]] = field(default_factory=dict)
    plans_compared: int = 0


class WhatIf:
    """Compares what an earlier and a later definition make of events."""

    def __init__(self, before: Workflow, after: Workflow, seer: Seer, depth_max: int) -> None:
        self._workflows = before, after
        self._rules = [compile_rule(each.conditions, seer.expressions) for each in self._workflows]
        self._seer = seer
        self._depth_max = depth_max
        self.found = Difference()

    def add(self, events: Sequence[Event], until_s: float) -> Generator[None, None, int]:
        """Decide on events until a time, on one at least; how many were decided on.

        It yields within each decision, and after it.
        """
        for number, event in enumerate(events, 1):
            yield from self._decide(event)
            if self._seer.monotonic() >= until_s:
                return number
        return len(events)

    def _decide(self, event: Event) -> Generator[None, None, None]:
        view, found, explained = EventView(event), self.found, []
        for workflow, rule in zip(self._workflows, self._rules, strict=True):
            explained.append((yield from self._explained(view, workflow, rule)))
            yield
        before, after = explained
        old, new = before.decision, after.decision
        found.looked_at += 1
        found.before[old.reason] += 1
        found.after[new.reason] += 1
        kind = _kind(old.reason, new.reason)
        if kind is not None:
            changes = found.changes[kind]
            changes.count += 1
            changes.reasons[new.reason] += 1
            if len(changes.sample) < SAMPLE_MAX:
                changes.sample.append(Changed(event=event, before=before, after=after))
        elif new.is_match and found.plans_compared < PLANS_MAX:
            yield from self._compare_plans(event)

    def _explained(self, view: EventView, workflow: Workflow, rule: Rule) -> Parts[Explained]:
        excluded = exclude(view, workflow)
        if excluded is not None:
            return Explained(decision=excluded)
        return (yield from explaining_rule(view, rule, depth_max=self._depth_max))

    def _compare_plans(self, event: Event) -> Generator[None, None, None]:
        before, after = self._workflows
        try:
            _, old = yield from self._seer.foresee(before, event)
            _, new = yield from self._seer.foresee(after, event)
        except Rejected:
            return  # it takes too long to foresee
        self.found.plans_compared += 1
        changed = tuple(_changed(old, new))
        if changed:
            self.found.plans.setdefault(changed, []).append(event.key)


def _kind(old: Reason, new: Reason) -> Kind | None:
    was, is_now = old is Reason.MATCHED, new is Reason.MATCHED
    if was is not is_now:
        return Kind.NEWLY_MATCHED if is_now else Kind.NO_LONGER_MATCHED
    return Kind.NEWLY_FAILING if new in _ERRORS and old not in _ERRORS else None


def _changed(old: Sequence[ForeseenStep], new: Sequence[ForeseenStep]) -> Iterator[ChangedStep]:
    before, after = ({found.step.id: found for found in steps} for steps in (old, new))
    for step_id in {**before, **after}:
        one, other = before.get(step_id), after.get(step_id)
        is_other = one is not None and other is not None and _told(one.input) != _told(other.input)
        runs = None if one is None else one.runs, None if other is None else other.runs
        if is_other or runs[0] is not runs[1]:
            yield ChangedStep(id=step_id, before=runs[0], after=runs[1], has_other_input=is_other)


def _told(found: Foreseen) -> tuple[object, ...]:
    return found.value, found.needs, None if found.error is None else str(found.error)
