"""Ways to spoil the hand-made run: each takes it, and breaks one thing in it."""

from collections.abc import Callable, MutableMapping
from copy import deepcopy
from typing import Any

import orjson

from tests.chaos.evidence import Row, stamped
from tests.chaos.small_case import Case
from tests.chaos.small_run import of_flow

Doctor = Callable[[Case], object]


def log_of(case: Case, flow: str, step: str, status: str = "COMPLETED") -> Row:
    """An entry of a workflow's first execution."""
    id_ = of_flow(case, flow)
    found = (e for e in case.tables["execution_log"] if e["execution_id"] == id_)
    return next(e for e in found if e["step_id"] == step and e["status"] == status)


def published(case: Case, flow: str, number: int, topic: str = "step-results") -> Row:
    """The number-th record of a workflow's first execution on a topic."""
    id_ = of_flow(case, flow)
    found = [r for r in case.records if r["topic"] == f"turnout.{topic}" and id_ in r["value"]]
    return found[number]


def says(record: Row, **more: Any) -> None:
    """Let a result record say something else."""
    document = orjson.loads(record["value"])
    document["data"] |= more
    record["value"] = orjson.dumps(document).decode()


def drop_execution(case: Case, flow: str) -> None:
    """An execution that never was, with all that it left."""
    id_ = of_flow(case, flow)
    case.tables["executions"] = [r for r in case.tables["executions"] if r["id"] != id_]
    log = case.tables["execution_log"]
    case.tables["execution_log"] = [e for e in log if e["execution_id"] != id_]
    case.lines = [line for line in case.lines if id_ not in line["id"]]
    case.records = [r for r in case.records if id_ not in r["value"]]


def shown(case: Case, flow: str, ending: str) -> Row:
    """The call of a workflow's first execution whose key ends so."""
    id_ = f"{of_flow(case, flow)}:{ending}"
    return next(line for line in case.lines if line["op"] == "call" and line["id"] == id_)


def told(case: Case, flow: str = "sequence") -> Row:
    """How a subscriber was told of the end of a workflow's first execution."""
    id_ = of_flow(case, flow)
    return next(line for line in case.lines if line["op"] == "told" and id_ in line["id"])


def swap(left: Row, right: Row, name: str) -> None:
    """Exchange a field."""
    left[name], right[name] = right[name], left[name]


def again(case: Case, flow: str, **more: Any) -> None:
    """A further execution of a workflow, for no event of its own."""
    row = {**case.tables["executions"][-1], "id": of_flow(case, flow)[::-1], **more}
    case.tables["executions"].append(row)


def go_on_after_cancel(case: Case) -> None:
    """The broken nap ends by time, long after its cancellation was durable."""
    rows = case.tables["executions"]
    id_ = next(row["id"] for row in rows if row["status"] == "CANCELLED")
    log = [e for e in case.tables["execution_log"] if e["execution_id"] == id_]
    late = stamped(case.now)
    log[-1] |= {"ended_at": late, "status": "COMPLETED", "step_id": "nap", "attempt": 1}
    log[-1] |= {"started_at": log[-2]["started_at"]}


def begin_after_cancel(case: Case) -> None:
    """A step of the cancelled execution begins, long after its cancellation was durable."""
    go_on_after_cancel(case)
    entry = next(e for e in case.tables["execution_log"] if "cancelled" in e["phases"])
    entry |= {"started_at": stamped(case.now), "step_id": "after"}


def call_after_cancel(case: Case) -> None:
    """The cancelled execution calls, long after its end was published."""
    rows = case.tables["executions"]
    id_ = next(row["id"] for row in rows if row["status"] == "CANCELLED")
    about = {"n": 1, "path": "/steady", "kind": "ok", "body": "b", "status": 200}
    about["given"] = "1"
    case.line("call", "ok", f"{id_}:after", execution=id_, step="after", **about)


def call_again(case: Case) -> None:
    """A call comes a second time in one attempt."""
    line = shown(case, "sequence", "b")
    case.lines.append({**line, "data": {**line["data"], "n": 2}})


def begin_again(case: Case, epoch: int = 1) -> None:
    """An attempt is begun a second time beside a fault, and calls again."""
    case.fault("restart_postgres")
    case.begin(f"{of_flow(case, 'sequence')}:b", 1, epoch)
    call_again(case)


def own_again(case: Case, fault: str, **more: Any) -> None:
    """A partition changes hands long after all else, and just after a fault."""
    case.passes(60.0)
    case.owned(2)
    case.fault(fault, **more)
    case.owned(3)


def start_when_off(case: Case) -> None:
    """The workflow that was switched off is started by what came since."""
    record = case.tables["events"][-1]["record"]
    case.call(case.start("toggled", record), "on", phases=["completed"])


def call_late_beside(case: Case, fault: str, epoch: int) -> None:
    """The cancelled execution calls, beside a fault, by who has or had an epoch."""
    case.fault(fault)
    rows = case.tables["executions"]
    id_ = next(row["id"] for row in rows if row["status"] == "CANCELLED")
    case.begin(f"{id_}:after", 1, epoch)
    call_after_cancel(case)


def other_key(case: Case) -> None:
    """A retry under a key of its own."""
    line = deepcopy(shown(case, "sequence", "b"))
    line["id"] += "x"
    case.lines.append(line)


def other_body(case: Case) -> None:
    """The same key, other words."""
    call_again(case)
    case.lines[-1]["data"]["body"] = "c"


def end_again(case: Case) -> None:
    """An execution that completes twice."""
    case.entry(of_flow(case, "branch"), None, None, phases=["completed"])


def never_called(case: Case, flow: str, step: str) -> None:
    """A step completes with nothing, and so is it published, without having called."""
    case.lines.remove(shown(case, flow, step))
    entry = log_of(case, flow, step)
    entry["output"] = None
    id_ = f'"{entry["execution_id"]}:{entry["position"]}"'
    says(next(r for r in case.records if id_ in r["value"]), output=None)


def has_items(case: Case, *items: str) -> None:
    """The batch had other items than were done."""
    id_ = of_flow(case, "iterate")
    first = next(e for e in case.tables["execution_log"] if e["execution_id"] == id_)
    first["input"] = {**first["input"], "data": {"items": [*items]}}


def item_after_all(case: Case) -> None:
    """An item ends when its iterator has ended."""
    each, item = log_of(case, "iterate", "each"), log_of(case, "iterate", "each[0]")
    for name in ("step_id", "output"):
        swap(each, item, name)


def untold_by_moved_clocks(case: Case) -> None:
    """Clocks were moved, and of an end that was published in time nobody was told."""
    case.line("fault", "invoke", "move_clock")
    told(case)["op"] = "else"


def drop_record(case: Case, record: Row) -> None:
    """A record that was never published."""
    case.records.remove(record)


def lose_ack(case: Case) -> None:
    """An acknowledged record is not in the topic."""
    case.records = [r for r in case.records if '"id":"order"' not in r["value"]]


def lose_post(case: Case) -> None:
    """Of two acknowledged posts one is in the topic."""
    case.line("send", "ok", "shop/nap", via="http", form="plain", is_other=False)


def nothing_undone(case: Case) -> None:
    """What had completed was not undone."""
    id_ = of_flow(case, "compensate")
    log = case.tables["execution_log"]
    case.tables["execution_log"] = [
        e for e in log if e["execution_id"] != id_ or e["step_id"] != "flight!"
    ]


def change(row: MutableMapping[str, Any], **more: Any) -> None:
    """Let a row hold something else."""
    row.update(more)
