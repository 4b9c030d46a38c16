"""Speaking to the API for a command: one request at a time, and errors that say what to do."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager, contextmanager
from typing import Any, Final

from services.cli.asking_again import Patience
from services.cli.exits import Denied
from services.cli.options import environment_named, patience_named
from services.cli.present import say
from shared.client import errors
from shared.client.asked import Asked, query_of
from shared.client.connection import Answer, Connection, open_connection
from shared.client.repeating import Request
from shared.client.server_sent import ServerSent, follow
from shared.domain.errors import Rejected, Unavailable

PAGE_MAX: Final = 200
TOLD_EVERY: Final = 1_000


class Client:
    """The API at one address, for one person; made by ``open_client``."""

    def __init__(self, connection: Connection, *, is_token_given: bool, patience_s: float) -> None:
        self._connection = connection
        self._is_token_given = is_token_given
        self._patience_s = patience_s
        self._has_answered = False

    async def call(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        query: Mapping[str, Any] | None = None,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer[Any]:
        """One request; ``path`` is encoded as in a URL, a query's Nones are left out.

        The same ``key`` asks for the same thing once. ``headers`` are sent beside the usual ones.

        While the API refuses it for now it is asked again, with the command's patience; so it is,
        where to ask twice does no harm, when a 503 says nothing of what was done, and when the API
        falls silent after it has answered.

        Raises NotFound, Conflict, Invalid, Denied or Rejected with the API's own sentence,
        Unavailable when there is no answer, Defect when the API is broken.
        """
        asked: Asked[Any] = Asked(
            method=method, path=path, query=query_of(**(query or {})), body=body
        )
        sent = dict(headers or {})
        if key is not None:
            sent["Idempotency-Key"] = key
        request = Request(self._connection, asked, sent)
        with self._advised():
            try:
                return await self._called(request)
            except errors.NotNow as fault:
                raise request.at_last(fault) from None

    async def _called(self, request: Request[Any]) -> Answer[Any]:
        patience = Patience(self._patience_s)
        while True:
            try:
                answer = await request.attempt()
            except Rejected:
                self._has_answered = True
                raise
            except Unavailable as fault:
                self._has_answered |= isinstance(fault, errors.NotNow)
                if not self._has_answered or not request.may_repeat(fault):
                    raise
                await patience.wait(fault)
            else:
                self._has_answered = True
                return answer

    async def get(self, path: str, **query: Any) -> Any:
        """The document at ``path``; raises as ``call`` does."""
        return (await self.call("GET", path, query=query)).body

    async def pages(self, path: str, size: int, **query: Any) -> AsyncIterator[list[Any]]:
        """The pages of a list, of at most ``size`` things each, the first as soon as it is here."""
        cursor = None
        while True:
            page = await self.get(path, **query, limit=size, cursor=cursor)
            yield page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return

    async def everything(self, path: str, **query: Any) -> AsyncIterator[Any]:
        """All things of a list, page by page; in between it says how far it is."""
        count = 0
        async for page in self.pages(path, PAGE_MAX, **query):
            for one in page:
                yield one
            before, count = count, count + len(page)
            if count // TOLD_EVERY > before // TOLD_EVERY:
                say(f"{count:,} looked at …")

    async def items(self, path: str, limit: int, **query: Any) -> list[Any]:
        """At most ``limit`` things of a list, over as many pages as it takes."""
        found: list[Any] = []
        async for page in self.pages(path, min(limit, PAGE_MAX), **query):
            found += page
            if len(found) >= limit:
                break
        return found[:limit]

    async def follow(
        self, path: str, *, after: str | None = None, **query: Any
    ) -> AsyncGenerator[ServerSent, None]:
        """The events of a stream, as ``server_sent.follow``; raises as ``call`` does."""
        asked: Asked[Any] = Asked(method="GET", path=path, query=query_of(**query))
        events = follow(
            self._connection, asked, after=after, on_lost=lambda fault: say(fault.message)
        )
        with self._advised():
            async with aclosing(events) as told:
                async for event in told:
                    yield event

    async def follow_patiently(
        self, path: str, *, after: str | None = None, **query: Any
    ) -> AsyncGenerator[ServerSent, None]:
        """As ``follow``; while the API says 'not now' at first, it is asked again."""
        patience = Patience(self._patience_s)
        while True:
            try:
                async with aclosing(self.follow(path, after=after, **query)) as told:
                    async for event in told:
                        yield event
            except errors.NotNow as fault:  # nothing has come yet, as what is lost is found again
                await patience.wait(fault)

    @contextmanager
    def _advised(self) -> Iterator[None]:
        """What to do about it, on a command line."""
        try:
            yield
        except errors.NoAnswer as fault:
            raise Unavailable(
                f"{fault.message} Start it with 'turnout dev', or name another with --url or"
                " TURNOUT_URL."
            ) from None
        except errors.WrongAddress as fault:
            raise Rejected(f"{fault.message} Name it with --url or TURNOUT_URL.") from None
        except errors.Denied as fault:
            if not fault.is_stranger:
                raise Denied(fault.message) from None
            told = "What was shown is none of these. " if self._is_token_given else ""
            mend = f"{told}Give it with --token or TURNOUT_TOKEN."
            raise Denied(f"{fault.message} {mend}") from None


@asynccontextmanager
async def open_client(
    url: str, token: str | None, *, patience_s: float | None = None
) -> AsyncIterator[Client]:
    """A client until the context ends, for the environment that the command names, if it does.

    Its patience is the command's, unless it is given. Raises Rejected when ``url`` is none.
    """
    patience_s = patience_named() if patience_s is None else patience_s
    # Whoever wants to wait for a result asks for it by its command.
    headers = {"Prefer": "wait=0"}
    async with open_connection(url, token, environment_named(), headers=headers) as connection:
        yield Client(connection, is_token_given=token is not None, patience_s=patience_s)


def ask(
    url: str,
    token: str | None,
    method: str,
    path: str,
    *,
    body: Any = None,
    query: Mapping[str, Any] | None = None,
) -> Answer[Any]:
    """The one request of a command that makes no other; as ``Client.call``."""

    async def call() -> Answer[Any]:
        async with open_client(url, token) as client:
            return await client.call(method, path, body=body, query=query)

    return asyncio.run(call())


def listed(url: str, token: str | None, path: str, limit: int, **query: Any) -> list[Any]:
    """What a command lists that asks for nothing else; as ``Client.items``."""

    async def fetch() -> list[Any]:
        async with open_client(url, token) as client:
            return await client.items(path, limit, **query)

    return asyncio.run(fetch())
