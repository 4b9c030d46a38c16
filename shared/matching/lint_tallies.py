"""How often a condition held, and what is odd about that."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from shared.domain.ids import EventKey
from shared.expr.jsonata import Truth
from shared.matching.lint import Finding, Severity
from shared.matching.view import EventView

EVENTS_MIN: Final = 10
"""Of fewer events nothing is said to be always or never so."""

_QUOTED_CHARS_MAX: Final = 80


@dataclass(slots=True)
class Tally:
    """What a condition came to, with the first event of each kind; ``text`` is what is quoted."""

    pointer: str
    text: str | None
    test: Callable[[EventView], Truth]
    counts: Counter[Truth] = field(default_factory=Counter)
    samples: dict[Truth, EventKey] = field(default_factory=dict)

    def add(self, view: EventView) -> None:
        """Ask it of an event."""
        truth = self.test(view)
        self.counts[truth] += 1
        self.samples.setdefault(truth, view.event.key)

    @property
    def count(self) -> int:
        """Of how many events it was asked."""
        return self.counts.total()


def tally_findings(tally: Tally, looked_at: str) -> Iterator[Finding]:
    """What is found; ``looked_at`` are the events that it was asked of, in words."""
    failed, held = tally.counts[Truth.ERROR], tally.counts[Truth.TRUE]
    told = _quoted(tally.text)
    if failed:
        detail = f"{told} failed on {failed:,} of {looked_at}."
        yield _finding(Severity.WARNING, tally, "CONDITION_FAILS", detail, Truth.ERROR)
    if tally.count < EVENTS_MIN or failed:
        return
    if not held:
        detail = f"{told} held for none of {looked_at}."
        yield _finding(Severity.WARNING, tally, "NEVER_HELD", detail, next(iter(tally.samples)))
    elif held == tally.count:
        detail = f"{told} held for each of {looked_at}."
        yield _finding(Severity.INFO, tally, "ALWAYS_HELD", detail, Truth.TRUE)


def _quoted(text: str | None) -> str:
    if text is None:
        return "It"
    return f"'{text[:_QUOTED_CHARS_MAX]}…'" if len(text) > _QUOTED_CHARS_MAX else f"'{text}'"


def _finding(severity: Severity, tally: Tally, code: str, detail: str, sample: Truth) -> Finding:
    return Finding(
        severity=severity,
        pointer=tally.pointer,
        code=code,
        detail=detail,
        event_key=tally.samples[sample],
    )
