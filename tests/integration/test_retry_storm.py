"""A receiver without time for a thousand executions: it is not stormed, and they lose nothing."""

import asyncio
import math
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any, Final, NamedTuple

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.support.works import (
    Works,
    all_ended,
    check_history,
    open_works,
    start,
    statuses,
    workflow,
)

EXECUTIONS: Final = 1_000
WINDOW_S: Final = 8.0
"""How long the receiver has no time, from its first call on."""

FIRST_S, BACKOFF, LONGEST_S, JITTER = 2.0, 4.0, 4.0, 0.5
RETRY: Final[dict[str, Any]] = {
    "max_attempts": 10,
    "initial_interval_s": FIRST_S,
    "backoff": BACKOFF,
    "max_interval_s": LONGEST_S,
    "jitter": JITTER,
}
AT_ONCE: Final = 16
"""So many calls are under way at most: connections to one host."""

STAY_S: Final = 0.02
"""How long each of them takes at least."""

TENTH_S: Final = 0.1
LOG: Final = (
    "SELECT execution_id || ':' || step_id AS key, attempt, status, (error ->> 'status')::int AS"
    " answer, extract(epoch FROM wake_at - ended_at)::float AS wait_s"
    " FROM execution_log WHERE step_id IS NOT NULL ORDER BY partition, seq"
)


class Logged(NamedTuple):
    """An attempt as the log has it: the status it was answered, and how long the next waits."""

    attempt: int
    status: str
    answer: int | None
    wait_s: float | None


class Busy:
    """A receiver that answers 503 for ``window_s`` from the first call on, then 200.

    ``calls`` are the instants of arrival under each key, in seconds, ``answers`` what each got;
    ``most`` is how many were there at once.
    """

    def __init__(self, window_s: float, asks: str | None) -> None:
        self.calls: defaultdict[str, list[float]] = defaultdict(list)
        self.answers: defaultdict[str, list[int]] = defaultdict(list)
        self.most = 0
        self._here = 0
        self._window_s = window_s
        self._asked = {} if asks is None else {"Retry-After": asks}
        self._recovers_at: float | None = None
        app = web.Application()
        app.router.add_get("/", self._answer)
        self.server = TestServer(app)

    @property
    def recovers_at(self) -> float:
        """The instant from which on calls are answered 200."""
        assert self._recovers_at is not None, "it was called"
        return self._recovers_at

    @property
    def times(self) -> list[float]:
        """When calls came, in order."""
        return sorted(at for calls in self.calls.values() for at in calls)

    async def _answer(self, request: web.Request) -> web.Response:
        key, now = request.headers["Idempotency-Key"], asyncio.get_running_loop().time()
        if self._recovers_at is None:
            self._recovers_at = now + self._window_s
        status = 503 if now < self._recovers_at else 200
        self.calls[key].append(now)
        self.answers[key].append(status)
        self._here += 1
        self.most = max(self.most, self._here)
        await asyncio.sleep(STAY_S)
        self._here -= 1
        return web.Response(status=status, headers=self._asked if status == 503 else {})


@asynccontextmanager
async def stormed(
    database: str, *, window_s: float = WINDOW_S, asks: str | None = None, **retry: Any
) -> AsyncIterator[tuple[Busy, Works]]:
    """A busy receiver that all executions have called until each of them ended."""
    busy = Busy(window_s, asks)
    await busy.server.start_server()
    try:
        egress = {"allow_loopback": True, "connections_per_host_max": AT_ONCE}
        async with open_works(database, egress=egress) as works:
            given = {"src": {"url": str(busy.server.make_url("/"))}}
            step = {"id": "call", "action": "http_request", "input": given, "retry": RETRY | retry}
            await start(works, await works.register(workflow(step)), EXECUTIONS)
            await all_ended(works.pool, EXECUTIONS)
            yield busy, works
            await check_history(works)
    finally:
        await busy.server.close()


