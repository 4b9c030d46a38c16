"""The story of the hand-made run: one event of most kinds, a cancellation, a clock's tick."""

from datetime import UTC, datetime
from typing import Any

from tests.chaos.evidence import Row, stamped
from tests.chaos.identity import key_of, started_by
from tests.chaos.judge_end import SESSIONS_MORE
from tests.chaos.judge_match import KNOWN_WITHIN_S
from tests.chaos.small_case import BEGUN, Case
from tests.chaos.workflows import REFUSE, ticking, workflow_id


def sound_case() -> Case:
    """A run in which every promise was kept."""
    case = Case()
    flows: list[dict[str, Any]] = [*case.plan.workflows]
    case.line("subscribe", "ok", "/told", status=201)
    case.tables["webhook_subscriptions"].append({"created_at": stamped(case.now)})
    _tick(case, flows)
    _orders(case)
    _nap(case)
    _trip(case)
    _expense(case)
    _family(case)
    _batch(case)
    _cancelled(case)
    _switched(case)
    for flow in flows:
        definition = {"name": flow["key"], "edges": [], **flow}
        row = {"workflow_id": flow["id"], "version": 1, "definition": definition}
        case.tables["workflow_versions"].append(row)
    _end(case)
    return case


def _tick(case: Case, flows: list[dict[str, Any]]) -> None:
    at = datetime.fromtimestamp(case.now, UTC)
    flow = ticking(case.plan.receiver_url, [at])
    flows.append(flow)
    stamp = at.isoformat(timespec="microseconds").replace("+00:00", "Z")
    source = f"/turnout/workflows/{flow['id']}/triggers/at-0"
    record = {"turnoutkey": key_of(source, stamp), "id": stamp, "source": source, "time": stamp}
    record |= {"type": "schedule:due"}
    execution = case.start("tick", {**record, "data": {"scheduled_at": stamp}})
    case.call(execution, "tock", given=stamp, phases=["completed"])


def _orders(case: Case) -> None:
    payload = {"total": 20, "kind": "phone", "region": "eu", "tags": []}
    order = case.event("order:placed", "order", payload)
    again = case.record("events", {"id": "order", "source": "shop", "event": "order:placed",
                                   "payload": {**payload, "is_other": True}})  # fmt: skip
    origin = f"turnout.events/0@{again['offset']}"
    row = {"key": order["turnoutkey"], "origin": origin, "record": {}}
    case.tables["event_conflicts"].append(row)
    execution = case.start("sequence", order)
    again_at, error = stamped(case.now + 0.1), {"kind": "http_status", "status": 500}
    case.call(execution, "a", "fail", status="RETRYING", wake_at=again_at, error=error)
    case.passes(0.2)
    case.call(execution, "a")
    case.call(execution, "b", given="2")
    case.call(execution, "c", given="1", phases=["completed"])
    execution = case.start("branch", order)
    case.entry(execution, "large", "COMPLETED", handle="false")
    case.entry(execution, "big", "SKIPPED", handle="edges")
    case.entry(execution, "gift", "SKIPPED", handle="edges")
    case.call(execution, "small")
    case.call(execution, "join", phases=["completed"])


def _nap(case: Case) -> None:
    nap = case.event("nap:taken", "nap", {"seconds": 1}, via="http")
    execution = case.start("sleep", nap)
    case.call(execution, "before")
    _asleep(case, execution, 1.0)
    case.passes(1.0)
    case.entry(execution, "nap", "COMPLETED")
    case.call(execution, "after", given="1", phases=["completed"])


def _asleep(case: Case, execution: str, seconds: float) -> None:
    until = stamped(case.now + seconds)
    case.entry(execution, "nap", "WAITING", wake_at=until, output={"kind": "sleep"})


def _trip(case: Case) -> None:
    trip = case.event("trip:booked", "trip", {"pay": REFUSE})
    execution = case.start("compensate", trip)
    case.call(execution, "hotel")
    case.call(execution, "flight", given="1")
    error = {"kind": "http_status", "retryable": False}
    case.call(
        execution, "pay", "fail", status="FAILED", error=error, output=None, phases=["compensating"]
    )
    case.call(execution, "flight!", given="1")
    case.call(execution, "hotel!", given="1", phases=["compensated", "failed"])


def _expense(case: Case) -> None:
    expense = case.event("expense:filed", "expense", {"n": 1})
    execution = case.start("approval", expense)
    output = {"kind": "approval"}
    case.entry(
        execution,
        "ask",
        "WAITING",
        output=output,
        wake_at=stamped(case.now + 15),
        phases=["waiting"],
    )
    case.line("decide", "ok", f"{execution}:ask", word="reject", won=False)
    case.line("decide", "ok", f"{execution}:ask", word="approve", won=True)
    output = {"decision": "approve", "by": "boss"}
    case.entry(execution, "ask", "COMPLETED", handle="approved", output=output)
    case.entry(execution, "shelve", "SKIPPED", handle="edges")
    case.call(execution, "pay", phases=["completed"])


