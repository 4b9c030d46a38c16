"""What keeps a definition from running."""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from itertools import chain, islice
from typing import Any, Final
from uuid import UUID

import orjson

from shared.domain.actions import Versions
from shared.domain.blocks import step_problems
from shared.domain.errors import Invalid, Problem
from shared.domain.graph import graph_problems
from shared.domain.ids import WorkflowId
from shared.domain.steps import Step
from shared.domain.values import Value
from shared.domain.workflows import Annotation, Definition, Dialect, Policy
from shared.expr.resolve import value_problems
from shared.expr.schemas import Schema, check_new
from shared.matching.conditions import condition_problems
from shared.matching.filters import compile_filter
from shared.matching.times import instant_problems, schedule_problems
from shared.matching.triggers import trigger_problems

STEPS_MAX: Final = 200
DEFINITION_BYTES_MAX: Final = 262_144
DEPTH_MAX: Final = 64
PROBLEMS_MAX: Final = 1_000

_ACTIONS_SHOWN_MAX: Final = 20
_ACTIONS_COMPARED_MAX: Final = 200
_PATH: Final = re.compile(r"[A-Za-z_][\w-]*(\.[A-Za-z_][\w-]*)*", re.ASCII)


def definition_problems(
    definition: Definition,
    actions: Versions,
    *,
    workflow_id: WorkflowId | None = None,
    dialect: Dialect = Dialect.NATIVE,
) -> list[Problem]:
    """Every fault of ``definition`` (the first ``PROBLEMS_MAX``).

    ``actions`` are those that a step may call; ``workflow_id`` is that of the workflow, which
    must not call itself. Pointers lead into the canonical definition. A definition without
    triggers has no fault: it is started by hand.
    """
    found = looked_over(definition, actions, workflow_id=workflow_id, dialect=dialect)
    return list(islice(filter(None, found), PROBLEMS_MAX))


def looked_over(
    definition: Definition,
    actions: Versions,
    *,
    workflow_id: WorkflowId | None = None,
    dialect: Dialect = Dialect.NATIVE,
) -> Iterator[Problem | None]:
    """As ``definition_problems``, one by one; None after each part that was looked at."""
    return chain(
        _extent_problems(definition),
        graph_problems(definition),
        self_call_problems(definition, workflow_id),
        _content_problems(definition, actions, dialect),
    )


def parts_looked_over(
    definition: Definition, actions: Versions, dialect: Dialect = Dialect.NATIVE
) -> Iterator[Problem | None]:
    """The faults that each part has by itself, however the steps are joined.

    One by one; None after each part that was looked at.
    """
    return chain(
        *(step_problems(step, f"/steps/{i}") for i, step in enumerate(definition.steps)),
        _content_problems(definition, actions, dialect),
    )


def subworkflow_ids(definition: Definition) -> frozenset[UUID]:
    """The workflows that its steps call."""
    return frozenset(called for _, called in calls_of(definition))


def calls_of(definition: Definition) -> Iterator[tuple[str, UUID]]:
    """The workflows that its steps call, each with the place that names it."""
    for index, step in enumerate(definition.steps):
        if step.subworkflow is not None:
            yield f"/steps/{index}/subworkflow/workflow_id", step.subworkflow.workflow_id
        if step.iterator is not None and step.iterator.body.subworkflow is not None:
            pointer = f"/steps/{index}/iterator/body/subworkflow/workflow_id"
            yield pointer, step.iterator.body.subworkflow.workflow_id


def _extent_problems(definition: Definition) -> Iterator[Problem]:
    if len(definition.steps) > STEPS_MAX:
        detail = f"{len(definition.steps)} steps; a workflow may have {STEPS_MAX}."
        yield Problem(pointer="/steps", code="TOO_MANY_STEPS", detail=detail)
    raw = definition.model_dump_json(exclude_defaults=True).encode()
    if len(raw) > DEFINITION_BYTES_MAX:
        detail = f"The definition has more than {DEFINITION_BYTES_MAX} bytes of JSON; split it."
        yield Problem(pointer="", code="DEFINITION_TOO_LARGE", detail=detail)
    if _is_deeper(orjson.loads(raw), DEPTH_MAX):
        detail = f"The definition is deeper than {DEPTH_MAX} levels; make it flatter."
        yield Problem(pointer="", code="DEFINITION_TOO_DEEP", detail=detail)


def _is_deeper(document: Any, depth_max: int) -> bool:
    level = [document]
    for _ in range(depth_max):
        nodes = (node.values() if isinstance(node, dict) else node for node in level)
        level = [child for node in nodes for child in node if isinstance(child, dict | list)]
    return bool(level)


def self_call_problems(definition: Definition, workflow_id: WorkflowId | None) -> Iterator[Problem]:
    """Where a workflow calls itself."""
    for pointer, called in calls_of(definition):
        if called == workflow_id:
            detail = "The workflow calls itself; call another one, or repeat with an iterator."
            yield Problem(pointer=pointer, code="SUBWORKFLOW_CYCLE", detail=detail)


