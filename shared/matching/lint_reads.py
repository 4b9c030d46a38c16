"""What each part of a definition without problems reads, and where it stands."""

from collections.abc import Iterable, Iterator

from shared.domain.values import Value
from shared.domain.workflows import Definition, Dialect
from shared.expr.reads import Path, paths_of, paths_read
from shared.matching.check import conditions_in, values_in
from shared.matching.filters import compile_filter

Reading = tuple[str, Path]
"""Where something is read (a JSON pointer), and the path that is."""


def readings(definition: Definition, dialect: Dialect, index: int) -> Iterator[Reading]:
    """What a step reads."""
    step, pointer = definition.steps[index], f"/steps/{index}"
    for place, source in conditions_in(step):
        yield from _of_condition(source, f"{pointer}/{place}", dialect)
    for place, value in values_in(step):
        yield from _of_value(value, f"{pointer}/{place}/src", dialect)
    yield from _of_filter(step.filters, f"{pointer}/filters", dialect)


def workflow_readings(definition: Definition, dialect: Dialect) -> Iterator[Reading]:
    """What the workflow itself reads, beside its steps."""
    yield from _of_condition(definition.run_if, "/run_if", dialect)
    yield from _of_filter(definition.filters, "/filters", dialect)
    for index, edge in enumerate(definition.edges):
        yield from _of_condition(edge.condition, f"/edges/{index}/condition", dialect)
    for index, annotation in enumerate(definition.annotations):
        for name, value in annotation.required_fields.items():
            yield from _of_value(value, f"/annotations/{index}/required_fields/{name}/src", dialect)
    if definition.result is not None:
        yield from _of_value(definition.result, "/result/src", dialect)
    if definition.policy.concurrency_key is not None:
        yield from _of_value(
            definition.policy.concurrency_key, "/policy/concurrency_key/src", dialect
        )


def steps_read(definition: Definition, dialect: Dialect) -> list[Path]:
    """Every path that anything in the definition reads."""
    found = [path for _, path in workflow_readings(definition, dialect)]
    for index in range(len(definition.steps)):
        found += [path for _, path in readings(definition, dialect, index)]
    return found


def reads_step(paths: Iterable[Path], step_id: str) -> bool:
    """Whether what a step put out may be among ``paths``, in whichever words."""
    return any(_may_be_of(path, step_id) for path in paths)


def _may_be_of(path: Path, step_id: str) -> bool:
    match path:
        case () | ("steps",) | ("rows", *_):
            return True
        case ("steps", first, *_):
            # Truto's steps are a list, whose fields are named at once.
            return first == step_id or first in _FIELDS
        case _:
            return path[0] == step_id


_FIELDS = frozenset({"id", "status", "output", "input", "error", "handle"})


def _of_condition(source: str | None, pointer: str, dialect: Dialect) -> Iterator[Reading]:
    if source is not None:
        for path in paths_read(source):
            yield pointer, _rooted(path, dialect)


def _of_value(value: Value, pointer: str, dialect: Dialect) -> Iterator[Reading]:
    for path in paths_of(value):
        yield pointer, _rooted(path, dialect)


def _of_filter(tree: object, pointer: str, dialect: Dialect) -> Iterator[Reading]:
    for clause in compile_filter(tree, pointer).observed({}):
        if clause.path is not None:
            yield clause.pointer, _rooted(tuple(clause.path.split(".")), dialect)


def _rooted(path: Path, dialect: Dialect) -> Path:
    """A path without the root that thena's words may write before it."""
    return path[1:] if dialect is Dialect.THENA and path[:1] == ("context",) else path
