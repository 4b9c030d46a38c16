"""The order in which a workflow's steps run, and what keeps a graph of steps from running."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter

from shared.domain.errors import Problem
from shared.domain.ids import WorkflowId
from shared.domain.workflows import Dialect, Step, Workflow


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A workflow version made ready to run; ``steps`` are in the order they run."""

    workflow_id: WorkflowId
    version: int
    name: str
    dialect: Dialect
    steps: tuple[Step, ...]

    @cached_property
    def by_id(self) -> Mapping[str, Step]:
        """The steps by their ids."""
        return {step.id: step for step in self.steps}


def plan(workflow: Workflow) -> Plan:
    """The plan of a workflow without ``graph_problems``."""
    return Plan(
        workflow_id=WorkflowId(workflow.id),
        version=workflow.version,
        name=workflow.definition.name,
        dialect=workflow.dialect,
        steps=_in_order(workflow.definition.steps),
    )


def graph_problems(steps: Sequence[Step]) -> Iterator[Problem]:
    """Every fault of the graph: ids given twice, unknown dependencies, a cycle."""
    ids: set[str] = set()
    for index, step in enumerate(steps):
        if step.id in ids:
            yield Problem(
                pointer=f"/steps/{index}/id",
                code="DUPLICATE_STEP",
                detail=f"Step id '{step.id}' is taken by an earlier step; give each its own.",
            )
        ids.add(step.id)
    for index, step in enumerate(steps):
        for place, dependency in enumerate(step.depends_on):
            if dependency not in ids:
                yield Problem(
                    pointer=f"/steps/{index}/depends_on/{place}",
                    code="UNKNOWN_DEPENDENCY",
                    detail=f"There is no step '{dependency}'; name a step of this workflow.",
                )
    yield from _cycle_problems(steps)


def _cycle_problems(steps: Sequence[Step]) -> Iterator[Problem]:
    sorter = TopologicalSorter({step.id: step.depends_on for step in steps})
    try:
        sorter.prepare()
    except CycleError as error:
        cycle: list[str] = error.args[1]
        # graphlib names the cycle from dependency to dependant; its first step also ends it.
        members = set(cycle)
        index = next(i for i, step in enumerate(steps) if step.id in members)
        shown = " → ".join([*cycle[:5], "…", cycle[-1]] if len(cycle) > 6 else cycle)  # noqa: PLR2004
        yield Problem(
            pointer=f"/steps/{index}/depends_on",
            code="CYCLE",
            detail=f"Steps wait for each other ({len(cycle) - 1} of them: {shown}); "
            "remove one dependency of the cycle.",
        )


def _in_order(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """As written, but each step after those it depends on."""
    by_id = {step.id: step for step in steps}
    ordered: dict[str, Step] = {}
    for first in steps:
        path = [first.id]
        while path:
            waiting = [d for d in by_id[path[-1]].depends_on if d not in ordered]
            if waiting:
                path.append(waiting[0])
            else:
                step = by_id[path.pop()]
                ordered[step.id] = step
    return tuple(ordered.values())
