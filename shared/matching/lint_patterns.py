"""Patterns in conditions that may take long on a text made for it.

JSONata's patterns backtrack: a repetition of what repeats, or of ways that overlap, is tried in all
its combinations. An evaluation that takes too long fails, and its workflow is not started.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from shared.domain.workflows import Definition
from shared.expr.comparisons import patterns_in
from shared.matching.check import conditions_in
from shared.matching.lint import Finding, Severity

_CLASS: Final = re.compile(r"\\.|\[(?:\\.|[^\]\\])*\]")
_NESTED: Final = re.compile(r"\([^()]*[*+}][^()]*\)(?:[*+]|\{\d+,)")
_CHOICE: Final = re.compile(r"\((?:\?:)?([^()]*\|[^()]*)\)(?:[*+]|\{\d+,)")
_ROW: Final = re.compile(r"(.)[*+](?:\1[*+]){2}|(?:\.[*+].*){3}")


def pattern_findings(definition: Definition) -> Iterator[Finding | None]:
    """A finding for each condition with such a pattern; None after each that was looked at."""
    places = [("/run_if", definition.run_if)]
    for index, step in enumerate(definition.steps):
        places += [(f"/steps/{index}/{place}", source) for place, source in conditions_in(step)]
    places += [(f"/edges/{i}/condition", edge.condition) for i, edge in enumerate(definition.edges)]
    for pointer, source in places:
        risky = [one for one in patterns_in(source) if is_risky(one)] if source else []
        if risky:
            detail = (
                f"/{risky[0]}/ may take very long on some texts, and then fails: it repeats what"
                " repeats. Write it without that, or use a filter's ~regex, which cannot."
            )
            yield Finding(
                severity=Severity.WARNING, pointer=pointer, code="SLOW_PATTERN", detail=detail
            )
        yield None


def is_risky(pattern: str) -> bool:
    """Whether a pattern repeats a group that repeats, or chooses between ways that begin alike.

    Or has many repetitions in a row. Classes and escaped characters count as any character.
    """
    plain = _CLASS.sub(".", pattern)
    choices = [found[1].split("|") for found in _CHOICE.finditer(plain)]
    return (
        _NESTED.search(plain) is not None
        or _ROW.search(plain) is not None
        or any(_begin_alike(ways) for ways in choices)
    )


def _begin_alike(ways: Sequence[str]) -> bool:
    first = [way[:1] for way in ways]
    return "." in first or len({*first}) < len(first)
