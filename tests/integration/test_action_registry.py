"""The registry of actions, and how much of it an executor remembers."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest

from services.executor.actions import registered as module
from services.executor.actions.registered import HttpAction, RegisteredActions, WorkerAction
from services.executor.actions.throttle import Throttles
from shared.db.actions import delete_action, put_action, versions_of
from shared.db.pool import Pool
from shared.domain.actions import ActionSpec, Transport
from shared.domain.ids import DEFAULT_ENVIRONMENT, EnvironmentId
from shared.egress.caller import Caller, open_caller
from shared.egress.settings import EgressSettings
from shared.expr.jsonata import ExpressionCache
from shared.expr.liquid import TemplateCache
from shared.expr.resolve import Resolver
from shared.runtime.clock import SystemClock
from tests.unit.executor.calls import NOW

OTHER = EnvironmentId(UUID(int=9))
WORKER = ActionSpec(transport=Transport.WORKER)


@pytest.fixture
async def caller() -> AsyncIterator[Caller]:
    """A caller that nobody uses."""
    async with open_caller(EgressSettings(), SystemClock()) as opened:
        yield opened


class Clock(SystemClock):
    """A clock whose stopwatch stands still until it is moved."""

    at_s = 0.0

    def monotonic(self) -> float:
        return self.at_s


def registry(pool: Pool, caller: Caller, clock: Clock) -> RegisteredActions:
    """The registry as an executor sees it, at most five seconds old."""
    resolver = Resolver(ExpressionCache(8), TemplateCache(8))
    throttles = Throttles(pool=pool, clock=clock, resolver=resolver)
    return RegisteredActions(pool, caller, clock, throttles=throttles, ttl_s=5)


async def write(pool: Pool, name: str, spec: ActionSpec) -> None:
    """Register an action."""
    async with pool.acquire() as conn, conn.transaction():
        await put_action(conn, DEFAULT_ENVIRONMENT, name, spec, NOW)


async def test_steps_see_a_change_within_the_ttl_and_read_no_more_often(
    pool: Pool, caller: Caller
) -> None:
    """Found and absent alike are remembered for as long as the ttl says, then read again."""
    clock = Clock()
    actions = registry(pool, caller, clock)
    assert await actions.find(DEFAULT_ENVIRONMENT, "a") is None
    await write(pool, "a", WORKER)
    assert await actions.find(DEFAULT_ENVIRONMENT, "a") is None
    clock.at_s = 5
    first = await actions.find(DEFAULT_ENVIRONMENT, "a")
    assert isinstance(first, WorkerAction)
    await write(pool, "a", ActionSpec(transport=Transport.HTTP, url="http://a.test/"))
    clock.at_s = 9.9
    assert await actions.find(DEFAULT_ENVIRONMENT, "a") is first
    clock.at_s = 10
    assert isinstance(await actions.find(DEFAULT_ENVIRONMENT, "a"), HttpAction)
    assert await actions.find(OTHER, "a") is None


async def test_many_steps_at_once_read_once(pool: Pool, caller: Caller) -> None:
    """A thousand steps that miss the same name are given the same action."""
    await write(pool, "a", WORKER)
    actions = registry(pool, caller, Clock())
    found = await asyncio.gather(*(actions.find(DEFAULT_ENVIRONMENT, "a") for _ in range(1_000)))
    assert len({id(action) for action in found}) == 1


async def test_only_so_many_names_are_remembered(
    pool: Pool, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one read longest ago is forgotten first."""
    monkeypatch.setattr(module, "ENTRIES_MAX", 2)
    for name in "abc":
        await write(pool, name, WORKER)
    actions = registry(pool, caller, Clock())
    first = [await actions.find(DEFAULT_ENVIRONMENT, name) for name in "abc"]
    second = [await actions.find(DEFAULT_ENVIRONMENT, name) for name in "cba"]
    assert [a is b for a, b in zip(first, reversed(second), strict=True)] == [False, True, True]


async def test_the_latest_version_counts(pool: Pool) -> None:
    """Another content is a new version, the same is none; after a deletion the count goes on."""
    versions = []
    async with pool.acquire() as conn, conn.transaction():
        for spec in (WORKER, WORKER, WORKER.model_copy(update={"timeout_s": 1.0})):
            put = await put_action(conn, DEFAULT_ENVIRONMENT, "b", spec, NOW)
            versions.append((put.action.version, put.is_new))
        await put_action(conn, DEFAULT_ENVIRONMENT, "a", WORKER, NOW)
        await put_action(conn, OTHER, "c", WORKER, NOW)
        assert await versions_of(conn, DEFAULT_ENVIRONMENT) == {"a": 1, "b": 2}
        await delete_action(conn, DEFAULT_ENVIRONMENT, "b", NOW + timedelta(seconds=1))
        assert await versions_of(conn, DEFAULT_ENVIRONMENT) == {"a": 1}
        put = await put_action(conn, DEFAULT_ENVIRONMENT, "b", WORKER, NOW)
        versions.append((put.action.version, put.is_new))
    assert versions == [(1, True), (1, False), (2, False), (3, True)]


async def test_puts_at_once_make_one_version_each(pool: Pool) -> None:
    """Of different contents put at the same time none is lost."""

    async def one(seconds: int) -> int:
        async with pool.acquire() as conn, conn.transaction():
            spec = WORKER.model_copy(update={"timeout_s": float(seconds)})
            return (await put_action(conn, DEFAULT_ENVIRONMENT, "a", spec, NOW)).action.version

    assert sorted(await asyncio.gather(*(one(n) for n in range(1, 9)))) == list(range(1, 9))
