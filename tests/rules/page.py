"""docs/RULES.md, written from the cases: run this module to write it anew."""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Final, NamedTuple

from tests.rules.case import CASES, load, paths

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "docs" / "RULES.md"


class Topic(NamedTuple):
    """A section of the page: its folder, its title, and the case that is shown in full."""

    folder: str
    title: str
    shown: str


TOPICS: Final = (
    Topic("order", "The order of steps", "parallel_branches"),
    Topic("handles", "Ways out of a step, and conditions on edges", "error"),
    Topic("skipping", "Steps that are skipped", "death_stops_at_a_join"),
    Topic("data", "What expressions see, and what becomes of them", "jsonata"),
    Topic("iterators", "Iterators", "parallel"),
    Topic("subworkflows", "Sub-workflows", "waits"),
    Topic("retries", "Attempts", "backoff"),
    Topic("failure", "Steps that fail", "continue"),
    Topic("compensation", "Undoing", "own_input"),
    Topic("sleeping", "Sleeping", "duration"),
    Topic("approvals", "Approvals", "rejected_by_handle"),
    Topic("forms", "Forms", "filled_in"),
    Topic("events", "Waiting for another event", "match"),
    Topic("workers", "Remote workers", "tried_again"),
    Topic("annotations", "Annotations", "placed"),
    Topic("turns", "Running by turns", "free"),
    Topic("ending", "Results and ends", "respond"),
    Topic("control", "Cancelling, suspending, expiring", "suspend"),
    Topic("history", "Histories that are full", "one_above"),
    Topic("repeating", "Rerun, retry, resume", "retry"),
    Topic("statuses", "What an execution is called meanwhile", "retrying"),
)

_OPENING: Final = """\
# Rules

What a workflow does inside a run, rule by rule. Each rule links to its case: a small workflow, what
its calls give, what happens meanwhile, and the log that must come of it. The tests run every case
twice: through the pure core alone, and through real services with a real database, bus and
receiver. Time in cases is virtual; thirty days take no longer than a second.

The action `act` is a call that gives what `outcomes` says, `remote` a task for a remote worker; the
rest of how a case is written is said in [case.py](../tests/rules/case.py).
"""


def written() -> str:
    """The page as it should be."""
    return "\n".join([_OPENING, *_sections()])


def _sections() -> Iterator[str]:
    by_folder = {folder: list(found) for folder, found in groupby(paths(), lambda p: p.parent.name)}
    for topic in TOPICS:
        yield f"## {topic.title}\n"
        for path in by_folder[topic.folder]:
            rule = load(path).title.removesuffix(".")
            yield f"- [{rule}](../{path.relative_to(ROOT).as_posix()})"
        example = (CASES / topic.folder / f"{topic.shown}.yaml").read_text()
        yield f"\n```yaml\n{example}```\n"


if __name__ == "__main__":
    PAGE.write_text(written())
