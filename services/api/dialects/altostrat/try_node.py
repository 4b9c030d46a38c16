"""Trying a node: what computes is computed, of what acts is said what it would do."""

from collections.abc import Collection, Generator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from services.api.resources import ApiResources
from services.api.workflows.registration import in_parts
from shared.domain.actions import Versions
from shared.domain.steps import DEFAULT_CASE, FALSE, TRUE, Step, StepKind
from shared.domain.workflows import Definition
from shared.expr.errors import ExpressionError
from shared.expr.liquid import TemplateCache
from shared.expr.reads import paths_of, paths_read
from shared.expr.resolve import Resolver
from shared.expr.secrets import SecretMarks
from shared.matching.check import parts_looked_over

_TEMPLATES_MAX: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What a node comes to, or with ``is_dry`` what it would work with; ``error``: why nothing."""

    output: Any = None
    is_dry: bool = False
    handle: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What there is in the environment: names of secrets, and actions.

    ``secrets`` None: the caller may not see which there are, and those that the node names are
    taken to be there.
    """

    secrets: Collection[str] | None
    actions: Versions


def try_node(
    resources: ApiResources, step: Step, context: Mapping[str, Any], known: Known
) -> Generator[None, None, Tried]:
    """The step with ``context`` as what it sees; of secrets the names are shown.

    What would keep it from running is its error. It yields between evaluations.
    """
    alone = Definition(name="node", steps=(step,))
    problems = yield from in_parts(parts_looked_over(alone, known.actions))
    if problems:
        return Tried(error=" ".join(problem.detail for problem in problems))
    secrets = set(_secrets_named(step)) if known.secrets is None else known.secrets
    return (yield from _tried(resources, step, context, secrets))


def _tried(
    resources: ApiResources, step: Step, context: Mapping[str, Any], secrets: Collection[str]
) -> Generator[None, None, Tried]:
    marks = SecretMarks(resources.new_token())
    resolver = Resolver(resources.expressions, TemplateCache(_TEMPLATES_MAX))
    scope = {**_SCOPE, "context": context, **context, "secrets": marks.scope(secrets)}
    now = resources.clock.now()

    def holds(source: str, given: Any) -> bool:
        return resolver.holds(source, scope, now=now, seed=0, bindings={"input": given})

    try:
        given = resolver.resolve(step.input, scope, now=now, seed=0)
        yield
        match step.kind:
            case StepKind.CONDITION:
                held = holds(step.condition or "false", given)
                return Tried(output={"result": held}, handle=TRUE if held else FALSE)
            case StepKind.SWITCH:
                for case in step.cases:
                    if holds(case.when, given):
                        return Tried(output={"case": case.handle}, handle=case.handle)
                    yield
                return Tried(output={"case": DEFAULT_CASE}, handle=DEFAULT_CASE)
            case StepKind.ITERATOR if step.iterator is not None:
                items = resolver.resolve(step.iterator.items, scope, now=now, seed=0)
                return Tried(output={"items": marks.shown(items)}, is_dry=True)
    except ExpressionError as error:
        return Tried(error=error.message)
    return Tried(output=marks.shown(given), is_dry=not _computes(step))


_SCOPE: Final[Mapping[str, Any]] = {
    **{name: {} for name in ("trigger", "payload", "webhook_payload", "steps", "workflow")},
    "execution": {},
}


def _secrets_named(step: Step) -> Iterator[str]:
    values = [step.input, *([] if step.iterator is None else [step.iterator.items])]
    conditions = [step.condition or "false", *(case.when for case in step.cases)]
    for paths in (*map(paths_of, values), *map(paths_read, conditions)):
        yield from (path[1] for path in paths if path[:1] == ("secrets",) and path[1:])


def _computes(step: Step) -> bool:
    return step.action == "transform" or step.kind in (StepKind.RESPOND, StepKind.TERMINATE)
