"""The API from code that is not async."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Iterator
from threading import Thread
from types import TracebackType
from typing import Any, Self, TypeVar
from uuid import UUID

from shared.client.asked import Asked
from shared.client.connection import WITHIN_S, Answer
from shared.client.server_sent import ServerSent, Stream
from shared.client.turnout import ATTEMPTS, AsyncTurnout, open_turnout
from shared.wire.documents.parts import Page

T = TypeVar("T")
D = TypeVar("D")


class Turnout:
    """As ``AsyncTurnout``, within ``with``. Any number of threads may share one.

    An event loop in a thread of its own does the work, so it can be used where another loop runs.
    """

    def __init__(
        self,
        url: str,
        token: str | None = None,
        environment: UUID | str | None = None,
        *,
        attempts: int = ATTEMPTS,
        within_s: float = WITHIN_S,
    ) -> None:
        self._opened = open_turnout(url, token, environment, attempts=attempts, within_s=within_s)
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="turnout", daemon=True)
        self._turnout: AsyncTurnout | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        try:
            self._turnout = self._run(self._opened.__aenter__())
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            self._run(self._opened.__aexit__(kind, error, traceback))
        finally:
            self._end()

    def ask(self, asked: Asked[T], *, key: str | None = None, if_match: str | None = None) -> T:
        """See ``AsyncTurnout.ask``."""
        return self.call(asked, key=key, if_match=if_match).body

    def call(
        self, asked: Asked[T], *, key: str | None = None, if_match: str | None = None
    ) -> Answer[T]:
        """See ``AsyncTurnout.call``."""
        return self._run(self._open.call(asked, key=key, if_match=if_match))

    def all(self, asked: Asked[Page[D]]) -> Iterator[D]:
        """See ``AsyncTurnout.all``."""
        return self._each(self._open.all(asked))

    def follow(self, asked: Asked[Stream], *, after: str | None = None) -> Iterator[ServerSent]:
        """See ``AsyncTurnout.follow``."""
        return self._each(self._open.follow(asked, after=after))

    @property
    def _open(self) -> AsyncTurnout:
        if self._turnout is None:
            raise RuntimeError("Use it within 'with Turnout(…) as turnout:'.")
        return self._turnout

    def _each(self, things: AsyncGenerator[D, None]) -> Iterator[D]:
        try:
            while True:
                try:
                    yield self._run(_next(things))
                except StopAsyncIteration:
                    return
        finally:
            self._run(_closed(things))

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()  # Ctrl-C: nobody waits for it any more
            raise

    def _end(self) -> None:
        self._turnout = None
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _next(things: AsyncGenerator[D, None]) -> D:
    return await anext(things)


async def _closed(things: AsyncGenerator[Any, None]) -> None:
    await things.aclose()