async def logged(works: Works) -> dict[str, list[Logged]]:
    """The attempts of each call, in their order."""
    found = defaultdict(list)
    for key, *entry in await works.pool.fetch(LOG):
        found[key].append(Logged(*entry))
    return found


def least_waits(asked_s: float) -> Iterator[float]:
    """The least that a call waits after each of its attempts, in seconds."""
    full_s = FIRST_S
    while True:
        yield max(full_s * (1 - JITTER), min(asked_s, LONGEST_S))
        full_s = min(full_s * BACKOFF, LONGEST_S)


def most_calls(asked_s: float) -> int:
    """How often one key can be called at most while the receiver has no time."""
    count, at_s = 0, 0.0
    for wait_s in least_waits(asked_s):
        if at_s >= WINDOW_S:
            break
        count, at_s = count + 1, at_s + wait_s
    return count


def tenth_of_range(wait_s: float | None) -> int:
    """In which tenth of the range that chance draws from, from 0, the first wait lies."""
    assert wait_s is not None, "it was called again"
    least_s = FIRST_S * (1 - JITTER)
    return int((wait_s - least_s) / (FIRST_S - least_s) * 10)


def most_in_a_tenth(times: list[float]) -> int:
    """The most calls that came within a tenth of a second, wherever it begins."""
    return max(bisect_left(times, at + TENTH_S) - n for n, at in enumerate(times))


async def judge_attempts(busy: Busy, works: Works, asked_s: float) -> None:
    """Every call is logged; only the last was answered 200, and none came before its time."""
    log = await logged(works)
    assert set(log) == set(busy.calls)
    for key, calls in busy.calls.items():
        *failed, last = log[key]
        assert busy.answers[key] == [503] * len(failed) + [200]
        assert last == Logged(len(calls), "COMPLETED", None, None)
        least = zip(failed, least_waits(asked_s), pairwise(calls), strict=False)
        for number, (entry, least_s, (before, after)) in enumerate(least, 1):
            assert entry[:3] == (number, "RETRYING", 503)
            assert entry.wait_s is not None
            assert after - before >= entry.wait_s >= least_s


@pytest.mark.parametrize(("asks", "asked_s"), [(None, 0.0), ("3", 3.0), ("3600", 3600.0)])
async def test_a_receiver_that_recovers_is_not_stormed(
    database: str, asks: str | None, asked_s: float
) -> None:
    """Calls are few, none too early, never many at once, and done soon after it recovered."""
    async with stormed(database, asks=asks) as (busy, works):
        ended = await statuses(works.pool)
        assert set(ended.values()) == {"COMPLETED"}
        assert set(busy.calls) == {f"{id_}:call" for id_ in ended}
        await judge_attempts(busy, works, asked_s)
        # At most 5, 3 and 2 of the 10 that the policy allows.
        most = most_calls(asked_s)
        assert all(bisect_left(at, busy.recovers_at) <= most for at in busy.calls.values())
        assert busy.most <= AT_ONCE
        assert most_in_a_tenth(busy.times) <= AT_ONCE * math.ceil(TENTH_S / STAY_S)
        assert busy.times[-1] - busy.recovers_at < 2 * WINDOW_S


async def test_a_receiver_that_does_not_recover_is_given_up(database: str) -> None:
    """Each execution fails after as many calls as its policy allows, at times left to chance.

    No tenth of the range in which a wait lies has more than twice its share of them.
    """
    most = 3
    async with stormed(database, window_s=math.inf, max_attempts=most) as (busy, works):
        assert set((await statuses(works.pool)).values()) == {"FAILED"}
        assert len(busy.calls) == EXECUTIONS
        assert {len(calls) for calls in busy.calls.values()} == {most}
        log = await logged(works)
        expected = [(n, "RETRYING", 503) for n in range(1, most)] + [(most, "FAILED", 503)]
        assert all([entry[:3] for entry in entries] == expected for entries in log.values())
        tenths = Counter(tenth_of_range(entries[0].wait_s) for entries in log.values())
        assert max(tenths.values()) <= EXECUTIONS / 10 * 2
