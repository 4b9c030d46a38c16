"""A listener to live updates, as a browser has one; and what the log says beside it."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from services.api.live.settings import LiveSettings
from services.api.settings import ApiSettings
from shared.client.server_sent import ServerSent, read_events
from shared.db.pool import Pool
from tests.support.served import Client, open_api
from tests.support.works import Works, open_works


class Told(NamedTuple):
    """A change of an execution, or an attempt of a step: where in which log, and what."""

    execution_id: str
    position: int
    what: str


class Ear:
    """It knows the id of its last event, and comes back with it. ``heard`` is what was said."""

    def __init__(self, client: Client, path: str, secret: str | None = None) -> None:
        self.last_id: str | None = None
        self.heard: list[ServerSent] = []
        self._client = client
        self._path = path
        self._shown = {} if secret is None else {"Authorization": f"Bearer {secret}"}

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[AsyncGenerator[ServerSent, None]]:
        """One connection: what comes over it. It is there once the context is entered."""
        known = {} if self.last_id is None else {"Last-Event-ID": self.last_id}
        async with self._client.get(self._path, headers={**self._shown, **known}) as answer:
            assert answer.status == 200, await answer.text()
            assert answer.content_type == "text/event-stream"
            async with aclosing(self._events(answer.content.iter_any())) as events:
                first = await anext(events)
                assert first.retry is not None
                yield events

    async def hear(self, count: int) -> list[ServerSent]:
        """What comes over one connection, until there is so much of it, or it ends."""
        before = len(self.heard)
        async with self.listening() as events:
            async for _ in events:
                if len(self.heard) == before + count:
                    break
        return self.heard[before:]

    async def _events(self, chunks: AsyncIterator[bytes]) -> AsyncGenerator[ServerSent, None]:
        async for event in read_events(chunks):
            self.last_id = event.id or self.last_id
            if event.data is not None:
                self.heard.append(event)
            yield event


def document(event: ServerSent) -> Any:
    """What an event says."""
    return orjson.loads(event.data or "null")


def told(event: ServerSent) -> Told:
    """The change that an event of an environment is about."""
    said = document(event)
    what = said["phase"] if event.name == "execution" else f"{said['step_id']}:{said['status']}"
    return Told(said["execution_id"], said["position"], what)


async def logged(pool: Pool) -> list[Told]:
    """Every change of every execution, by their logs; of each in order."""
    found: list[Told] = []
    for row in await pool.fetch(
        "SELECT execution_id, position, phases, step_id, status FROM execution_log"
        " ORDER BY execution_id, position"
    ):
        id_, position = str(UUID(str(row["execution_id"]))), row["position"]
        if row["step_id"] is not None:
            found.append(Told(id_, position, f"{row['step_id']}:{row['status']}"))
        found += [Told(id_, position, phase) for phase in row["phases"]]
    return found


def having(**live: Any) -> ApiSettings:
    """Settings of the API with these of live updates."""
    return ApiSettings(live=LiveSettings(**live))


@asynccontextmanager
async def open_all(
    database: str, token: str | None = None, *, more: dict[str, Any] | None = None, **live: Any
) -> AsyncIterator[tuple[Works, Client]]:
    """An executor and an API."""
    async with (
        open_works(database, **(more or {})) as works,
        open_api(works, token, having(**live)) as client,
    ):
        yield works, client
