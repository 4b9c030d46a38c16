"""What was done to whom, when, and for how long it may explain what is seen.

Times are monotonic seconds of the machine, which no fault moves. What stands in none of the sets
explains nothing: a server that is slow, a lock, a receiver.
"""

from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from tests.chaos.history import Line

REJOIN_S: Final = 10.0
"""Until partitions have their owners again: a member that is gone is missed for a session of 5 s;
the others hear of it by their heartbeat, 1 s, let go within their drain, 2 s, and claim.
"""

RESTART_S: Final = 10.0 + REJOIN_S
"""A role that broke off pauses for 10 s at most before it begins anew (``PAUSE_MAX_S``)."""

STALL_S: Final = 7.0
"""So long the actor stalls; the fault itself is over when it was told to."""

AT_ONE: Final = frozenset({"make_zombie", "freeze", "stall"})
"""What is done to one process: an executor, or the one whose seat is named."""

AT_ALL: Final = frozenset({"kill_all", "roll", "storm", "add_partitions", "move_clock"})
AT_SERVERS: Final = frozenset(
    {
        "restart_postgres", "kill_backend", "lose_commit_answers", "cut_answers_short",
        "swallow_postgres", "swallow_postgres_for_long", "hold_connections", "end_sessions",
        "restart_kafka", "freeze_kafka", "lose_produce_answers", "swallow_kafka",
        "refuse_everything", "migrate_schema", "fill_disk", "fill_kafka_disk",
        "move_postgres_clock",
    }
)  # fmt: skip
HARMLESS: Final = frozenset(
    {
        "slow_everything", "hold_locks", "long_transaction", "freeze_scheduler", "lose_names",
        "overwhelm_receiver",
    }
)  # fmt: skip
"""By these alone no executor loses a partition: slow is not gone."""

KILLS: Final = frozenset({"kill_process", "kill_executor"})
"""Looked at as deaths, which tell whose they were."""

_NEVER_BEGAN: Final = "in the way of another"
_NOBODY: Final = "LookupError"


class Trouble(NamedTuple):
    """A fault or a death; ``role`` is None where it was done to more than one process."""

    name: str
    role: str | None
    since: float
    until: float

    def touches(self, role: str) -> bool:
        """Whether a role's processes had to do with it."""
        return self.role in (None, role)


def troubles_of(lines: Sequence[Line]) -> list[Trouble]:
    """Every fault that began, and every death, in no order."""
    return [*_faults(lines), *_deaths(lines)]


def moves_partitions(trouble: Trouble, since: float, until: float) -> bool:
    """Whether it explains that a partition got another owner between two times."""
    if trouble.name == "death" or trouble.name in AT_ONE:
        after_s = REJOIN_S
    elif trouble.name in AT_ALL | AT_SERVERS:
        after_s = RESTART_S
    else:
        return False
    is_near = trouble.since <= until and since <= trouble.until + after_s
    return is_near and trouble.touches("executor")


def keeps_in_the_dark(trouble: Trouble, since: float, until: float) -> bool:
    """Whether a matcher may not have heard, between two times, what had changed by then."""
    is_meant = trouble.name in AT_ONE | AT_SERVERS | {"kill_all"}
    is_near = trouble.since <= until and since <= trouble.until
    return is_meant and is_near and trouble.touches("matcher")


def _faults(lines: Sequence[Line]) -> Iterator[Trouble]:
    begun: defaultdict[str, deque[Line]] = defaultdict(deque)
    for line in lines:
        if line.op != "fault":
            continue
        if line.outcome == "invoke":
            begun[line.id].append(line)
        elif begun[line.id] and (reason := str(line.data.get("reason"))) != _NEVER_BEGAN:
            since = begun[line.id].popleft().mono
            until = line.mono + (STALL_S if line.id == "stall" else 0.0)
            if not reason.startswith(_NOBODY):
                yield Trouble(line.id, _role(line), since, until)
    for name, left in begun.items():
        for line in left:
            yield Trouble(name, _role(line), line.mono, lines[-1].mono)


def _deaths(lines: Sequence[Line]) -> Iterator[Trouble]:
    """Each lasts until its seat's next process is heard of, which owns partitions then."""
    heard: defaultdict[str, list[float]] = defaultdict(list)
    for line in lines:
        if line.op == "commit":
            heard[line.process].append(line.mono)
    for line in lines:
        if line.op == "death":
            until = next((at for at in heard[line.id] if at > line.mono), lines[-1].mono)
            yield Trouble("death", line.id.rpartition("-")[0], line.mono, until)


def _role(done: Line) -> str | None:
    """Whose process it was; what did not come to its end names none."""
    if done.id == "make_zombie":
        return "executor"
    seat = done.data.get("seat")
    return None if seat is None else str(seat).rpartition("-")[0]
