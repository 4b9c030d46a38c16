"""What the judge has before it: the history and the dump, arranged by what is asked of them."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import orjson

from tests.chaos.epochs import Epochs, Takeover, epochs_of
from tests.chaos.history import Line, read
from tests.chaos.plan import Plan
from tests.chaos.troubles import Trouble, troubles_of

Row = dict[str, Any]

SETTLED: Final = frozenset({"COMPLETED", "FAILED", "SKIPPED", "CANCELLED"})
ENDS: Final = {"completed", "failed", "cancelled", "expired"}
TERMINAL: Final = frozenset(end.upper() for end in ENDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """A broken promise: which, whose, how, and what is known of the course of events."""

    invariant: str
    subject: str
    detail: str
    timeline: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class Report:
    """What the judge found. ``counts`` are figures of the run."""

    violations: list[Violation] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)


class Evidence:
    """A plan, a folder with ``history.jsonl``, and the dump in it."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self.plan = plan
        self.folder = folder
        self.lines = read(folder / "history.jsonl")
        self.executions: dict[str, Row] = {row["id"]: row for row in self.rows("executions")}

    def rows(self, table: str) -> list[Row]:
        """The lines of a file of the dump."""
        with (self.folder / f"{table}.jsonl").open("rb") as file:
            return [orjson.loads(line) for line in file]

    def of(self, op: str, outcome: str | None = None) -> Iterator[Line]:
        """The lines of the history on something."""
        return (x for x in self.lines if x.op == op and outcome in (None, x.outcome))

    @cached_property
    def logs(self) -> dict[str, list[Row]]:
        """Each execution's log by position."""
        found: defaultdict[str, list[Row]] = defaultdict(list)
        for row in self.rows("execution_log"):
            found[row["execution_id"]].append(row)
        for log in found.values():
            log.sort(key=lambda row: row["position"])
        return dict(found)

    @cached_property
    def topics(self) -> dict[str, list[Row]]:
        """The records by the topic's name without its prefix; each partition in its order."""
        found: defaultdict[str, list[Row]] = defaultdict(list)
        for record in self.rows("topics"):
            found[record["topic"].partition(".")[2]].append(record)
        return found

    @cached_property
    def calls(self) -> dict[str, list[Line]]:
        """The receiver's calls by idempotency key."""
        found: defaultdict[str, list[Line]] = defaultdict(list)
        for line in self.of("call"):
            found[line.id].append(line)
        return dict(found)

    @cached_property
    def definitions(self) -> dict[tuple[str, int], Row]:
        """The workflow versions as they were registered."""
        return {
            (row["workflow_id"], row["version"]): row["definition"]
            for row in self.rows("workflow_versions")
        }

    def definition(self, execution: Row) -> Row:
        """The version that an execution is pinned to."""
        place = (execution["workflow_id"], execution["workflow_version"])
        return self.definitions.get(place, {"steps": [], "edges": [], "name": "?"})

    @cached_property
    def events(self) -> dict[str, Row]:
        """The archived events' records by key."""
        return {row["key"]: row["record"] for row in self.rows("events")}

    @cached_property
    def attempts(self) -> dict[str, list[Line]]:
        """The attempts that executors began, by idempotency key."""
        found: defaultdict[str, list[Line]] = defaultdict(list)
        for line in self.of("attempt"):
            found[line.id].append(line)
        return dict(found)

    @cached_property
    def has_silent(self) -> bool:
        """Whether an executor did not tell of its attempts: one of an older release, beside us."""
        return bool(
            {x.process for x in self.of("commit")} - {x.process for x in self.of("attempt")}
        )

    @cached_property
    def epochs(self) -> defaultdict[str, Epochs]:
        """The owners that each partition was seen to have."""
        return epochs_of(self.lines)

    @cached_property
    def takeovers(self) -> list[Takeover]:
        """Each time that a partition got a new owner."""
        return [takeover for epochs in self.epochs.values() for takeover in epochs.takeovers]

    @cached_property
    def troubles(self) -> list[Trouble]:
        """Every fault that began, and every death."""
        return troubles_of(self.lines)

    def mono(self, at: float) -> float:
        """The monotonic second of a wall second, where wall clocks can be compared."""
        return at - self.lines[0].at + self.lines[0].mono

    def phase(self, name: str) -> float | None:
        """When a phase of the run began, in monotonic seconds."""
        return next((line.mono for line in self.of("phase") if line.id == name), None)

    @cached_property
    def has_true_clocks(self) -> bool:
        """Whether wall clocks can be compared: none was moved."""
        return self.has_true_time and not any(line.id == "move_clock" for line in self.of("fault"))

    @cached_property
    def has_true_time(self) -> bool:
        """Whether the time that all go by passed as it does elsewhere: nobody moved Postgres'."""
        return not any(line.id == "move_postgres_clock" for line in self.of("fault"))

    def timeline(self, execution: str) -> tuple[str, ...]:
        """All that is known of an execution, in order of time."""
        log = self.logs.get(execution, [])
        told = [(row["ended_at"], _written(row)) for row in log]
        seen = [
            (f"{stamped(line.at)}", f"{line.op} {line.outcome} {line.id} {line.data}")
            for line in self.lines
            if execution in line.id
        ]
        return tuple(f"{at} {text}" for at, text in sorted(told + seen))


def _written(row: Row) -> str:
    words = (row["position"], row["step_id"], row["attempt"], row["status"], row["handle"])
    return " ".join(str(word) for word in (*words, *row["phases"]) if word is not None)


def at_of(written: str) -> float:
    """A time that the database or a record gives, in wall seconds."""
    return datetime.fromisoformat(written).timestamp()


def stamped(at: float) -> str:
    """A wall second as the database writes it."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds")
