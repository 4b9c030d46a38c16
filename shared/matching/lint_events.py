"""What in a definition does not fit the types of events that are registered."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

from shared.domain.workflows import Definition, Dialect, TriggerKind
from shared.expr.reads import Path
from shared.expr.schema_paths import Absent, described, types_of
from shared.expr.schemas import Schema
from shared.matching.filters import compile_filter
from shared.matching.lint import Finding, Registered, Severity
from shared.matching.lint_reads import Reads
from shared.matching.nearest import nearest
from shared.matching.path_statistics import A, type_of
from shared.matching.rules import WILDCARD, is_named

OURS: Final = "workflow_execution:"
"""How the types of Turnout's own events begin, which nobody registers."""

HINTS_MAX: Final = 20
"""Of the names that are not there, for so many it is said which others are."""

_SHOWN_MAX: Final = 10


def event_findings(
    definition: Definition, dialect: Dialect, reads: Reads, registered: Registered
) -> Iterator[Finding | None]:
    """Everything found in a definition without problems; of payloads only in native words.

    None after each part that was looked at. ``reads`` is what the definition reads.
    """
    yield from _unknown_types(definition, registered)
    schemas = _payloads(definition, registered)
    if schemas and dialect is Dialect.NATIVE:
        yield from _unknown_fields(schemas, reads)
        yield from _mismatches(schemas, definition)


def _unknown_types(definition: Definition, registered: Registered) -> Iterator[Finding | None]:
    if not registered.payloads or not registered.has_all_types:
        return
    awaited = [
        (f"/triggers/{i}/event_name", t.event_name) for i, t in enumerate(definition.triggers)
    ] + [
        (f"/steps/{i}/wait/event_name", step.wait.event_name)
        for i, step in enumerate(definition.steps)
        if step.wait is not None
    ]
    hinted = 0
    for pointer, name in awaited:
        if name is None or name.startswith(OURS) or name == WILDCARD:
            continue
        if not any(is_named(known, name) for known in registered.payloads):
            near = nearest(name, registered.payloads) if hinted < HINTS_MAX else []
            hinted += 1
            hint = f"did you mean '{near[0]}'?" if near else "register it, or correct the name."
            yield Finding(
                severity=Severity.WARNING if near else Severity.INFO,
                pointer=pointer,
                code="UNKNOWN_EVENT_TYPE",
                detail=f"No type of events is registered as '{name}'; {hint}",
            )
        yield None


def _payloads(definition: Definition, registered: Registered) -> Sequence[Schema]:
    """The schemas of what may start the workflow; none where one of these has no schema."""
    names = definition.event_names
    if {trigger.kind for trigger in definition.triggers} != {TriggerKind.EVENT}:
        return ()
    if any(name.endswith(WILDCARD) or name not in registered.payloads for name in names):
        return ()
    schemas = [registered.payloads[name] for name in names]
    known = [schema for schema in schemas if isinstance(schema, dict)]
    return known if len(known) == len(schemas) else ()


def _below_payload(path: Path) -> Path | None:
    match path:
        case ("payload", *below) | ("event", "data", *below):
            return tuple(below)
        case _:
            return None


def _unknown_fields(schemas: Sequence[Schema], reads: Reads) -> Iterator[Finding | None]:
    """A finding for each path that no schema has."""
    hinted = 0
    for pointer, below in dict.fromkeys((at, _below_payload(path)) for at, path in reads):
        if below is None:
            continue
        found = [described(schema, below) for schema in schemas]
        absent = [one for one in found if isinstance(one, Absent)]
        if len(absent) == len(found):
            hint = f"; {_there(absent)}" if hinted < HINTS_MAX else "."
            hinted += 1
            detail = f"By its schema the payload has no '{'.'.join(absent[0].path)}'{hint}"
            yield _warning(pointer, "UNKNOWN_FIELD", detail)
        yield None


def _there(absent: Sequence[Absent]) -> str:
    """What the schemas have in the place of a name, in words."""
    known = sorted({name for one in absent for name in one.known})
    near = nearest(absent[0].path[-1], known)
    if near:
        return f"did you mean '{near[0]}'?"
    if known:
        return f"there are {', '.join(known[:_SHOWN_MAX])}."
    return "there is nothing below that."


def _mismatches(schemas: Sequence[Schema], definition: Definition) -> Iterator[Finding | None]:
    """Clauses of filters whose operand is of no type that the payload has there."""
    trees = [("/filters", definition.filters)]
    trees += [(f"/steps/{i}/filters", step.filters) for i, step in enumerate(definition.steps)]
    for pointer, tree in trees:
        for clause in compile_filter(tree, pointer).observed({}):
            yield None
            below = _below_payload(tuple((clause.path or "").split(".")))
            if below is None or clause.operator not in _COMPARING:
                continue
            parts = [described(schema, below) for schema in schemas]
            types = [types_of(part) for part in parts if isinstance(part, Mapping)]
            wanted = type_of(clause.wanted)
            if len(types) == len(parts) and not any(_may_be(wanted, one) for one in types):
                listed = " or ".join(sorted(frozenset[str]().union(*types)))
                detail = (
                    f"By its schema '{clause.path}' is of type {listed}; it is compared with"
                    f" {A[wanted]}, which it never is."
                )
                yield _warning(clause.pointer, "OTHER_TYPE", detail)


_COMPARING: Final = frozenset({"~eq", "~neq", "~gt", "~gte", "~lt", "~lte"})


def _may_be(wanted: str, types: Collection[str]) -> bool:
    """Whether a value of the type may stand there; what is absent is null."""
    is_number = wanted == "number" and "integer" in types
    return wanted == "null" or wanted in types or is_number or "any" in types


def _warning(pointer: str, code: str, detail: str) -> Finding:
    return Finding(severity=Severity.WARNING, pointer=pointer, code=code, detail=detail)
