"""I2 and I9: an execution's log is what its version of the workflow asks for, each thing once."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Final

from tests.chaos.evidence import ENDS, SETTLED, TERMINAL, Evidence, Row, Violation
from tests.chaos.expected import items_of, outcomes, scope_of
from tests.chaos.workflows import REFUSE, RETRY

DECIDED_ELSEWHERE: Final = frozenset({"approval", "wait"})


def judge_results(evidence: Evidence) -> Iterator[Violation]:
    """Every fault of I2 and I9."""
    for id_, row in evidence.executions.items():
        log = evidence.logs.get(id_, [])
        if row["status"] not in TERMINAL:
            continue
        for detail in (
            *_shape(row, log),
            *_steps(row, log),
            *_path(evidence, row, log),
            *_items(evidence, row, log),
            *_end(evidence, row, log),
        ):
            yield _fault(evidence, id_, detail)
        for detail in _undone(evidence, row, log):
            yield _fault(evidence, id_, detail, "I9")
    yield from _decisions(evidence)


def _fault(evidence: Evidence, id_: str, detail: str, invariant: str = "I2") -> Violation:
    timeline = evidence.timeline(id_)
    return Violation(invariant=invariant, subject=id_, detail=detail, timeline=timeline)


def _shape(row: Row, log: list[Row]) -> Iterator[str]:
    """A log without gaps, in the order of its partition, that ends once, at its end."""
    if [entry["position"] for entry in log] != list(range(1, len(log) + 1)):
        yield f"its positions are {[entry['position'] for entry in log]}"
    seqs = [entry["seq"] for entry in log]
    if seqs != sorted(seqs) or {entry["partition"] for entry in log} != {row["partition"]}:
        yield "its log is not in the order of its partition"
    ends = [phase for entry in log for phase in entry["phases"] if phase in ENDS]
    if ends != [row["status"].lower()] or (log and ends[-1] not in log[-1]["phases"]):
        yield f"it is {row['status']}, and its log ends with {ends}"


def _steps(row: Row, log: list[Row]) -> Iterator[str]:
    """Each step settles once, unless the end came first; its attempts count from 1."""
    last: dict[str, Row] = {}
    for entry in log:
        step = entry["step_id"]
        if step is None:
            continue
        before = last.get(step)
        last[step] = entry
        if before is None:
            if entry["attempt"] != 1:
                yield f"{step} begins with attempt {entry['attempt']}"
            continue
        if before["status"] in SETTLED:
            yield f"{step} goes on after it had settled: {entry['status']}"
        more = 1 if before["status"] == "RETRYING" else 0
        is_broken_off = entry["status"] in ("CANCELLED", "FAILED") and more
        if entry["attempt"] - before["attempt"] != more and not is_broken_off:
            yield f"{step} has attempt {entry['attempt']} after {before['attempt']}"
    for step, entry in last.items():
        if entry["status"] not in SETTLED and row["status"] != "CANCELLED":
            yield f"{step} never settled: {entry['status']}"


def _path(evidence: Evidence, row: Row, log: list[Row]) -> Iterator[str]:
    """The way through the steps, in their order; all of it, if the execution completed."""
    definition = evidence.definition(row)
    kinds = {step["id"]: step.get("kind") for step in definition["steps"]}
    settled = {e["step_id"]: e for e in log if e["step_id"] and e["status"] in SETTLED}
    first: dict[str, int] = {}
    for entry in log:
        if entry["step_id"]:
            first.setdefault(entry["step_id"].partition("[")[0], entry["position"])
    strangers = {key.partition("[")[0].removesuffix("!") for key in settled} - kinds.keys()
    if strangers:
        yield f"steps that its version does not have: {sorted(strangers)}"
    for before, after in _order(definition):
        if after in first and (
            before not in settled or settled[before]["position"] >= first[after]
        ):
            yield f"{after} came before {before} had settled"
    handles = {s: e["handle"] for s, e in settled.items() if kinds.get(s) in DECIDED_ELSEWHERE}
    wanted = outcomes(definition, scope_of(log), handles)
    for step, outcome in wanted.items():
        entry_ = settled.get(step)
        if entry_ is None:
            if row["status"] == "COMPLETED":
                yield f"it completed without {step}"
        elif outcome != entry_["status"] and entry_["status"] in ("COMPLETED", "SKIPPED"):
            yield f"{step} is {entry_['status']} where the workflow says {outcome}"


def _order(definition: Row) -> Iterator[tuple[str, str]]:
    edges = definition.get("edges") or []
    for edge in edges:
        yield edge["from"], edge["to"]
    if not edges:
        steps = [step["id"] for step in definition["steps"]]
        yield from pairwise(steps)


def _items(evidence: Evidence, row: Row, log: list[Row]) -> Iterator[str]:
    """An iterator that completed did each of its items before, and came to what they came to."""
    settled = {e["step_id"]: e for e in log if e["step_id"] and e["status"] in SETTLED}
    for step in evidence.definition(row)["steps"]:
        id_ = step["id"]
        entry = settled.get(id_)
        if step.get("kind") != "iterator" or entry is None or entry["status"] != "COMPLETED":
            continue
        items = items_of(step, scope_of(log))
        wanted = [f"{id_}[{number}]" for number in range(len(items))]
        did = [
            key
            for key, item in settled.items()
            if key.startswith(f"{id_}[") and item["position"] < entry["position"]
        ]
        if sorted(did) != sorted(wanted):
            yield f"{id_} did {sorted(did)} of {len(items)} items"
        elif entry["output"] != [settled[key]["output"] for key in wanted]:
            yield f"{id_} came to {entry['output']}, which its items did not"


def _end(evidence: Evidence, row: Row, log: list[Row]) -> Iterator[str]:
    """It ended for a reason: failed by a step that had to fail, cancelled because asked to."""
    for entry in log:
        if entry["status"] == "FAILED" and not _must_fail(log, entry):
            yield f"{entry['step_id']} failed without a reason: {entry['error']}"
    failed = any(entry["status"] == "FAILED" for entry in log)
    match row["status"]:
        case "FAILED" if not failed:
            yield "it failed, and none of its steps did"
        case "COMPLETED" if failed:
            yield "it completed, and a step of it had failed"
        case "COMPLETED" if _is_refused(log):
            yield "it completed, and its payment was refused"
        case "EXPIRED":
            yield "it expired, and nothing of it can"
        case "CANCELLED" if not _was_cancelled(evidence, row):
            yield "it was cancelled, and nobody asked for that"


def _must_fail(log: list[Row], entry: Row) -> bool:
    """Whether a step's failure is as it should be."""
    error, step = entry["error"] or {}, entry["step_id"]
    if step == "pay" and _is_refused(log):
        return True
    if error.get("retryable"):
        return bool(entry["attempt"] >= RETRY["max_attempts"])
    # What an iterator or a call of a workflow came to by the failure of what is within.
    within = [e for e in log if e["status"] == "FAILED" and e["step_id"] != step]
    return any(str(e["step_id"]).startswith(f"{step}[") for e in within)


