"""Hostile expressions cost their own executions an error, and nobody else anything."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from services.api.dialects.altostrat.components import COMPONENTS
from services.cli.test.judge import Outcome, judge
from services.cli.test.suites import read_suite
from services.scheduler.app import scheduler
from services.scheduler.settings import SchedulerSettings
from services.webhooks.app import webhooks
from services.webhooks.settings import WebhooksSettings
from shared.assembly.platform import Platform
from shared.domain.errors import Invalid
from shared.expr.jsonata import ExpressionCache
from tests.contract.hostile_cases import SEED
from tests.contract.hostile_expressions import corpus, everywhere, hostile
from tests.contract.hostile_fields import AGAIN, BODIES, PLAIN, every, holding, listed
from tests.contract.hostile_served import Seen, logged, open_ground, still_works
from tests.contract.hostile_uses import EVENT, Sender
from tests.contract.hostile_words import altostrat_nodes
from tests.support.house import settings_of
from tests.support.memory import peak_bytes
from tests.support.processor import measured, own_garbage_only
from tests.support.rings import ring
from tests.support.works import Roles, until

EACH = 1
STALL_S_MAX = 0.25
LOOPBACK: dict[str, Any] = {"egress": {"allow_loopback": True}}
GROWTH_BYTES_MAX = 64 * 1024 * 1024
UNDER_WAY = "SELECT count(*) FROM executions WHERE status IN ('RUNNING', 'RETRYING')"
MARKER = "payload.marker"
HARMLESS = ("payload.a", "context.a", "0 6 * * *", "5 minutes", "2026-11-22T10:00:00Z", "UTC", "a")


@dataclass
class Stall:
    """The longest that the event loop of a process was kept from its other work."""

    cpu_s: float = 0.0


@asynccontextmanager
async def watched() -> AsyncIterator[Stall]:
    """Measured by its thread's time on the processor, whatever else the machine has to do."""
    stall = Stall()

    async def look() -> None:
        while True:
            before_s = time.thread_time()
            await asyncio.sleep(0.001)
            stall.cpu_s = max(stall.cpu_s, time.thread_time() - before_s)

    with own_garbage_only():
        async with asyncio.TaskGroup() as group:
            looking = group.create_task(look())
            yield stall
            looking.cancel()


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_hostile_expressions_stall_nothing(database: str) -> None:
    """At every place: no 5xx, no stall, no growth, and a good event runs afterwards."""

    def others(platform: Platform) -> Roles:
        given = settings_of(database, member="one", keyring=ring("k1"), **LOOPBACK)
        return (
            ("webhooks", webhooks(platform, WebhooksSettings(**given))),
            ("scheduler", scheduler(platform, SchedulerSettings(**given))),
        )

    seen, grown = Seen(), dict[str, int]()
    async with open_ground(database, others) as ground:
        sender = Sender(ground.asker)
        await sender.prepare()
        with logged(seen):
            async with watched() as stall:
                for sent in hostile(EACH, SEED):
                    before = peak_bytes()
                    await sender.send(sent)
                    grown[sent.title] = peak_bytes() - before
                await sender.publish("tick")
                await until(ground.works.pool, UNDER_WAY, 0, within_s=60)
            await still_works(ground)
        assert seen.wrong == {}
        assert sender.statuses[202] > EACH
        assert stall.cpu_s < STALL_S_MAX
        assert max(grown.values()) < GROWTH_BYTES_MAX


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


def test_the_corpus_is_whole() -> None:
    """There are the expressions of every kind of attack."""
    assert len(corpus()) >= 50


def test_every_field_that_may_hold_an_expression_is_attacked() -> None:
    """A field that is new is either sent here, or is said to hold none."""
    attacked = {
        place
        for sent in everywhere(MARKER, "a title")
        for place in holding(
            BODIES[sent.route].model_validate_json(orjson.dumps(sent.body)), MARKER
        )
    }
    plain, again = listed(PLAIN), listed(AGAIN)
    assert every() - attacked - again == plain
    assert not attacked & plain
    assert again < every()


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
        before = peak_bytes()
        outcome = outcome_at_once(path)
        refused += outcome is None
        judged += outcome is not None and outcome.failures == ()
        assert peak_bytes() - before < GROWTH_BYTES_MAX
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
