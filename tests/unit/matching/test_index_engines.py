"""What a workflow comes to by itself, which the index is held to, is what another engine says.

Each condition, and each filter in the words of JSONata, is asked of jsonata-python as well, with
many events. ``ENGINE_PORTIONS=40 pytest --timeout 0`` of this file asks ten times as many.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from json import dumps
from typing import Any, NamedTuple, TypeAlias

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from shared.domain.workflows import Dialect
from shared.matching.decisions import Reason
from shared.matching.rules import Rule, judge
from shared.matching.view import EventView
from tests.unit.matching.build import event, workflow
from tests.unit.matching.drawn import FILTERS, PAYLOADS, PLAIN, RUN_IFS
from tests.unit.matching.filter_words import in_jsonata
from tests.unit.matching.found import rules_of
from tests.unit.matching.other_engine import OtherEngine

USUAL = 4
PORTIONS = int(os.environ.get("ENGINE_PORTIONS", USUAL))
CONDITIONS_MIN = 200_000 // USUAL
FILTERS_MIN = 40_000 // USUAL
"""Of the pairs in a portion, those that both engines have an answer to."""
MATCHED_MIN = 0.03
EXCUSED_MAX = 0.08

FALSE, ERROR, MATCHED = Reason.RUN_IF_FALSE, Reason.RUN_IF_ERROR, Reason.MATCHED
BEYOND = str(10**400)

# Not the same portion twice, but each the same at any time: what is found new is found on purpose.
# The pair that is told is small enough as it is: nothing is shrunk.
TRIED = settings(
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)

Told: TypeAlias = tuple[str, Rule, OtherEngine]
"""Something as it is written, and both engines."""


class Pair(NamedTuple):
    """A condition as it is written, an event's payload as JSON, and what engines make of them."""

    source: str
    payload: str
    ours: Reason
    theirs: Reason

    def has(self, *words: str) -> bool:
        """Whether one of these stands in either."""
        return any(word in self.source or word in self.payload for word in words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A difference: how it comes about, what it explains, and an example."""

    why: str
    explains: Callable[[Pair], bool]
    example: tuple[Any, Any]
    says: tuple[Reason, Reason]


OF_CONDITIONS = (
    Known(
        why="an escape is a whole character to it, and so half of one stays a half",
        explains=lambda pair: "\\ud83d" in pair.source,
        example=("payload.'\\ud83d\\ude00' = 1", {"😀": 1}),
        says=(MATCHED, FALSE),
    ),
    Known(
        why="a vertical tab is part of a name to it",
        explains=lambda pair: "\v" in pair.source,
        example=("payload.a\v = 1", {"a": 1}),
        says=(MATCHED, FALSE),
    ),
    Known(
        why="it has whole numbers beyond all doubles, with which jlens reads no event",
        explains=lambda pair: pair.ours is ERROR and pair.has(BEYOND),
        example=("$exists(payload.a)", {"a": int(BEYOND)}),
        says=(ERROR, MATCHED),
    ),
    Known(
        why="null is nothing to it as an argument, where jlens and the reference fail",
        explains=lambda pair: pair.ours is ERROR and "$" in pair.source and pair.has("null"),
        example=("$contains(payload.a, 'a')", {"a": None}),
        says=(ERROR, Reason.RUN_IF_UNDEFINED),
    ),
    Known(
        why="it does not ask the predicate of what is missing, and so does not fail in it",
        explains=lambda pair: pair.ours is ERROR and "[" in pair.source,
        example=("$exists(payload.a[$ = -'a'])", {}),
        says=(ERROR, FALSE),
    ),
    Known(
        why="true is 1 to its 'in', and false 0",
        explains=lambda pair: " in " in pair.source and pair.has("true", "false"),
        example=("payload.a in [0, 1]", {"a": True}),
        says=(FALSE, MATCHED),
    ),
    Known(
        why="it compares whole numbers beyond 2^53 exactly",
        explains=lambda pair: pair.has(str(2**53 + 1)),
        example=("payload.a < payload.b", {"a": 2**53, "b": 2**53 + 1}),
        says=(FALSE, MATCHED),
    ),
    Known(
        why="it orders texts by characters, jlens and the reference by their halves in UTF-16",
        explains=lambda pair: any(sign in pair.source for sign in "<>") and pair.has("😀"),
        example=("'😀' < payload.a", {"a": "\ufffd"}),
        says=(MATCHED, FALSE),
    ),
)
OF_FILTERS = (
    Known(
        why="it fails on whole numbers beyond all doubles",
        explains=lambda pair: pair.theirs is ERROR and pair.has(BEYOND),
        example=({"payload.a": int(BEYOND)}, {"a": int(BEYOND)}),
        says=(MATCHED, ERROR),
    ),
    Known(
        why="it rounds whole numbers beyond 2^53, which a filter compares exactly",
        explains=lambda pair: pair.has(str(2**53 + 1)),
        example=({"payload.a": 2**53}, {"a": 2**53 + 1}),
        says=(FALSE, MATCHED),
    ),
)


@dataclass(slots=True)
class Tally:
    """How many pairs came to what in both engines, and how many differed by what is known."""

    known: tuple[Known, ...]
    same: Counter[Reason] = field(default_factory=Counter)
    excused: Counter[str] = field(default_factory=Counter)

    def take(self, pair: Pair) -> None:
        """A difference is one that is known."""
        if pair.ours is pair.theirs:
            self.same[pair.ours] += 1
            return
        why = next((known.why for known in self.known if known.explains(pair)), None)
        assert why is not None, str(pair)
        self.excused[why] += 1

    def assert_enough(self, least: int) -> None:
        """Where both failed nothing was compared; what is excused is rare, and matches are not."""
        compared = self.same.total() - self.same[ERROR]
        assert compared >= least, self
        assert self.same[MATCHED] >= MATCHED_MIN * compared, self
        assert self.excused.total() <= EXCUSED_MAX * compared, self


def many(drawn: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    """So many that one example is about 500 pairs."""
    return st.lists(drawn, min_size=20, max_size=25)


def asked(view: EventView, rule: Rule, other: OtherEngine) -> tuple[Reason, Reason]:
    """What both say; ours is asked again where they differ, as a condition has its time limit."""
    theirs = other.reason(view.scope(Dialect.NATIVE))
    for _ in range(3):
        ours = judge(view, rule).reason
        ours = FALSE if ours is Reason.FILTER_FALSE else ours
        if ours is theirs:
            break
    return ours, theirs


def of_condition(source: str) -> Told:
    """A ``run_if`` for both."""
    [rule] = rules_of([workflow(run_if=source)])
    return source, rule, OtherEngine(source)


def of_filter(tree: Any) -> Told:
    """A filter for both."""
    [rule] = rules_of([workflow(filters=tree)])
    return dumps(tree, ensure_ascii=False), rule, OtherEngine(*in_jsonata(tree))


def pairs(told: Iterable[Told], payloads: list[Any]) -> Iterable[Pair]:
    """Each condition with each event."""
    views = [
        (dumps(payload, ensure_ascii=False), EventView(event(payload))) for payload in payloads
    ]
    for source, rule, other in told:
        for payload, view in views:
            yield Pair(source, payload, *asked(view, rule, other))


@pytest.mark.parametrize("portion", range(PORTIONS))
def test_conditions_come_to_the_same_in_another_engine(portion: int) -> None:
    """True, false, nothing or a failure, but for what is known."""
    tally = Tally(OF_CONDITIONS)

    @seed(portion)
    @settings(TRIED, max_examples=140)
    @given(sources=many(RUN_IFS), payloads=many(PAYLOADS))
    def compare(sources: list[str], payloads: list[Any]) -> None:
        for pair in pairs(map(of_condition, sources), payloads):
            tally.take(pair)

    compare()
    tally.assert_enough(CONDITIONS_MIN)


@pytest.mark.parametrize("portion", range(PORTIONS))
def test_filters_hold_of_the_same_in_the_words_of_another_engine(portion: int) -> None:
    """A filter, and what FILTERS.md makes of it in JSONata, let the same through."""
    tally = Tally(OF_FILTERS)

    @seed(portion)
    @settings(TRIED, max_examples=23)
    @given(filters=many(FILTERS | PLAIN), payloads=many(PAYLOADS))
    def compare(filters: list[Any], payloads: list[Any]) -> None:
        for pair in pairs(map(of_filter, filters), payloads):
            tally.take(pair)

    compare()
    tally.assert_enough(FILTERS_MIN)


@pytest.mark.parametrize("known", [*OF_CONDITIONS, *OF_FILTERS], ids=lambda known: known.why)
def test_what_is_excused_is_still_different(known: Known) -> None:
    """Nothing is excused for a reason that is gone."""
    source, payload = known.example
    told = of_filter(source) if isinstance(source, dict) else of_condition(source)
    [pair] = pairs([told], [payload])
    assert (pair.ours, pair.theirs) == known.says
    assert known.explains(pair)