def _content_problems(
    definition: Definition, actions: Versions, dialect: Dialect
) -> Iterator[Problem | None]:
    yield from trigger_problems(definition)
    yield from _filter_problems(definition.filters, "/filters")
    yield from condition_problems(definition.run_if, "/run_if", dialect)
    for index, annotation in enumerate(definition.annotations):
        yield from _annotation_problems(annotation, f"/annotations/{index}")
        yield None
    for index, step in enumerate(definition.steps[:STEPS_MAX]):
        yield from _step_problems(step, f"/steps/{index}", actions)
        yield None
    for index, edge in enumerate(definition.edges):
        yield from condition_problems(edge.condition, f"/edges/{index}/condition")
        yield None
    if definition.result is not None:
        yield from value_problems(definition.result, "/result/src")
    yield from _schema_problems(definition.input_schema, "/input_schema")
    yield from _policy_problems(definition.policy)


def _filter_problems(tree: Any, pointer: str) -> Iterator[Problem]:
    try:
        compile_filter(tree, pointer)
    except Invalid as error:
        yield from error.problems


def _schema_problems(schema: Schema | None, pointer: str) -> Iterator[Problem]:
    try:
        if schema is not None:
            check_new(schema, pointer)
    except Invalid as error:
        yield from error.problems


def _annotation_problems(annotation: Annotation, pointer: str) -> Iterator[Problem]:
    for name, value in annotation.required_fields.items():
        key = name.replace("~", "~0").replace("/", "~1")
        yield from value_problems(value, f"{pointer}/required_fields/{key}/src")
    places = [(f"relations/{i}", path) for i, path in enumerate(annotation.relations)]
    for place, path in (*places, ("target_path", annotation.target_path)):
        if not _PATH.fullmatch(path):
            detail = "A path is names with dots between them, such as 'account.owner'."
            yield Problem(pointer=f"{pointer}/{place}", code="INVALID_PATH", detail=detail)


def _step_problems(step: Step, pointer: str, actions: Versions) -> Iterator[Problem]:
    for place, action, version in _calls_in(step):
        if action not in actions:
            yield _unknown_action(action, f"{pointer}{place}/action", actions)
        elif version is not None and version > (actions[action] or 0):
            yield _unknown_version(action, actions[action], f"{pointer}{place}/action_version")
    yield from _filter_problems(step.filters, f"{pointer}/filters")
    for place, condition in conditions_in(step):
        yield from condition_problems(condition, f"{pointer}/{place}")
    for place, value in values_in(step):
        yield from value_problems(value, f"{pointer}/{place}/src")
    if step.sleep is not None and step.sleep.until is not None:
        yield from instant_problems(step.sleep.until, f"{pointer}/sleep/until")
    if step.schedule is not None:
        yield from schedule_problems(step.schedule, f"{pointer}/schedule")
    if step.form is not None:
        yield from _schema_problems(step.form.json_schema, f"{pointer}/form/schema")


def _calls_in(step: Step) -> Iterator[tuple[str, str, int | None]]:
    """The places that call an action, which one, and in which version."""
    if step.action is not None:
        yield "", step.action, step.action_version
    if step.iterator is not None and (body := step.iterator.body).action is not None:
        yield "/iterator/body", body.action, body.action_version
    if (undo := step.compensation) is not None:
        yield "/compensation", undo.action, undo.action_version


def conditions_in(step: Step) -> Iterator[tuple[str, str | None]]:
    """The conditions of a step, each with its place in it."""
    yield "run_if", step.run_if
    yield "condition", step.condition
    for index, case in enumerate(step.cases):
        yield f"cases/{index}/when", case.when
    if step.wait is not None:
        yield "wait/match", step.wait.match
    if step.iterator is not None:
        yield "iterator/body/run_if", step.iterator.body.run_if


def values_in(step: Step) -> Iterator[tuple[str, Value]]:
    """The values of a step, each with its place in it."""
    yield "input", step.input
    if step.iterator is not None:
        yield "iterator/items", step.iterator.items
        yield "iterator/body/input", step.iterator.body.input
    if step.compensation is not None and step.compensation.input is not None:
        yield "compensation/input", step.compensation.input


def _unknown_action(action: str, pointer: str, actions: Versions) -> Problem:
    near = get_close_matches(action, islice(actions, _ACTIONS_COMPARED_MAX), n=3)
    known = ", ".join(near or sorted(actions)[:_ACTIONS_SHOWN_MAX])
    said = f"did you mean {known}?" if near else f"there are {known}."
    detail = f"There is no action '{action}'; {said}"
    return Problem(pointer=pointer, code="UNKNOWN_ACTION", detail=detail)


def _unknown_version(action: str, latest: int | None, pointer: str) -> Problem:
    detail = f"The action '{action}' is built in and has no versions; leave this out."
    if latest is not None:
        detail = f"The newest version of '{action}' is {latest}; name one from 1 to {latest}."
    return Problem(pointer=pointer, code="UNKNOWN_VERSION", detail=detail)


def _policy_problems(policy: Policy) -> Iterator[Problem]:
    least, most = policy.expiry_min_s, policy.expiry_max_s
    if least is not None and most is not None and least > most:
        detail = f"expiry_min_s ({least}) is more than expiry_max_s ({most}); swap them."
        yield Problem(pointer="/policy/expiry_min_s", code="INVALID_POLICY", detail=detail)
    if policy.concurrency_key is not None:
        yield from value_problems(policy.concurrency_key, "/policy/concurrency_key/src")
    elif policy.concurrency_max > 1:
        detail = "It counts executions of the same 'concurrency_key'; say what that is."
        yield Problem(pointer="/policy/concurrency_max", code="INVALID_POLICY", detail=detail)
