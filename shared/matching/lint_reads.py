"""What each part of a definition without problems reads, and where it stands."""

from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from shared.domain.values import Value
from shared.domain.workflows import Definition, Dialect
from shared.expr.reads import Path, paths_of, paths_read
from shared.matching.check import conditions_in, values_in
from shared.matching.filters import compile_filter

Reading = tuple[str, Path]
"""Where something is read (a JSON pointer), and the path that is."""


@dataclass(frozen=True, slots=True)
class Reads:
    """What the workflow itself reads, beside its steps, and each step in their order."""

    workflow: Sequence[Reading]
    steps: Sequence[Sequence[Reading]]

    def __iter__(self) -> Iterator[Reading]:
        """All of it."""
        return chain(self.workflow, *self.steps)


def reads_of(definition: Definition, dialect: Dialect) -> Generator[None, None, Reads]:
    """What a definition reads; it yields after each part that was looked at."""
    steps = [_of_step(definition, dialect, index) for index in range(len(definition.steps))]
    kept: list[list[Reading]] = []
    for found in (_of_workflow(definition, dialect), *steps):
        kept.append([])
        for reading in found:
            kept[-1].append(reading)
            yield
    return Reads(kept[0], kept[1:])


def _of_step(definition: Definition, dialect: Dialect, index: int) -> Iterator[Reading]:
    step, pointer = definition.steps[index], f"/steps/{index}"
    for place, source in conditions_in(step):
        yield from _of_condition(source, f"{pointer}/{place}", dialect)
    for place, value in values_in(step):
        yield from _of_value(value, f"{pointer}/{place}/src", dialect)
    yield from _of_filter(step.filters, f"{pointer}/filters", dialect)


def _of_workflow(definition: Definition, dialect: Dialect) -> Iterator[Reading]:
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
        for path in sorted(paths_read(source)):
            yield pointer, _rooted(path, dialect)


def _of_value(value: Value, pointer: str, dialect: Dialect) -> Iterator[Reading]:
    for path in sorted(paths_of(value)):
        yield pointer, _rooted(path, dialect)


def _of_filter(tree: object, pointer: str, dialect: Dialect) -> Iterator[Reading]:
    for clause in compile_filter(tree, pointer).observed({}):
        if clause.path is not None:
            yield clause.pointer, _rooted(tuple(clause.path.split(".")), dialect)


def _rooted(path: Path, dialect: Dialect) -> Path:
    """A path without the root that thena's words may write before it."""
    return path[1:] if dialect is Dialect.THENA and path[:1] == ("context",) else path
