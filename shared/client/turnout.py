"""The API from async code."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Final, TypeVar
from uuid import UUID

from shared.client.asked import Asked
from shared.client.connection import WITHIN_S, Answer, Connection, open_connection
from shared.client.errors import NotNow
from shared.client.repeating import Request
from shared.client.server_sent import ServerSent, Stream, follow
from shared.domain.errors import Unavailable
from shared.wire.documents.parts import Page

ATTEMPTS: Final = 4

_FIRST_WAIT_S: Final = 0.2
_LONGEST_WAIT_S: Final = 30.0

T = TypeVar("T")
D = TypeVar("D")


class AsyncTurnout:
    """Asks the API for one caller; made by ``open_turnout``.

    What may pass is asked for again, ``attempts`` times in all: a refusal, and, where a repetition
    does no harm, what may have been done: no answer, or a 503. ``repeating.Request`` says where,
    and names what has no ``key``. A repetition is answered as the request that may have been
    carried out before it.
    """

    def __init__(self, connection: Connection, attempts: int) -> None:
        self._connection = connection
        self._attempts = attempts

    async def ask(
        self, asked: Asked[T], *, key: str | None = None, if_match: str | None = None
    ) -> T:
        """The document of the answer; raises as ``call``."""
        return (await self.call(asked, key=key, if_match=if_match)).body

    async def call(
        self, asked: Asked[T], *, key: str | None = None, if_match: str | None = None
    ) -> Answer[T]:
        """The answer with its status and headers.

        The same ``key`` (Idempotency-Key) asks for the same thing once; with ``if_match``, an
        ETag, only what still is as it was is changed. Raises NotFound, Conflict, Invalid, Denied
        or Rejected with the API's own sentence, Unavailable, and Defect when the API is broken.
        """
        named = {"Idempotency-Key": key, "If-Match": if_match}
        given = {name: value for name, value in named.items() if value is not None}
        request = Request(self._connection, asked, given)
        try:
            return await self._repeated(request)
        except NotNow as fault:
            raise request.at_last(fault) from None

    async def _repeated(self, request: Request[T]) -> Answer[T]:
        wait_s = _FIRST_WAIT_S
        for left in range(self._attempts - 1, -1, -1):
            try:
                return await request.attempt()
            except Unavailable as fault:
                if not left or not request.may_repeat(fault):
                    raise
                if isinstance(fault, NotNow):
                    wait_s = max(wait_s, fault.retry_after_s or 0.0)
            await asyncio.sleep(min(wait_s, _LONGEST_WAIT_S))
            wait_s *= 2
        raise AssertionError("the last attempt answers or raises")

    async def all(self, asked: Asked[Page[D]]) -> AsyncGenerator[D, None]:
        """Everything that a list has, page by page as it is needed."""
        cursor: str | None = None
        while True:
            more = {} if cursor is None else {"cursor": cursor}
            page = await self.ask(replace(asked, query={**asked.query, **more}))
            for each in page["items"]:
                yield each
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def follow(
        self, asked: Asked[Stream], *, after: str | None = None
    ) -> AsyncGenerator[ServerSent, None]:
        """The events of a stream after the one with the id ``after``; see ``server_sent``."""
        return follow(self._connection, asked, after=after)


@asynccontextmanager
async def open_turnout(
    url: str,
    token: str | None = None,
    environment: UUID | str | None = None,
    *,
    attempts: int = ATTEMPTS,
    within_s: float = WITHIN_S,
) -> AsyncIterator[AsyncTurnout]:
    """The API at ``url`` until the context ends; ``within_s`` is for each attempt.

    Without an ``environment`` the token's own is meant, or the default one.
    """
    named = None if environment is None else str(environment)
    async with open_connection(url, token, named, within_s=within_s) as connection:
        yield AsyncTurnout(connection, attempts)
