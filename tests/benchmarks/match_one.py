"""Matching in one process: so many workflows of a case, and events at them.

``python -m tests.benchmarks.match_one CASE COUNT EVENTS`` says its figures as JSON.
"""

import random
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from resource import RUSAGE_SELF, getrusage
from typing import Any, Final
from uuid import UUID

import orjson

from services.matcher.definitions import staying
from shared.db.live_workflows import conditions_of
from shared.domain.events import Event
from shared.domain.ids import DEFAULT_ENVIRONMENT, WorkflowId, event_key
from shared.domain.workflows import Definition, Dialect, Lifecycle, Trigger, Workflow
from shared.expr.jsonata import ExpressionCache
from shared.matching.rules import Rule, compile_rule, is_named, judge
from shared.matching.table import WorkflowTable
from shared.matching.view import EventView
from shared.runtime.process import tune_garbage_collection
from tests.benchmarks.costs import spread_ms
from tests.benchmarks.match_cases import CASES, Case

BRUTE_S: Final = 2.0
CHANGED_MAX: Final = 2_000
_AT: Final = datetime(2026, 11, 22, tzinfo=UTC)
_DIFFERENT_MAX: Final = 2_000
_BATCH: Final = 100


def main(name: str, count: int, events: int) -> None:
    """Measure, and say it."""
    tune_garbage_collection()
    case = CASES[name]
    table = WorkflowTable(ExpressionCache(200_000))
    filled = fill(table, case, count)
    numbers = numbers_of(count, events)
    different = [event_of(case, n, case.payload(n, count)) for n in numbers]
    began = time.process_time()
    matched, tried = _matched(table, different, events)
    took_s = time.process_time() - began
    sys.stdout.buffer.write(
        orjson.dumps(
            {
                "events_per_cpu_s": events / took_s,
                "match_ms": spread_ms(_each_s(table, different, events)),
                "matches_an_event": matched / events,
                "tried_an_event": tried / events,
                **filled,
                "changed_per_cpu_s": _changed(table, case, count),
                "brute_events_per_cpu_s": _brute(case, count, different),
            }
        )
    )


def numbers_of(count: int, events: int) -> Sequence[int]:
    """Of which workflows there are events: the same ones at every time, at most a few thousand."""
    chance = random.Random(count)
    return [chance.randrange(count) for _ in range(min(events, _DIFFERENT_MAX))]


def fill(table: WorkflowTable, case: Case, count: int) -> Mapping[str, float]:
    """Put all workflows there, as the matcher does when it starts.

    How many a second of CPU, without the reading of their definitions, and what memory they take.
    """
    stored = [_stored(workflow_of(case, n, count)) for n in range(count)]
    before = getrusage(RUSAGE_SELF).ru_maxrss
    put_s = 0.0
    with staying():
        for first in range(0, count, _BATCH):
            batch = [conditions_of(row) for row in stored[first : first + _BATCH]]
            began = time.process_time()
            for conditions in batch:
                table.put(conditions)
            put_s += time.process_time() - began
    grown = 1024 * (getrusage(RUSAGE_SELF).ru_maxrss - before)
    return {"put_per_cpu_s": count / put_s, "bytes_a_workflow": grown / count}


def _stored(workflow: Workflow) -> Mapping[str, Any]:
    """As the database has it."""
    return {
        "id": workflow.id,
        "environment_id": workflow.environment_id,
        "version": workflow.version,
        "dialect": str(workflow.dialect),
        "lifecycle": str(workflow.lifecycle),
        "is_active": workflow.is_active,
        "is_quarantined": workflow.is_quarantined,
        "definition": workflow.definition.model_dump_json(),
    }


def _matched(table: WorkflowTable, different: Sequence[Event], events: int) -> tuple[int, int]:
    """How many workflows matched, and how many were tried."""
    matched = tried = 0
    for n in range(events):
        decisions = table.match(different[n % len(different)])
        tried += len(decisions)
        matched += sum(decision.is_match for decision in decisions)
    return matched, tried


def _each_s(table: WorkflowTable, different: Sequence[Event], events: int) -> list[float]:
    """How long each event took, by the clock on the wall."""
    each_s: list[float] = []
    for n in range(events):
        event = different[n % len(different)]
        began = time.perf_counter()
        table.match(event)
        each_s.append(time.perf_counter() - began)
    return each_s


def _changed(table: WorkflowTable, case: Case, count: int) -> float:
    """How many a second can be replaced by a newer version while all others are live."""
    number = min(count, CHANGED_MAX)
    newer = [workflow_of(case, n, count) for n in range(number)]
    began = time.process_time()
    for one in newer:
        table.put(one.conditions)
    return number / (time.process_time() - began)


def _brute(case: Case, count: int, different: Sequence[Event]) -> float:
    """The rate at which each rule is asked, for as many of the events as there is time for."""
    expressions = ExpressionCache(200_000)
    conditions = [workflow_of(case, n, count).conditions for n in range(count)]
    rules = [compile_rule(each, expressions) for each in conditions]
    done, began = 0, time.process_time()
    while time.process_time() - began < BRUTE_S:
        _ask(rules, different[done % len(different)])
        done += 1
    return done / (time.process_time() - began)


def _ask(rules: Sequence[Rule], event: Event) -> None:
    view = EventView(event)
    for rule in rules:
        if any(is_named(event.type, name) for name in rule.event_names):
            judge(view, rule)


def workflow_of(case: Case, n: int, count: int) -> Workflow:
    """The n-th of ``count`` workflows."""
    return _workflow(n, _definition(case, n, count))


def _definition(case: Case, n: int, count: int) -> Definition:
    trigger = Trigger(event_name=case.trigger(n))
    return Definition(name=f"w{n}", triggers=(trigger,), **case.workflow(n, count))


def _workflow(n: int, definition: Definition) -> Workflow:
    return Workflow(
        id=WorkflowId(UUID(int=n + 1)),
        environment_id=DEFAULT_ENVIRONMENT,
        version=1,
        dialect=Dialect.NATIVE,
        lifecycle=Lifecycle.READY,
        is_active=True,
        definition=definition,
        source=None,
        created_at=_AT,
        updated_at=_AT,
    )


def event_of(case: Case, n: int, payload: Any) -> Event:
    """The n-th event, with this payload."""
    id_ = f"e{n}"
    return Event(
        key=event_key(DEFAULT_ENVIRONMENT, "bench", id_),
        environment_id=DEFAULT_ENVIRONMENT,
        type=case.event_name(n),
        source="bench",
        id=id_,
        received_at=_AT,
        payload=payload,
    )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
