"""Live updates: everything once and in order, whatever becomes of the connection."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from services.api.http.payloads import HIDDEN
from shared.bus.beside import beside
from shared.domain.principals import Scope
from tests.integration.api.asking import OPERATOR, Asker
from tests.integration.api.listening import Ear, Told, logged, open_all, told
from tests.support.eventually import eventually
from tests.support.kafka import KAFKA_MARKS, own_topics
from tests.support.served import open_api
from tests.support.works import all_ended, caught_up, open_works, start, transform, workflow

FLOW = workflow(
    transform("one", "payload"), transform("two", "steps.one"), transform("three", "'done'")
)
FAILING = transform("fail", "$error(payload.word)")
CANARY = "canary-0815"
WITHIN_S = 30


def by_line(changes: Iterable[Told], *, steps: bool) -> dict[str, list[Told]]:
    """Changes of each execution, in order: of phases, or of steps."""
    found: dict[str, list[Told]] = defaultdict(list)
    for change in changes:
        if (":" in change.what) == steps:
            found[change.execution_id].append(change)
    return found


def check_heard(heard: list[Told], logs: list[Told]) -> None:
    """Everything in the logs was heard once, and of each execution in order."""
    assert len(heard) == len(set(heard))
    assert set(heard) == set(logs)
    for steps in (True, False):  # topics of their own, with no order between them
        assert by_line(heard, steps=steps) == by_line(logs, steps=steps)


async def keep_hearing(ear: Ear) -> None:
    """Listen over connections that break now and then."""
    chance = Random(4)
    while True:
        await ear.hear(chance.randint(1, 40))


def changes(ear: Ear) -> list[Told]:
    """What somebody has heard of executions."""
    return [told(event) for event in ear.heard if event.name in ("execution", "step")]


@asynccontextmanager
async def hearing(ear: Ear) -> AsyncIterator[None]:
    """Somebody who listens meanwhile, again and again, and from before it began."""
    async with ear.listening() as events:
        await anext(events)  # from here on
    async with beside(keep_hearing(ear)):
        yield


@pytest.fixture(params=["local", pytest.param("kafka", marks=KAFKA_MARKS)])
def bus_settings(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Settings of processes on either bus."""
    if request.param == "local":
        return {}
    return own_topics(request.getfixturevalue("kafka"), partitions=3)


@pytest.mark.parametrize("recent", [10_000, 7], ids=["ring", "history"])
async def test_each_change_is_heard_once_across_lost_connections(
    database: str, bus_settings: dict[str, Any], recent: int
) -> None:
    """As the logs have it, whether what was missed is still held or has to be read again."""
    live: dict[str, Any] = {"recent_records_max": recent, "recent_s": 0}
    async with open_all(database, more=bus_settings, **live) as (works, client):
        flow, ear = await works.register(FLOW), Ear(client, "/v1/live")
        # Somebody else keeps the ring from beginning anew each time.
        async with Ear(client, "/v1/live").listening(), hearing(ear):
            for n in range(4):
                await start(works, flow, 10, {"n": n})
                await all_ended(works.pool, 10 * (n + 1))
            logs = await logged(works.pool)
            await eventually(lambda: len(changes(ear)) >= len(logs), within_s=WITHIN_S)
        assert {event.name for event in ear.heard} - {"close"} == {"execution", "step"}
        check_heard(changes(ear), logs)


async def test_an_api_that_starts_anew_goes_on_where_the_last_one_was(database: str) -> None:
    """What happened while there was none is told by the next one: by what it holds at once."""
    async with open_works(database) as works:
        flow = await works.register(FLOW)
        async with open_api(works) as client:
            ear = Ear(client, "/v1/live")
            async with ear.listening() as events:
                await anext(events)
                await start(works, flow, 3)
                while len(changes(ear)) < 5:
                    await anext(events)
        await all_ended(works.pool, 3)
        await start(works, flow, 3)
        await all_ended(works.pool, 6)
        logs = await logged(works.pool)
        async with open_api(works) as client:
            later = Ear(client, "/v1/live")
            later.last_id = ear.last_id
            await later.hear(len(logs) - len(changes(ear)))
        check_heard(changes(ear) + changes(later), logs)


