"""What the walk finds, and how much it has looked at."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

FINDINGS_MAX: Final = 10_000


class Stage(StrEnum):
    """The stations of the way, in its order."""

    SOURCES = "sources"
    ARCHIVE = "archive"
    DECISIONS = "decisions"
    EXECUTIONS = "executions"
    LOG = "log"
    PUBLISHED = "published"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it must be, or, among the repeats, there more than once."""

    stage: Stage
    code: str
    id: str
    detail: str


@dataclass(slots=True, kw_only=True)
class Counts:
    """How much of a stage was looked at.

    ``in_flight``: the cursors say that it is still on its way. ``not_checked``: it is no longer
    kept, or cannot be told any more.
    """

    checked: int = 0
    in_flight: int = 0
    repeats: int = 0
    not_checked: int = 0


@dataclass(slots=True)
class Report:
    """Counts a stage, and findings, each once; of both lists at most ``FINDINGS_MAX`` are kept."""

    stages: dict[Stage, Counts] = field(default_factory=lambda: {s: Counts() for s in Stage})
    notes: list[str] = field(default_factory=list)
    findings: dict[tuple[str, str], Finding] = field(default_factory=dict)
    repeats: list[Finding] = field(default_factory=list)
    left_out: int = 0

    @property
    def is_clean(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    def find(self, stage: Stage, code: str, id_: object, detail: str) -> None:
        """Note what is wrong with the thing of an id."""
        key = (code, str(id_))
        if key in self.findings:
            return
        if len(self.findings) >= FINDINGS_MAX:
            self.left_out += 1
        else:
            self.findings[key] = Finding(stage, code, str(id_), detail)

    def repeat(self, stage: Stage, id_: object, detail: str) -> None:
        """Note what is there more than once, as it may be."""
        self.stages[stage].repeats += 1
        if len(self.repeats) < FINDINGS_MAX:
            self.repeats.append(Finding(stage, "repeated", str(id_), detail))

    def document(self, from_at: datetime, to_at: datetime) -> dict[str, Any]:
        """All of it as JSON."""
        return {
            "from": from_at,
            "to": to_at,
            "is_clean": self.is_clean,
            "stages": {stage.value: counts for stage, counts in self.stages.items()},
            "findings": list(self.findings.values()),
            "findings_left_out": self.left_out,
            "repeats": self.repeats,
            "notes": self.notes,
        }
