"""What is odd about what a condition asks of a path, given what events have had there."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from shared.domain.ids import EventKey
from shared.expr.reads import Path
from shared.matching.lint import Finding, Severity
from shared.matching.path_statistics import A, Sighting, type_of

_EQUALITIES: Final = frozenset({"=", "!=", "~eq", "~neq", "~in", "~nin"})
_ORDERS: Final = frozenset({"<", "<=", ">", ">=", "~gt", "~gte", "~lt", "~lte"})
_NEGATIVES: Final = frozenset({"~neq", "~nin", "~ncontains", "~nstarts", "~nends", "~nregex"})
_LISTS: Final = frozenset({"~in", "~nin"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A path, where it is read, and what it is compared with: operators and operands.

    ``meant`` is a path that resembles it, where it has led nowhere, with what was seen there;
    ``list_at`` the beginning of a filter's path that leads to a list, which it does not look
    through. ``looked_at`` are the events, in words.
    """

    pointer: str
    path: Path
    seen: Sighting
    meant: tuple[Path, Sighting] | None
    list_at: Path | None
    asked: Sequence[tuple[str, Any]]
    looked_at: str

    @property
    def name(self) -> str:
        """The path as it is written."""
        return ".".join(self.path)


def path_findings(question: Question) -> Iterator[Finding]:
    """What is found, with events for examples."""
    if not question.seen.present:
        yield from _unseen(question)
        return
    for operator, wanted in question.asked:
        yield from _at_absence(question, operator, wanted)
        if operator in _EQUALITIES | _ORDERS:
            yield from _of_types(question, operator, wanted)


def _unseen(question: Question) -> Iterator[Finding]:
    seen, hint = question.seen, ""
    if question.list_at is not None:
        hint = (
            f" '{'.'.join(question.list_at)}' is a list, which no filter looks through. Name an"
            " item of it, or write a run_if."
        )
    elif question.meant is not None:
        meant, of_meant = question.meant
        hint = f" Did you mean '{'.'.join(meant)}', which {of_meant.share} of them have?"
    detail = f"None of {question.looked_at} has '{question.name}'.{hint}"
    if not any(operator == "~isnull" for operator, _ in question.asked):
        yield _warning(question, "UNSEEN_PATH", detail, seen.absent)


def _at_absence(question: Question, operator: str, wanted: Any) -> Iterator[Finding]:
    """Comparisons that mean to say that something is not so, where there is nothing to compare."""
    seen = question.seen
    if not seen.missing:
        return
    absent = f"'{question.name}' is absent from {seen.missing:,} of {question.looked_at}"
    if operator == "!=":
        detail = f"{absent}; for these '!=' is false. If they count, write $not(… = …) instead."
        yield _warning(question, "UNEQUAL_TO_NOTHING", detail, seen.absent)
    elif operator in _NEGATIVES and wanted is not None and not _has_null(wanted):
        detail = f"{absent}; for these {operator} holds."
        yield Finding(
            severity=Severity.INFO,
            pointer=question.pointer,
            code="HOLDS_FOR_NOTHING",
            detail=detail,
            event_key=seen.absent,
        )


def _of_types(question: Question, operator: str, wanted: Any) -> Iterator[Finding]:
    """Operands of a type that was never there, and scalars compared with lists."""
    seen = question.seen
    kinds = {type_of(one) for one in (wanted if operator in _LISTS else [wanted])}
    lists = seen.types["array"]
    if lists and not kinds & {"array", "object"}:
        way = "~contains" if operator.startswith("~") else "'… in path'"
        detail = (
            f"'{question.name}' is a list in {lists:,} of {question.looked_at};"
            f" {operator} does not look into it. Use {way}."
        )
        yield _warning(question, "COMPARED_WITH_LIST", detail, seen.samples["array"])
    elif kinds and "null" not in kinds and not kinds & seen.types.keys():
        usual, _ = seen.types.most_common(1)[0]
        there = " or ".join(A[kind] for kind in sorted(seen.types))
        asked = " or ".join(A[kind] for kind in sorted(kinds))
        never = "never equal" if operator in _EQUALITIES else "never answered"
        detail = (
            f"'{question.name}' is {there} in each of the {seen.present:,} events that have it,"
            f" and is compared with {asked}: {never}."
        )
        yield _warning(question, "OTHER_TYPE_SEEN", detail, seen.samples[usual])


def _has_null(wanted: Any) -> bool:
    return isinstance(wanted, list) and None in wanted


def _warning(question: Question, code: str, detail: str, event_key: EventKey | None) -> Finding:
    return Finding(
        severity=Severity.WARNING,
        pointer=question.pointer,
        code=code,
        detail=detail,
        event_key=event_key,
    )
