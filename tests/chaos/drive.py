"""The driver: registers the workflows, sends the events, cancels, changes, and approves.

It gives up on nothing until it is acknowledged. Each try is in the history: ``invoke``, then
``ok``, ``fail`` (refused: it did not happen) or ``info`` (it may have happened).
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, Final, NamedTuple

import orjson
from aiohttp import ClientConnectorError, ClientError, ClientSession, ClientTimeout

from tests.chaos.approve import approve
from tests.chaos.evidence import ENDS
from tests.chaos.history import History
from tests.chaos.identity import started_of
from tests.chaos.plan import Copy, Plan, PlannedCancel, PlannedChange, PlannedEvent
from tests.chaos.source import Source, encoded
from tests.chaos.workflows import TOLD, ticking, workflow_id

AT_ONCE: Final = 200
AGAIN_S: Final = 0.5
GIVE_UP_S: Final = 180.0
CANCEL_WITHIN_S: Final = 30.0
TICK_EVERY_S: Final = 2.0
FIRST_TICK: Final = timedelta(seconds=4)
TICKS_MAX: Final = 60
QUICK: Final = ClientTimeout(total=10)


class _Answer(NamedTuple):
    """What came over HTTP: its status, content type and body."""

    status: int
    kind: str
    raw: bytes


class Reply(NamedTuple):
    """What the API answered."""

    status: int
    body: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """What the driver works with.

    ``turn`` gives each request another one of the APIs to begin with.
    """

    api_urls: Sequence[str]
    session: ClientSession
    history: History
    turn: Iterator[int] = field(default_factory=count)

    async def ask(self, method: str, path: str, body: Any = None) -> Reply:
        """One request. Raises ClientError or TimeoutError: then it may have been heard."""
        answer = await self._request(method, path, json=body)
        is_json = "json" in answer.kind
        return Reply(answer.status, orjson.loads(answer.raw) if is_json and answer.raw else None)

    async def post(self, path: str, raw: bytes, headers: Mapping[str, str]) -> Reply:
        """Like ``ask``, with a body and headers as they are."""
        answer = await self._request("POST", path, data=raw, headers=headers)
        return Reply(answer.status, answer.raw)

    async def _request(self, method: str, path: str, **given: Any) -> "_Answer":
        """Of an API in its turn; where nobody listens, of the next one."""
        turn, refused = next(self.turn), None
        for number in range(len(self.api_urls)):
            url = self.api_urls[(turn + number) % len(self.api_urls)]
            try:
                async with self.session.request(
                    method, f"{url}{path}", timeout=QUICK, **given
                ) as answer:
                    kind = answer.headers.get("Content-Type", "")
                    return _Answer(answer.status, kind, await answer.read())
            except ClientConnectorError as error:
                refused = error  # it was not heard there
        raise refused or ClientError("there is no API")

    async def insist(
        self, op: str, id_: str, ask: Callable[[], Awaitable[Reply]], until_s: float, **about: Any
    ) -> Reply | None:
        """Ask until there is an answer that stands; None when time is up. All of it is recorded."""
        while time.monotonic() < until_s:
            self.history.write(op, "invoke", id_, **about)
            try:
                reply = await ask()
            except (ClientError, TimeoutError, OSError) as error:
                self.history.write(op, "info", id_, **about, error=repr(error)[:200])
            else:
                if reply.status < 400:
                    self.history.write(op, "ok", id_, **about, status=reply.status)
                    return reply
                outcome = "info" if reply.status >= 500 else "fail"
                self.history.write(op, outcome, id_, **about, status=reply.status)
                if reply.status < 500 and reply.status not in (404, 429):
                    return reply
            await asyncio.sleep(AGAIN_S)
        return None


async def register(plan: Plan, *, api_urls: Sequence[str], history: History) -> None:
    """Subscribe to all ends; register the plan's workflows, the clock's some seconds before it."""
    ticks = min(TICKS_MAX, max(1, round(plan.seconds / TICK_EVERY_S) - 2))
    async with ClientSession() as session:
        driver = Driver(api_urls=api_urls, session=session, history=history.named("driver"))

        async def put(flow: dict[str, Any]) -> None:
            reply = await _put(driver, flow, time.monotonic() + GIVE_UP_S)
            assert reply is not None, f"{flow['key']} could not be registered"
            assert reply.status < 400, (flow["key"], reply)

        await _subscribe(driver, plan.receiver_url)
        for flow in plan.workflows:
            await put(flow)
        begin = datetime.now(UTC).replace(microsecond=0) + FIRST_TICK
        instants = [begin + timedelta(seconds=TICK_EVERY_S * n) for n in range(ticks)]
        await put(ticking(plan.receiver_url, instants))


async def _subscribe(driver: Driver, receiver_url: str) -> None:
    kinds = [f"execution.{end}" for end in sorted(ENDS)]
    body = {"name": "told", "url": f"{receiver_url}{TOLD}", "kinds": kinds}
    reply = await driver.insist(
        "subscribe",
        TOLD,
        lambda: driver.ask("POST", "/v1/webhook-subscriptions", body),
        time.monotonic() + GIVE_UP_S,
    )
    assert reply is not None, "nobody could subscribe"
    assert reply.status == 201, reply


async def drive(
    plan: Plan,
    *,
    api_urls: Sequence[str],
    bootstrap: str,
    history: History,
    started_at: float | None = None,
    topic: str = "turnout.events",
) -> None:
    """Do all that is planned, with any of the APIs.

    ``started_at`` is the monotonic second from which times count.

    Returns when every event is acknowledged, or given up after ``GIVE_UP_S``, and nobody waits
    for an approval any more.
    """
    begun_s = time.monotonic() if started_at is None else started_at
    until_s = begun_s + plan.seconds + GIVE_UP_S
    began_at = datetime.now(UTC) - timedelta(seconds=time.monotonic() - begun_s)
    plan = replace(plan, events=[event.timed(began_at) for event in plan.events])
    async with ClientSession() as session, Source(bootstrap, topic) as source:
        driver = Driver(api_urls=api_urls, session=session, history=history.named("driver"))
        done = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(approve(driver.ask, driver.history, plan.seed, done, until_s))
            async with asyncio.TaskGroup() as work:
                work.create_task(_send_all(driver, source, plan, begun_s, until_s))
                for cancel in plan.cancels:
                    work.create_task(_cancel(driver, cancel, begun_s, until_s))
                for change in plan.changes:
                    work.create_task(_change(driver, plan, change, begun_s, until_s))
            done.set()


async def _send_all(
    driver: Driver, source: Source, plan: Plan, begun_s: float, until_s: float
) -> None:
    """Every copy at its time, so many at once at most."""
    room = asyncio.Semaphore(AT_ONCE)
    sends = sorted(
        (event.at_s + copy.after_s, number, index)
        for number, event in enumerate(plan.events)
        for index, copy in enumerate(event.copies)
    )

    async def send(event: PlannedEvent, copy: Copy) -> None:
        try:
            await _send(driver, source, event, copy, until_s)
        finally:
            room.release()

    async with asyncio.TaskGroup() as group:
        for at_s, number, index in sends:
            await _at(begun_s + at_s)
            await room.acquire()
            event = plan.events[number]
            group.create_task(send(event, event.copies[index]))


async def _send(
    driver: Driver, source: Source, event: PlannedEvent, copy: Copy, until_s: float
) -> None:
    id_ = f"{event.source}/{event.id}"
    about = {"via": copy.via, "form": copy.form, "is_other": copy.is_other}
    if copy.via == "kafka":
        await source.insist(driver.history, id_, event, copy, until_s, about)
        return
    _, value, headers = encoded(event, copy)
    given = {name.replace("ce_", "ce-"): text.decode() for name, text in headers}

    await driver.insist(
        "send", id_, lambda: driver.post("/v1/events", value, given), until_s, **about
    )


async def _cancel(driver: Driver, cancel: PlannedCancel, begun_s: float, until_s: float) -> None:
    """Cancel an execution once it is there; one that has ended is told so by 409."""
    await _at(begun_s + cancel.at_s)
    id_ = started_of(cancel.workflow, cancel.source, cancel.event_id)
    path = f"/v1/executions/{id_}/cancel"
    until_s = min(until_s, time.monotonic() + CANCEL_WITHIN_S)
    await driver.insist(
        "cancel", id_, lambda: driver.ask("POST", path, {"reason": "chaos"}), until_s
    )


async def _change(
    driver: Driver, plan: Plan, change: PlannedChange, begun_s: float, until_s: float
) -> None:
    await _at(begun_s + change.at_s)
    if change.kind == "replace":
        await _put(driver, plan.second, until_s)
        return
    id_ = workflow_id(change.workflow)
    path = f"/v1/workflows/{id_}/{change.kind}"
    await driver.insist(
        "register", str(id_), lambda: driver.ask("POST", path), until_s, kind=change.kind
    )


async def _put(driver: Driver, flow: dict[str, Any], until_s: float) -> Reply | None:
    path = f"/v1/workflows/{flow['id']}"
    return await driver.insist(
        "register", flow["id"], lambda: driver.ask("PUT", path, flow), until_s, kind="replace"
    )


async def _at(mono_s: float) -> None:
    await asyncio.sleep(max(0.0, mono_s - time.monotonic()))
