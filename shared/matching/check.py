"""What keeps a definition from running."""

from collections.abc import Collection, Iterator
from itertools import islice

from shared.domain.errors import Invalid, Problem
from shared.domain.plans import graph_problems
from shared.domain.workflows import Definition, Lang, Step, Trigger, Value
from shared.expr.bounds import RUN_IF_BYTES_MAX, STEP_BYTES_MAX
from shared.expr.jsonata import compile_expression
from shared.expr.templates import check
from shared.matching.filters import compile_filter
from shared.matching.rules import WILDCARD

STEPS_MAX = 200
PROBLEMS_MAX = 1_000


def definition_problems(definition: Definition, actions: Collection[str]) -> list[Problem]:
    """Every fault of ``definition`` (the first ``PROBLEMS_MAX``), in the order of its fields.

    ``actions`` are the names that a step may call. Pointers lead into the canonical definition.
    A definition without triggers has no fault: it is started by hand.
    """
    return list(islice(_problems(definition, actions), PROBLEMS_MAX))


def _problems(definition: Definition, actions: Collection[str]) -> Iterator[Problem]:
    for index, trigger in enumerate(definition.triggers):
        yield from _trigger_problems(trigger, f"/triggers/{index}/event_name")
    yield from _filter_problems(definition)
    yield from _expression_problems(definition.run_if, "/run_if", RUN_IF_BYTES_MAX)
    if len(definition.steps) > STEPS_MAX:
        detail = f"{len(definition.steps)} steps; a workflow may have {STEPS_MAX}."
        yield Problem(pointer="/steps", code="TOO_MANY_STEPS", detail=detail)
    yield from graph_problems(definition.steps)
    for index, step in enumerate(definition.steps[:STEPS_MAX]):
        yield from _step_problems(step, f"/steps/{index}", actions)


def _trigger_problems(trigger: Trigger, pointer: str) -> Iterator[Problem]:
    if WILDCARD in trigger.event_name.removesuffix(WILDCARD):
        detail = f"A '{WILDCARD}' may stand only at the end, as in 'ticket:{WILDCARD}'."
        yield Problem(pointer=pointer, code="INVALID_EVENT_NAME", detail=detail)


def _filter_problems(definition: Definition) -> Iterator[Problem]:
    try:
        compile_filter(definition.filters)
    except Invalid as error:
        yield from error.problems


def _step_problems(step: Step, pointer: str, actions: Collection[str]) -> Iterator[Problem]:
    if step.action not in actions:
        known = ", ".join(sorted(actions))
        detail = f"There is no action '{step.action}'; there are {known}."
        yield Problem(pointer=f"{pointer}/action", code="UNKNOWN_ACTION", detail=detail)
    yield from _expression_problems(step.run_if, f"{pointer}/run_if", RUN_IF_BYTES_MAX)
    yield from _value_problems(step.input, f"{pointer}/input/src")


def _value_problems(value: Value, pointer: str) -> Iterator[Problem]:
    if value.lang is Lang.PLACEHOLDER:
        yield from check(value.src, pointer)
    elif value.lang is Lang.JSONATA and isinstance(value.src, str):
        yield from _expression_problems(value.src, pointer, STEP_BYTES_MAX)
    elif value.lang is Lang.JSONATA:
        detail = "A JSONata input is a text; give it one, or the lang 'literal'."
        yield Problem(pointer=pointer, code="INVALID_EXPRESSION", detail=detail)


def _expression_problems(source: str | None, pointer: str, bytes_max: int) -> Iterator[Problem]:
    try:
        if source is not None:
            compile_expression(source, pointer=pointer, bytes_max=bytes_max)
    except Invalid as error:
        yield from error.problems
