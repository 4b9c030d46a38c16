"""I4 too: each call hands on what the workflow says, of what the log holds."""

from collections.abc import Iterator
from typing import Any

from tests.chaos.evidence import Evidence, Row, Violation
from tests.chaos.expected import call_of, filled, items_of, scope_of


def judge_given(evidence: Evidence) -> Iterator[Violation]:
    """Calls that handed on something else than the results recorded before them."""
    for key, calls in evidence.calls.items():
        execution, step = key[:36], key[37:]
        row = evidence.executions.get(execution)
        if row is None:
            continue  # looked at elsewhere
        definition = evidence.definition(row)
        block = call_of(definition, step)
        if block is None:
            continue
        scope = _scope(definition, evidence.logs.get(execution, []), step)
        wanted = filled(block["input"]["src"]["json"]["given"], scope)
        wrong = [call.data["given"] for call in calls if call.data["given"] != wanted]
        if wrong:
            yield Violation(
                invariant="I4",
                subject=key,
                detail=f"it handed on {wrong} instead of {wanted!r}",
                timeline=evidence.timeline(execution),
            )


def _scope(definition: Row, log: list[Row], name: str) -> dict[str, Any]:
    """What a call's placeholders see: the event, what steps came to, and its item."""
    scope = scope_of(log)
    scope["steps"] = {e["step_id"]: e for e in log if e["status"] == "COMPLETED"}
    id_, is_item, number = name.partition("[")
    if is_item:
        [step] = [s for s in definition["steps"] if s["id"] == id_]
        items = items_of(step, scope)
        index = int(number.removesuffix("]"))
        scope["item"] = items[index] if index < len(items) else None
    return scope
