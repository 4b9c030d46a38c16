"""The judge: holds what is left of a run against what was promised.

It reads the history and the dump, and nothing of the product's inside.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from tests.chaos.evidence import SETTLED, Evidence, Report, Violation
from tests.chaos.judge_calls import judge_calls, repeated
from tests.chaos.judge_control import judge_control
from tests.chaos.judge_emission import judge_emission
from tests.chaos.judge_end import judge_end
from tests.chaos.judge_fence import judge_fence
from tests.chaos.judge_given import judge_given
from tests.chaos.judge_match import judge_match
from tests.chaos.judge_owners import judge_owners
from tests.chaos.judge_results import judge_results
from tests.chaos.judge_retries import judge_retries
from tests.chaos.judge_told import judge_told
from tests.chaos.plan import Plan

JUDGES: Final[tuple[Callable[[Evidence], Iterator[Violation]], ...]] = (
    judge_end,
    judge_match,
    judge_results,
    judge_emission,
    judge_calls,
    judge_given,
    judge_retries,
    judge_control,
    judge_fence,
    judge_owners,
    judge_told,
)


def check(plan: Plan, folder: Path) -> Report:
    """Everything that is wrong with a run whose history and dump are in ``folder``."""
    evidence = Evidence(plan, folder)
    violations = [violation for judge in JUDGES for violation in judge(evidence)]
    return Report(violations=violations, counts=_counts(evidence))


def _counts(evidence: Evidence) -> dict[str, int]:
    statuses = Counter(row["status"] for row in evidence.executions.values())
    faults = Counter(line.id for line in evidence.of("fault", "invoke"))
    points = Counter(x.id for x in evidence.of("fault", "ok") if x.id.startswith("point:"))
    published = [
        record["value"]
        for topic in ("step-results", "executions")
        for record in evidence.topics.get(topic, ())
    ]
    calls = sum(map(len, evidence.calls.values()))
    return {
        "events": len(evidence.events),
        "sends": sum(1 for _ in evidence.of("send", "ok")),
        "conflicts": len(evidence.rows("event_conflicts")),
        "executions": len(evidence.executions),
        **{f"executions {name.lower()}": n for name, n in sorted(statuses.items())},
        "results": sum(row["status"] in SETTLED for log in evidence.logs.values() for row in log),
        "published": len(published),
        "published again": len(published) - len(set(published)),
        "calls": calls,
        "duplicate calls": sum(repeated(evidence).values()),
        "held at once": max((int(x.data["count"]) for x in evidence.of("held")), default=0),
        "told": sum(1 for _ in evidence.of("told")),
        "cancellations": sum(1 for _ in evidence.of("cancel", "ok")),
        "decisions": sum(1 for _ in evidence.of("decide", "ok")),
        "zombie writes fenced": sum(x.outcome == "fail" for x in evidence.of("commit")),
        "takeovers": sum(row["epoch"] for row in evidence.rows("partition_owners")),
        "self-deaths": sum(1 for _ in evidence.of("death", "fail")),
        "faults": faults.total() + points.total(),
        **{f"fault {name}": n for name, n in sorted((faults + points).items())},
    }
