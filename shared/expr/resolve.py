"""The one place where a value or a condition, in any language, meets its scope."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, assert_never

from shared.domain.errors import Invalid, Problem
from shared.domain.values import Lang, Value
from shared.domain.workflows import Dialect
from shared.expr import templates, thena
from shared.expr.bounds import RUN_IF, RUN_IF_BYTES_MAX, STEP, STEP_BYTES_MAX, Bounds
from shared.expr.jsonata import (
    UNDEFINED,
    Document,
    Expression,
    ExpressionCache,
    Truth,
    compile_expression,
)
from shared.expr.secrets import SecretScope

if TYPE_CHECKING:
    from shared.expr.liquid import TemplateCache


class Resolver:
    """Resolves values and conditions, always within bounds.

    ``scope`` is what ``shared/expr/scope.py`` makes. Equal arguments give equal results: ``now`` is
    the instant that expressions and templates see, ``seed`` that of chance, ``bindings`` are
    JSONata's variables, by name without the ``$``; ``dialect`` says which functions it has;
    ``within_s`` shortens JSONata's time.
    """

    def __init__(self, expressions: ExpressionCache, templates: "TemplateCache") -> None:
        self._expressions = expressions
        self._templates = templates

    def resolve(
        self,
        value: Value,
        scope: Mapping[str, Any],
        *,
        now: datetime,
        seed: int,
        bindings: Mapping[str, Any] | None = None,
        dialect: Dialect = Dialect.NATIVE,
        within_s: float = STEP.timeout_s,
    ) -> Any:
        """The JSON value that ``value`` comes to; undefined is None. Raises ExpressionError."""
        match value.lang:
            case Lang.JSONATA:
                expression = self._expression(value.src, scope, STEP_BYTES_MAX, dialect)
                result = expression.evaluate(
                    Document.of(scope),
                    bounds=_within(STEP, within_s),
                    now=now,
                    seed=seed,
                    bindings=bindings,
                )
            case Lang.LITERAL:
                result = value.src
            case Lang.PLACEHOLDER:
                result = templates.render(value.src, scope)
            case Lang.THENA:
                result = thena.render(value.src, scope)
            case Lang.LIQUID:
                from shared.expr import liquid  # noqa: PLC0415 - slow to load, and not everywhere

                result = liquid.render(value.src, scope, self._templates, now=now)
            case _:
                assert_never(value.lang)
        return None if result is UNDEFINED else result

    def holds(
        self,
        source: str,
        scope: Mapping[str, Any],
        *,
        now: datetime,
        seed: int,
        bindings: Mapping[str, Any] | None = None,
        dialect: Dialect = Dialect.NATIVE,
        within_s: float = RUN_IF.timeout_s,
    ) -> bool:
        """Whether a condition (JSONata) is true; undefined is false. Raises ExpressionError."""
        verdict = self._expression(source, scope, RUN_IF_BYTES_MAX, dialect).test(
            Document.of(scope),
            bounds=_within(RUN_IF, within_s),
            now=now,
            seed=seed,
            bindings=bindings,
        )
        if verdict.error is not None:
            raise verdict.error
        return verdict.truth is Truth.TRUE

    def _expression(
        self, source: str, scope: Mapping[str, Any], bytes_max: int, dialect: Dialect
    ) -> Expression:
        if "secrets" not in source:
            return self._expressions.get(source, bytes_max=bytes_max, dialect=dialect)
        for holder in (scope, scope.get("context")):
            known = holder.get("secrets") if isinstance(holder, Mapping) else None
            if isinstance(known, SecretScope):
                known.refuse_unknown(source)
        return self._expressions.get(source, bytes_max=bytes_max, dialect=dialect)


def _within(bounds: Bounds, seconds: float) -> Bounds:
    return bounds if seconds >= bounds.timeout_s else replace(bounds, timeout_s=seconds)


def value_problems(value: Value, pointer: str) -> Iterator[Problem]:
    """What is wrong with ``value`` whatever its scope; its ``src`` stands at ``pointer``."""
    match value.lang:
        case Lang.LITERAL:
            return
        case Lang.PLACEHOLDER:
            yield from templates.check(value.src, pointer)
        case Lang.THENA:
            yield from thena.check(value.src, pointer)
        case Lang.LIQUID:
            from shared.expr import liquid  # noqa: PLC0415 - slow to load, and not everywhere

            yield from liquid.check(value.src, pointer)
        case Lang.JSONATA:
            yield from _expression_problems(value.src, pointer)
        case _:
            assert_never(value.lang)


def _expression_problems(source: Any, pointer: str) -> Iterator[Problem]:
    if not isinstance(source, str):
        detail = "A JSONata value is a text; give it one, or the lang 'literal'."
        yield Problem(pointer=pointer, code="INVALID_EXPRESSION", detail=detail)
        return
    try:
        compile_expression(source, pointer=pointer)
    except Invalid as error:
        yield from error.problems
