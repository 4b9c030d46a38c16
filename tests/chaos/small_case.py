"""A run made by hand: small, sound, and easy to spoil. The judge must find nothing in it."""

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from tests.chaos.dump import TABLES, write_lines
from tests.chaos.evidence import ENDS, Row, stamped
from tests.chaos.identity import ENVIRONMENT, key_of, started_by
from tests.chaos.plan import Plan, make_plan
from tests.chaos.workflows import workflow_id

BEGUN = 1_800_000_000.0
GROUPS = {
    "events": "trigger-ingest",
    "triggers": "matcher",
    "step-results": "webhooks",
    "executions": "webhooks",
}


@dataclass
class Case:
    """Tables, records and lines of history; ``now`` moves on with all that is written.

    ``unread`` are the records that a topic's readers have not come to.
    """

    plan: Plan = field(default_factory=lambda: make_plan(1, 1))
    now: float = BEGUN
    tables: dict[str, list[Row]] = field(default_factory=lambda: {name: [] for name in TABLES})
    records: list[Row] = field(default_factory=list)
    lines: list[Row] = field(default_factory=list)
    calls: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    unread: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))

    def passes(self, seconds: float = 0.01) -> str:
        """Time passes; gives the new one."""
        self.now += seconds
        return stamped(self.now)

    def line(self, op: str, outcome: str, id_: str, **data: Any) -> Row:
        """A line of history."""
        self.passes()
        line = {"at": self.now, "mono": self.now - BEGUN, "process": "test", "op": op}
        self.lines.append({**line, "outcome": outcome, "id": id_, "data": data})
        return self.lines[-1]

    def record(self, topic: str, value: Any, **headers: str) -> Row:
        """A record at the end of a topic, of which each has one partition."""
        offset = sum(r["topic"] == f"turnout.{topic}" for r in self.records)
        row = {"topic": f"turnout.{topic}", "partition": 0, "offset": offset, "at": self.now}
        row |= {"key": None, "headers": headers, "value": orjson.dumps(value).decode()}
        self.records.append(row)
        return row

    def event(self, kind: str, id_: str, payload: Any, *, via: str = "kafka") -> Row:
        """An event, sent, acknowledged and archived; gives its record."""
        sent = {"id": id_, "source": "shop", "event": kind, "payload": payload}
        key = key_of("shop", id_)
        record = {
            "specversion": "1.0",
            "id": id_,
            "source": "shop",
            "type": kind,
            "time": stamped(self.now),
            "environmentid": ENVIRONMENT,
            "turnoutkey": key,
            "receivedat": stamped(self.now),
            "data": payload,
        }
        place = self.record("events", record if via == "http" else sent)
        about = {"partition": 0, "offset": place["offset"]} if via == "kafka" else {}
        self.line("send", "ok", f"shop/{id_}", via=via, form="plain", is_other=False, **about)
        row = {"key": key, "environment_id": ENVIRONMENT, "type": kind, "record": record}
        self.tables["events"].append({**row, "received_at": stamped(self.now)})
        self.record("triggers", record)
        return record

    def start(self, key: str, record: Row, id_: str | None = None, **more: Any) -> str:
        """An execution of a workflow by an event's record."""
        workflow = str(workflow_id(key))
        id_ = id_ or started_by(workflow, record["turnoutkey"])
        command = self.record("commands", {"type": "turnout.command.start", "subject": id_})
        self.tables["executions"].append(
            {
                "id": id_,
                "partition": 0,
                "command_offset": command["offset"],
                "workflow_id": workflow,
                "workflow_version": 1,
                "event_key": record["turnoutkey"],
                "created_at": self.passes(),
                "updated_at": stamped(self.now),
                "status": "RUNNING",
                "finished_at": None,
                "lineage": None,
                **more,
            }
        )
        self.entry(id_, None, None, phases=["created", "started"], given=record)
        return id_

    def entry(
        self, id_: str, step: str | None, status: str | None, given: Any = None, **more: Any
    ) -> Row:
        """A log entry, with its records; one with an ending phase ends the execution."""
        log = self.tables["execution_log"]
        position = 1 + sum(row["execution_id"] == id_ for row in log)
        row: Row = {"partition": 0, "seq": len(log) + 1, "execution_id": id_, "phases": []}
        row |= {"position": position, "step_id": step, "status": status, "input": given}
        row |= {"attempt": None if step is None else 1, "output": None, "error": None}
        row |= {"handle": None, "wake_at": None, "ended_at": self.passes()}
        row |= {"started_at": None if step is None else stamped(self.now - 0.005), **more}
        log.append(row)
        self._publish(row)
        for phase in row["phases"]:
            if phase in ENDS:
                execution = self.execution(id_)
                execution |= {"status": phase.upper(), "finished_at": row["ended_at"]}
        return row

    def execution(self, id_: str) -> Row:
        """The row of an execution."""
        return next(row for row in self.tables["executions"] if row["id"] == id_)

    def _publish(self, row: Row) -> None:
        id_ = f"{row['execution_id']}:{row['position']}"
        common = {"subject": row["execution_id"]}
        data: Row = {"sequence": row["position"]}
        if row["step_id"]:
            step, _, rest = row["step_id"].removesuffix("!").partition("[")
            told = {name: row[name] for name in ("attempt", "status", "output", "handle")}
            item = int(rest[:-1]) if rest else None
            told |= {"step_id": step, "item": item, "compensates": row["step_id"][-1] == "!"}
            self.record("step-results", {**common, "id": id_, "data": {**data, **told}})
        for phase in row["phases"]:
            told = {**data, "phase": phase}
            self.record("executions", {**common, "id": f"{id_}:{phase}", "data": told})
            if phase in ENDS:
                self.told(f"{id_}:{phase}")

    def told(self, record: str, **more: Any) -> Row:
        """A subscriber is told of a record."""
        return self.line("told", "ok", f"msg_{record}", **{"record": record, "body": "b", **more})

    def call(
        self, id_: str, step: str, kind: str = "ok", given: str | None = None, **more: Any
    ) -> Row:
        """A call, with what it hands on, and its entry: COMPLETED, or as ``more`` says."""
        key = f"{id_}:{step}"
        self.calls[key] += 1
        number = self.calls[key]
        about = {"n": number, "path": "/steady", "kind": kind, "body": "b", "given": given}
        about["status"] = 200 if kind == "ok" else 500
        self.begin(key, number)
        outcome = "ok" if kind == "ok" else "fail"
        self.line("call", outcome, key, execution=id_, step=step, **about)
        output = {"status": 200, "body": {"call": number, "key": key}} if kind == "ok" else None
        status = more.pop("status", "COMPLETED")
        return self.entry(id_, step, status, **{"output": output, "attempt": number, **more})

    def begin(self, key: str, number: int, epoch: int = 1) -> Row:
        """An executor begins an attempt."""
        return self.line("attempt", "invoke", key, partition=0, epoch=epoch, number=number)

    def fault(self, name: str, **more: Any) -> None:
        """A fault that is over at once."""
        self.line("fault", "invoke", name)
        self.line("fault", "ok", name, **more)

    def owned(self, epoch: int) -> None:
        """The partition is seen to have an owner, who has come as far as can be."""
        self.line(
            "owners", "info", "0", epoch=epoch, consumed_offset=99, written_seq=99, emitted_seq=99
        )

    def write(self, folder: Path) -> None:
        """As ``dump`` and the history would have it."""
        for name, rows in self.tables.items():
            write_lines(folder / f"{name}.jsonl", rows)
        write_lines(folder / "topics.jsonl", self.records)
        write_lines(folder / "history.jsonl", self.lines)
        write_lines(folder / "offsets.jsonl", self._offsets())

    def _offsets(self) -> list[Row]:
        ends: dict[str, int] = {}
        for record in self.records:
            ends[record["topic"]] = record["offset"] + 1
        found: list[Row] = [
            {"topic": topic, "partition": 0, "end": end, "group": None}
            for topic, end in ends.items()
        ]
        for name, group in GROUPS.items():
            place = {"topic": f"turnout.{name}", "partition": 0, "group": f"turnout.{group}"}
            found.append({**place, "at": ends.get(f"turnout.{name}", 0) - self.unread[name]})
        return found