def _is_refused(log: list[Row]) -> bool:
    return bool(scope_of(log).get("payload") and _payload(log).get("pay") == REFUSE)


def _payload(log: list[Row]) -> dict[str, Any]:
    payload = scope_of(log).get("payload")
    return payload if isinstance(payload, dict) else {}


def _was_cancelled(evidence: Evidence, row: Row) -> bool:
    asked = {line.id for line in evidence.of("cancel", "invoke")}
    parent = ((row["lineage"] or {}).get("parent") or {}).get("execution_id")
    return row["id"] in asked or parent in evidence.executions


def _undone(evidence: Evidence, row: Row, log: list[Row]) -> Iterator[str]:
    """I9: what completed is undone, the last first, after the failure; and nothing else is."""
    undone = [e["step_id"].removesuffix("!") for e in log if (e["step_id"] or "").endswith("!")]
    undone = list(dict.fromkeys(undone))
    steps = evidence.definition(row)["steps"]
    can = {step["id"] for step in steps if step.get("compensation")}
    done = [e["step_id"] for e in log if e["status"] == "COMPLETED" and e["step_id"] in can]
    begins = any("compensating" in entry["phases"] for entry in log)
    wanted = done[::-1] if begins else []
    if undone != wanted:
        yield f"it undid {undone}, and was to undo {wanted}"
    failed_at = next((e["position"] for e in log if e["status"] == "FAILED"), len(log) + 1)
    if any(e["position"] < failed_at for e in log if (e["step_id"] or "").endswith("!")):
        yield "it began to undo before anything had failed"
    if not begins and row["status"] == "FAILED" and can and done:
        yield "it failed, and undid nothing"


def _decisions(evidence: Evidence) -> Iterator[Violation]:
    """Of the answers to one question at most one won, and it is the one that is recorded."""
    won: dict[str, set[str]] = {}
    for line in evidence.of("decide", "ok"):
        if line.data.get("won"):
            won.setdefault(line.id, set()).add(line.data["word"])
    for id_, words in won.items():
        execution, _, step = id_.partition(":")
        kept = [
            entry["output"]["decision"]
            for entry in evidence.logs.get(execution, ())
            if entry["step_id"] == step and entry["status"] == "COMPLETED"
        ]
        if len(words) > 1 or kept != list(words):
            detail = f"{step}: {sorted(words)} were told they won, {kept} is recorded"
            yield _fault(evidence, execution, detail)