def _family(case: Case) -> None:
    family = case.event("family:met", "family", {"n": 1})
    parent = case.start("parent", family)
    child = started_by(parent, "call:1")
    output = {"kind": "subworkflow", "execution_id": child}
    case.entry(parent, "call", "WAITING", output=output)
    record: Row = {**family, "turnoutkey": started_by(child, "workflow:called")}
    lineage = {"parent": {"execution_id": parent, "step_id": "call"}}
    case.start("child", record, child, lineage=lineage)
    case.call(child, "work", given="1", phases=["completed"])
    case.entry(parent, "call", "COMPLETED", output={"result": None})
    case.call(parent, "after", phases=["completed"])


def _batch(case: Case) -> None:
    batch = case.event("batch:ready", "batch", {"items": ["x", "y"]})
    execution = case.start("iterate", batch)
    case.entry(execution, "each", "WAITING", output={"kind": "items", "items": ["x", "y"]})
    second = case.call(execution, "each[1]", given="y")
    first = case.call(execution, "each[0]", given="x")
    output = [first["output"], second["output"]]
    case.entry(execution, "each", "COMPLETED", output=output)
    case.call(execution, "after", phases=["completed"])


def _cancelled(case: Case) -> None:
    """A nap that is broken off; afterwards others go on in its partition."""
    nap = case.event("nap:taken", "broken", {"seconds": 3})
    execution = case.start("sleep", nap)
    case.call(execution, "before")
    _asleep(case, execution, 3.0)
    case.line("cancel", "invoke", execution)
    case.record("commands", {"type": "turnout.command.cancel", "subject": execution})
    case.line("cancel", "ok", execution, status=202)
    case.entry(execution, None, None, phases=["cancelled"])
    job = case.event("job:flaky", "last", {"n": 1})
    execution = case.start("retry", job)
    case.call(execution, "flaky")
    case.passes(5.0)
    case.call(execution, "then", given="1", phases=["completed"])


def _switched(case: Case) -> None:
    """A workflow is switched on, and what happens while it is starts it; then it is off again."""
    for kind, id_, total in (("activate", "on", 21), ("deactivate", "off", 24)):
        case.line("register", "invoke", str(workflow_id("toggled")), kind=kind)
        case.line("register", "ok", str(workflow_id("toggled")), kind=kind, status=200)
        case.passes(KNOWN_WITHIN_S + 1)
        payload = {"total": total, "kind": "phone", "region": "eu", "tags": []}
        order = case.event("order:placed", id_, payload)
        execution = case.start("sequence", order)
        case.call(execution, "a")
        case.call(execution, "b", given="1")
        case.call(execution, "c", given="1", phases=["completed"])
        execution = case.start("branch", order)
        case.entry(execution, "large", "COMPLETED", handle="false")
        case.entry(execution, "big", "SKIPPED", handle="edges")
        case.entry(execution, "gift", "SKIPPED", handle="edges")
        case.call(execution, "small")
        case.call(execution, "join", phases=["completed"])
        if kind == "activate":
            case.call(case.start("toggled", order), "on", phases=["completed"])


def _end(case: Case) -> None:
    written = len(case.tables["execution_log"])
    consumed = sum(record["topic"] == "turnout.commands" for record in case.records)
    owner = {"epoch": 2, "consumed_offset": consumed, "written_seq": written}
    owner |= {"emitted_seq": written}
    case.line("owners", "info", "0", **{**owner, "epoch": 1, "written_seq": 1, "emitted_seq": 0})
    case.fault("make_zombie", moved=1)
    case.line("commit", "ok", "0", epoch=1, sent=case.now - BEGUN)
    case.line("owners", "info", "0", **owner)
    case.line("commit", "ok", "0", epoch=2, sent=case.now - BEGUN)
    case.line("commit", "fail", "0", epoch=1, sent=case.now - BEGUN)
    case.line("commit", "info", "0", epoch=1, sent=case.now - BEGUN, is_refused=False)
    case.tables["partition_owners"].append({"partition": 0, **owner})
    case.line("rss", "info", "executor-0", bytes=100_000_000)
    case.line("open", "info", "executor-0", when="begin", files=24, half_closed=1)
    case.line("open", "info", "executor-0", when="end", files=90, half_closed=0)
    case.line("open", "info", "executor-0", when="end", files=30, half_closed=0)
    case.line("sessions", "info", "begin", count=27)
    case.line("sessions", "info", "end", count=27 + SESSIONS_MORE)


def of_flow(case: Case, key: str) -> str:
    """The first execution of a workflow."""
    rows = case.tables["executions"]
    return str(next(r["id"] for r in rows if r["workflow_id"] == str(workflow_id(key))))
