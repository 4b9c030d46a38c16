"""Decisions as the API writes them."""

from collections.abc import Iterator
from typing import Final

from services.api.events.judged import Judged
from services.api.http.payloads import Payload
from shared.domain.events import Event
from shared.domain.ids import execution_id
from shared.matching.clauses import Clause
from shared.matching.explain import FAILURES_MAX, Failed, Read
from shared.matching.shorten import shortened
from shared.wire.documents.decisions import (
    ComparedDocument,
    ExplainedDecisionDocument,
    FailureDocument,
    ReadDocument,
)
from shared.wire.documents.events import DecisionDocument

_COMPARED_MAX: Final = 20


def render_decision(judged: Judged, event: Event) -> DecisionDocument:
    """A decision on an event; what its sentence quotes is a payload."""
    decision = judged.explained.decision
    started = execution_id(decision.workflow_id, event.key) if decision.is_match else None
    return {
        "workflow_id": str(decision.workflow_id),
        "workflow_name": judged.workflow_name,
        "workflow_version": decision.workflow_version,
        "is_match": decision.is_match,
        "reason": decision.reason,
        "detail": Payload(judged.explained.detail),
        "execution_id": None if started is None else str(started),
    }


def render_explained(judged: Judged, event: Event) -> ExplainedDecisionDocument:
    """A decision with what failed; what an event holds is a payload."""
    explained = judged.explained
    return {
        **render_decision(judged, event),
        "is_near_miss": explained.is_near_miss,
        "failed": len(explained.failed),
        "clauses": explained.clauses,
        "failures": [render_failure(each) for each in explained.failed[:FAILURES_MAX]],
    }


def render_failure(failed: Failed) -> FailureDocument:
    """A condition that did not hold."""
    clause = failed.clause
    compared = [] if clause is None or clause.path is not None else [*_compared(clause)]
    return {
        "pointer": failed.pointer,
        "truth": failed.truth,
        "path": None if clause is None else clause.path,
        "operator": None if clause is None else clause.operator,
        "wanted": None if clause is None else shortened(clause.wanted),
        "actual": Payload(None if clause is None else shortened(clause.actual)),
        "parts": compared[:_COMPARED_MAX],
        "text": failed.text,
        "reads": [_read(read) for read in failed.reads],
        "error": Payload(failed.error),
        "sentence": Payload(str(failed)),
    }


def _compared(clause: Clause) -> Iterator[ComparedDocument]:
    for part in clause.parts:
        if part.path is None:
            yield from _compared(part)
        else:
            yield {
                "pointer": part.pointer,
                "path": part.path,
                "operator": part.operator,
                "wanted": shortened(part.wanted),
                "actual": Payload(shortened(part.actual)),
            }


def _read(read: Read) -> ReadDocument:
    return {
        "path": read.path,
        "is_there": read.is_there,
        "value": Payload(read.value),
        "did_you_mean": Payload(read.similar),
    }
