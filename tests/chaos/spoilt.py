"""Runs that are spoilt in one place each, with the promise that breaks."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any, Final

import orjson

from tests.chaos.evidence import Row, stamped
from tests.chaos.small_case import BEGUN, Case
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
    case.line("call", "ok", f"{id_}:after", execution=id_, step="after", **about)


def call_again(case: Case) -> None:
    """A call comes a second time, though nothing went wrong."""
    line = shown(case, "sequence", "b")
    case.lines.append({**line, "data": {**line["data"], "n": 2}})


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


def change(row: Row, **more: Any) -> None:
    """Let a row hold something else."""
    row.update(more)


SPOILT: Final[list[tuple[str, str, Doctor]]] = [
    ("I0", "an execution never ends",
     lambda c: change(c.execution(of_flow(c, "sequence")), status="RUNNING", finished_at=None)),
    ("I0", "the last entries are not published",
     lambda c: change(c.tables["partition_owners"][0], emitted_seq=3)),
    ("I0", "commands are not consumed",
     lambda c: change(c.tables["partition_owners"][0], consumed_offset=1)),
    ("I0", "a schedule never fires",
     lambda c: c.tables["schedules"].append({"trigger_id": "at-0", "next_at": "then"})),
    ("I1", "an execution is missing", lambda c: drop_execution(c, "sequence")),
    ("I1", "a tick is missing", lambda c: drop_execution(c, "tick")),
    ("I1", "a called execution is missing", lambda c: drop_execution(c, "child")),
    ("I1", "an event starts a second execution", lambda c: again(c, "sequence")),
    ("I1", "an event that was sent is not archived", lambda c: c.tables["events"].pop()),
    ("I1", "another body is not flagged", lambda c: c.tables["event_conflicts"].clear()),
    ("I1", "a good event is flagged",
     lambda c: c.tables["event_conflicts"].append(
         {"key": c.tables["events"][-1]["key"], "origin": "turnout.events/0@1"})),
    ("I1", "an event is archived as nobody sent it",
     lambda c: change(c.tables["events"][-1]["record"], data={"n": 2})),
    ("I1", "an execution is of a version that never was",
     lambda c: change(c.execution(of_flow(c, "sequence")), workflow_version=7)),
    ("I2", "a step settles twice",
     lambda c: c.tables["execution_log"].append({**log_of(c, "sequence", "b")})),
    ("I2", "a result is lost",
     lambda c: c.tables["execution_log"].remove(log_of(c, "sequence", "b"))),
    ("I2", "the wrong branch is taken",
     lambda c: change(log_of(c, "branch", "small"), step_id="big")),
    ("I2", "steps in the wrong order",
     lambda c: swap(log_of(c, "sequence", "b"), log_of(c, "sequence", "c"), "step_id")),
    ("I2", "it ends twice", end_again),
    ("I2", "the log says otherwise than the execution",
     lambda c: change(c.execution(of_flow(c, "tick")), status="FAILED")),
    ("I2", "both answers won",
     lambda c: change(next(x for x in c.lines if x["op"] == "decide")["data"], won=True)),
    ("I2", "the answer that won is not recorded",
     lambda c: change(log_of(c, "approval", "ask")["output"], decision="reject")),
    ("I2", "an attempt is skipped", lambda c: change(log_of(c, "sequence", "a"), attempt=3)),
    ("I2", "cancelled unasked",
     lambda c: change(next(x for x in c.lines if x["op"] == "cancel"), id="another")),
    ("I2", "a step fails without a reason",
     lambda c: change(log_of(c, "sequence", "b"), status="FAILED", error={"retryable": False})),
    ("I3", "a result is not published",
     lambda c: drop_record(c, published(c, "sequence", 1))),
    ("I3", "an end is not published",
     lambda c: drop_record(c, published(c, "sequence", 2, "executions"))),
    ("I3", "published in the wrong order",
     lambda c: swap(published(c, "sequence", 1), published(c, "sequence", 2), "value")),
    ("I3", "published again with other contents",
     lambda c: c.records.append(
         {**published(c, "sequence", 1), "value": published(c, "sequence", 1)["value"] + " "})),
    ("I3", "published what is not in the log",
     lambda c: says(published(c, "sequence", 1), output="something else")),
    ("I3", "published to another partition",
     lambda c: change(published(c, "sequence", 2), partition=1)),
    ("I4", "a result without a call", lambda c: c.lines.remove(shown(c, "sequence", "b"))),
    ("I4", "a result of another call",
     lambda c: change(log_of(c, "sequence", "b")["output"]["body"], call=9)),
    ("I4", "a call repeated for nothing", call_again),
    ("I4", "a retry under another key", other_key),
    ("I4", "other words under the same key", other_body),
    ("I5", "it sleeps on after its cancellation", go_on_after_cancel),
    ("I5", "a step begins after the cancellation", begin_after_cancel),
    ("I5", "a call after the end", call_after_cancel),
    ("I6", "a cursor goes back",
     lambda c: c.line("owners", "info", "0", epoch=2, consumed_offset=0, written_seq=9,
                      emitted_seq=0)),
    ("I6", "an epoch goes back",
     lambda c: c.line("owners", "info", "0", epoch=1, consumed_offset=99, written_seq=99,
                      emitted_seq=99)),
    ("I6", "written by who was no owner",
     lambda c: change(c.tables["partition_owners"][0], written_seq=5)),
    ("I6", "a commit under an epoch that is over",
     lambda c: c.line("commit", "ok", "0", epoch=1, sent=c.now - BEGUN)),
    ("I6", "a commit of a zombie that only a key stops",
     lambda c: c.line("commit", "info", "0", epoch=1, sent=c.now - BEGUN, is_refused=True)),
    ("I8", "a nap ends early",
     lambda c: change(log_of(c, "sleep", "nap", "WAITING"), wake_at=stamped(c.now + 9))),
    ("I8", "a nap is short by the receiver's clock",
     lambda c: change(shown(c, "sleep", "after"), mono=shown(c, "sleep", "before")["mono"])),
    ("I8", "a retry is early",
     lambda c: change(log_of(c, "sequence", "a", "RETRYING"), wake_at=stamped(c.now))),
    ("I8", "a tick before its time",
     lambda c: change(c.execution(of_flow(c, "tick")), created_at=stamped(1.0))),
    ("I9", "undone in the wrong order",
     lambda c: swap(log_of(c, "compensate", "flight!"), log_of(c, "compensate", "hotel!"),
                    "step_id")),
    ("I9", "not all undone", nothing_undone),
    ("I10", "an acknowledged record is lost", lose_ack),
    ("I10", "an acknowledged post is lost", lose_post),
    ("I12", "a process grows",
     lambda c: c.line("rss", "info", "executor-0", bytes=9_000_000_000)),
    ("I12", "files stay open",
     lambda c: c.line("open", "info", "executor-0", when="end", files=90, half_closed=0)),
    ("I12", "a connection is half closed",
     lambda c: c.line("open", "info", "executor-0", when="end", files=24, half_closed=1)),
    ("I12", "sessions stay", lambda c: c.line("sessions", "info", "end", count=200)),
    ("I12", "a timer is left", lambda c: c.tables["timers"].append({"execution_id": "x"})),
    ("I13", "nobody is told", lambda c: change(told(c), op="else")),
    ("I13", "a telling fails for good", lambda c: change(told(c), outcome="fail")),
    ("I13", "told of what never was", lambda c: c.told("another:1:failed")),
    ("I13", "told under two ids", lambda c: change(c.told(told(c)["data"]["record"]), id="msg_x")),
    ("I13", "told of two things under one id",
     lambda c: change(told(c, "branch"), id=told(c)["id"])),
    ("I13", "told in other words", lambda c: c.told(told(c)["data"]["record"], body="c")),
]  # fmt: skip
