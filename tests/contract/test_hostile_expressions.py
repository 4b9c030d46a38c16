"""Hostile expressions cost their own executions an error, and nobody else anything."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from services.api.dialects.altostrat.components import COMPONENTS
from services.cli.test.judge import Outcome, judge
from services.cli.test.suites import read_suite
from shared.domain.errors import Invalid
from shared.expr.jsonata import ExpressionCache
from tests.contract.hostile_cases import SEED
from tests.contract.hostile_costs import GROWTH_BYTES_MAX, STALL_S_MAX
from tests.contract.hostile_evaluated import evaluate
from tests.contract.hostile_expressions import combinations, corpus, drawn, everywhere
from tests.contract.hostile_fields import (
    AGAIN,
    BODIES,
    PLAIN,
    Place,
    every,
    holding,
    listed,
    within,
)
from tests.contract.hostile_served import open_ground
from tests.contract.hostile_uses import EVENT, Sender
from tests.contract.hostile_words import altostrat_nodes
from tests.support.memory import growing
from tests.support.processor import measured

EACH = 2
MARKER = "payload.marker"
HARMLESS = ("payload.a", "context.a", "0 6 * * *", "5 minutes", "2026-11-22T10:00:00Z", "UTC", "a")


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_hostile_expressions_stall_nothing(database: str) -> None:
    """At every place: no 5xx, no stall, no growth, and a good event runs afterwards.

    The same ones each time: ``python -m tests.contract.hostile_run --expressions`` sends all.
    """
    with noting(f"python -m tests.contract.hostile_run --expressions --each {EACH}"):
        evaluated = await evaluate(database, drawn(EACH, SEED))
        assert evaluated.seen.wrong == {}
        assert evaluated.too_much == {}
        assert evaluated.seen.statuses["expression", 202] > EACH


@contextmanager
def noting(command: str) -> Iterator[None]:
    """Whatever fails within says how it is had once more."""
    try:
        yield
    except BaseException as error:
        error.add_note(f"The same once more: {command}")
        raise


@pytest.mark.slow
async def test_every_place_takes_what_is_well_meant(database: str) -> None:
    """What is hostile is not kept out by something else that is wrong."""
    async with open_ground(database) as ground:
        sender = Sender(ground.asker)
        await sender.prepare()
        left = {sent.place for sent in everywhere(HARMLESS[0], "")}
        for number, source in enumerate(HARMLESS):
            for sent in everywhere(source, f"well meant {number}"):
                if sent.place in left and await sender.takes(sent):
                    left.remove(sent.place)
        assert left == set()


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_every_route_that_takes_an_expression_gets_one(database: str) -> None:
    """Also those that try, change, compare or explain what another route has taken."""
    asked: set[str] = set()

    def noted(method: str, path: str, body: Any) -> None:
        if MARKER in orjson.dumps(body).decode():
            asked.add(f"{method} {path.partition('?')[0]}")

    async with open_ground(database) as ground:
        sender = Sender(ground.asker, noted=noted)
        await sender.prepare()
        for sent in everywhere(MARKER, "a title"):
            await sender.send(sent)
    got = {route for route in BODIES if any(re.fullmatch(of(route), one) for one in asked)}
    holding_one = attacked() | listed(AGAIN)
    assert {route for route, model in BODIES.items() if within(model) & holding_one} <= got


def of(route: str) -> str:
    """What the requests of a route look like; a part of a path that is a word is no id."""
    return re.sub(r"\\{[^}]*\\}", "[^/]+", re.escape(route))


def test_the_corpus_is_whole() -> None:
    """There are the expressions of every kind of attack, and each is sent to every place."""
    assert len(corpus()) >= 50
    places = {sent.place for sent in everywhere(MARKER, "")}
    whole = {(place, name) for place in places for name in corpus()}
    assert whole <= {*combinations()}
    assert {place for place, _ in drawn(1, 0)} == places


def test_every_field_that_may_hold_an_expression_is_attacked() -> None:
    """A field that is new is either sent here, or is said to hold none."""
    again, plain = listed(AGAIN), listed(PLAIN)
    assert every() - attacked() - again == plain
    assert not attacked() & plain
    assert again < every()


def attacked() -> set[Place]:
    """The fields that get hostile texts at first hand."""
    return {
        place
        for sent in everywhere(MARKER, "a title")
        for place in holding(
            BODIES[sent.route].model_validate_json(orjson.dumps(sent.body)), MARKER
        )
    }


def test_every_component_is_attacked() -> None:
    """Of Altostrat's nodes, whose fields no model has: what each component is made of."""
    attacked = {name.replace("_", "") for name in altostrat_nodes(MARKER)}
    # The kind of a condition may stand on either side of the word.
    attacked |= {f"condition{name.removesuffix('condition')}" for name in attacked}
    made = {COMPONENTS[name] for name in attacked if name in COMPONENTS}
    assert made == {*COMPONENTS.values()}


@pytest.mark.parametrize("place", ["run_if", "filters: path", "filters: regex"])
def test_tests_of_hostile_workflows_end(place: str, tmp_path: Path) -> None:
    """``turnout test`` refuses what cannot be read, and is through with the rest at once."""
    path = tmp_path / "test.json"
    event, judged, refused = {"event": "w", "payload": dict(EVENT)}, 0, 0
    for source in corpus().values():
        flow = next(sent.body for sent in everywhere(source, "w") if sent.place == place)
        path.write_bytes(orjson.dumps({"workflows": [flow], "event": event, "not": {"w": None}}))
        with growing() as growth:
            outcome = outcome_at_once(path)
        refused += outcome is None
        judged += outcome is not None and outcome.failures == ()
        assert growth.grown_bytes < GROWTH_BYTES_MAX
    assert judged
    assert refused


def outcome_at_once(path: Path) -> Outcome | None:
    """What the one test of a file comes to, decided once and explained once; None: refused."""
    # Evaluated to decide, to explain, for what to quote, and part by part.
    below_s = 4 * STALL_S_MAX
    outcome, took_s = measured(lambda: outcome_of(path), below_s=below_s)
    assert took_s < below_s
    return outcome


def outcome_of(path: Path) -> Outcome | None:
    """The same, however long it takes."""
    try:
        suite = read_suite(path, [], datetime.now(UTC))
        [outcome] = judge(suite, ExpressionCache(10), time.monotonic)
    except Invalid:
        return None
    return outcome
