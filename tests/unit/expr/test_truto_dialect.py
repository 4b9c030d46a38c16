"""Whose functions an expression has goes by the workflow that it stands in, whoever asks."""

import pytest

from shared.domain.actions import OURS
from shared.domain.values import Lang, Value
from shared.domain.workflows import Dialect
from shared.expr.jsonata import ExpressionCache
from shared.expr.liquid import TemplateCache
from shared.expr.resolve import Resolver
from shared.matching.check import definition_problems, parts_looked_over
from shared.matching.rules import decide
from shared.matching.view import EventView
from tests.unit.expr.support import NOW
from tests.unit.matching.build import event, workflow

ROUNDED = "$string(12345678901234567) = '12345678901234600'"
"""True with Truto's ``$string`` only."""


@pytest.mark.parametrize("dialect", list(Dialect))
def test_the_matcher_goes_by_the_workflows_dialect(dialect: Dialect) -> None:
    """One cache serves workflows of all dialects with the same text."""
    flow = workflow(dialect=dialect, run_if=ROUNDED)
    expressions = ExpressionCache(10)
    for _ in range(2):
        decision = decide(EventView(event()), flow, expressions)
        assert decision.is_match is (dialect is Dialect.TRUTO)


def test_a_resolver_goes_by_the_dialect_it_is_told() -> None:
    """Steps' inputs and conditions likewise."""
    resolver = Resolver(ExpressionCache(10), TemplateCache(10))
    value = Value(lang=Lang.JSONATA, src=ROUNDED)
    for dialect in (Dialect.TRUTO, Dialect.THENA):
        is_truto = dialect is Dialect.TRUTO
        assert resolver.resolve(value, {}, now=NOW, seed=1, dialect=dialect) is is_truto
        assert resolver.holds(ROUNDED, {}, now=NOW, seed=1, dialect=dialect) is is_truto


def test_a_workflow_that_cannot_be_decided_is_not_saved() -> None:
    """The problem stands at the condition; in Truto's words also for time and chance."""
    for source, dialects in (("$uuid() = a", list(Dialect)), ("$now() = a", [Dialect.TRUTO])):
        definition = workflow(run_if=source).definition
        for dialect in Dialect:
            for problems in (
                definition_problems(definition, OURS, dialect=dialect),
                [*filter(None, parts_looked_over(definition, OURS, dialect))],
            ):
                found = [(one.pointer, one.code) for one in problems]
                expected = [("/run_if", "NOT_FOR_CONDITIONS")] if dialect in dialects else []
                assert found == expected