@pytest.mark.parametrize("live", [{}, {"missed_records_max": 5}], ids=["trimmed", "too much"])
async def test_who_comes_back_too_late_is_told_so(database: str, live: dict[str, Any]) -> None:
    """Where something that was missed is gone, or is too much, it goes on from now."""
    async with open_all(database, recent_s=0, **live) as (works, client):
        flow, ear = await works.register(FLOW), Ear(client, "/v1/live")
        async with ear.listening() as events:
            await anext(events)
        await start(works, flow, 3)
        await all_ended(works.pool, 3)
        await caught_up(works)
        if not live:
            await works.platform.trim(datetime.now(UTC) + timedelta(minutes=1))
        async with ear.listening() as events:
            await anext(events)
            [id_] = await start(works, flow)
            async for _ in events:
                if ear.heard[-1].name == "execution" and changes(ear)[-1].what == "completed":
                    break
        assert [event.name for event in ear.heard].index("reset") == 0
        assert {change.execution_id for change in changes(ear)} == {str(id_)}


async def test_what_is_listened_to_can_be_chosen(database: str) -> None:
    """By workflow, by execution, and by kind."""
    async with open_all(database) as (works, client):
        flows = [await works.register(FLOW) for _ in range(2)]
        ears = [
            Ear(client, f"/v1/live?workflow_id={flows[0].id}&kinds=executions"),
            Ear(client, f"/v1/live?workflow_id={flows[1].id}&kinds=steps"),
        ]
        async with hearing(ears[0]), hearing(ears[1]):
            for flow in flows:
                await start(works, flow, 2)
            await all_ended(works.pool, 4)
            await eventually(lambda: [len(ear.heard) for ear in ears] == [6, 6])
        assert {change.what for change in changes(ears[0])} == {"created", "started", "completed"}
        assert {change.what.split(":")[0] for change in changes(ears[1])} == {"one", "two", "three"}
        heard = [{change.execution_id for change in changes(ear)} for ear in ears]
        assert heard[0].isdisjoint(heard[1])


async def test_environments_hear_of_their_own_and_payloads_are_hidden(database: str) -> None:
    """Nobody hears of another environment, nor what the scope is missing for."""
    async with open_all(database, OPERATOR, heartbeat_s=0.05) as (works, client):
        operator = Asker(client, OPERATOR)
        theirs = await operator.new_environment("theirs")
        keys = [
            await operator.key(scopes, environment)
            for scopes in ([Scope.READ], [Scope.READ, Scope.PAYLOADS])
            for environment in (None, theirs)
        ]
        ears = [Ear(client, "/v1/live", key.secret) for key in keys]
        flow = await works.register(workflow(transform("say", "payload.word"), FAILING))
        async with AsyncExitStack() as stack:
            for ear in ears:
                await stack.enter_async_context(hearing(ear))
            known = ears[1].last_id
            await start(works, flow, 1, {"word": CANARY})
            await eventually(lambda: all(len(ears[n].heard) == 5 for n in (0, 2)))
            # Silence brings it past what is not for it: it need not be looked through again.
            await eventually(lambda: ears[1].last_id != known)
        hidden, _, shown, _ = ("".join(str(event.data) for event in ear.heard) for ear in ears)
        assert CANARY in shown
        assert CANARY not in hidden
        assert HIDDEN in hidden
        assert ears[1].heard == ears[3].heard == []


async def test_ids_are_judged(database: str) -> None:
    """What is no id of an event is refused, wherever it stands."""
    async with open_all(database) as (works, client):
        [id_] = await start(works, await works.register(FLOW))
        await all_ended(works.pool, 1)
        for path in ("/v1/live", f"/v1/executions/{id_}/live"):
            for wrong in ("x", "A", "_" * 400, "-1", "Ag", "9" * 20, "\udcff"):
                async with client.get(path, headers={"Last-Event-ID": wrong}) as answer:
                    assert answer.status == 400, (path, wrong)
        for query in ("kinds=all", "kinds=", "after=", "after=A", "workflow_id=x", "what=1"):
            async with client.get(f"/v1/live?{query}") as answer:
                assert answer.status == 400, query
                (fault,) = (await answer.json(content_type=None))["errors"]
                assert fault["pointer"] == f"/query/{query.partition('=')[0]}"
