"""Canaries: secrets that are searched for wherever they should not be."""

import asyncio
from base64 import b64encode, urlsafe_b64encode
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from secrets import choice
from typing import Any
from urllib.parse import quote

import orjson
from aiohttp import web
from aiohttp.test_utils import TestServer

from services.api.routes import ROUTES
from tests.support.served import Client

ALPHABET = "ghjkmnpqrstvwxyz"
"""No digit of a UUID or of a digest in hex, so that nothing is found by chance."""
CHARS = 24


class Canary:
    """A secret by its name. ``value`` is awkward to write, and holds a mark that is not."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.mark = "".join(choice(ALPHABET) for _ in range(CHARS))
        self.value = f'c/{self.mark}+?="~%x'

    def traces(self) -> Iterator[str]:
        """What gives it away: each half of the mark; in base64, wherever it stands; all in hex."""
        half, raw = CHARS // 2, self.value.encode()
        found = {self.mark[:half], self.mark[half:]}
        for before in range(3):
            for encode in (b64encode, urlsafe_b64encode):
                found.add(encode(b" " * before + raw)[8:28].decode())
        yield from found
        yield from (trace.encode().hex() for trace in found)


def leaks(canaries: list[Canary], sinks: dict[str, str]) -> list[tuple[str, str]]:
    """(canary, sink) for each sink in which something of a canary can be read."""
    return [
        (canary.name, name)
        for canary in canaries
        for name, text in sinks.items()
        if any(trace in text for trace in canary.traces())
    ]


class Echo:
    """A receiver that says back all that it hears, in every form, by the first part of its path."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.stop = asyncio.Event()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer as the path says: well, badly, late, elsewhere, in parts."""
        body = (await request.read()).decode()
        said = [request.path_qs, str(request.rel_url), *request.headers.values(), body]
        said += [quote(text, safe="") for text in said] + [
            b64encode(text.encode()).decode() for text in said
        ]
        self.heard += said
        shown = orjson.dumps({"said": said, "deep": {body: [body]}}).decode()
        match request.path.split("/")[1]:
            case "bad" | "busy" as answer:
                return web.Response(status=400 if answer == "bad" else 503, text=shown)
            case "slow":
                await self.stop.wait()
            case "moved":
                return web.Response(status=302, headers={"Location": f"/ok?{request.query_string}"})
            case "broken":
                return await self._broken(request, shown)
            case "text":
                return web.Response(text=body + shown, headers={"X-Said": quote(body)})
        return web.Response(text=shown, content_type="application/json")

    async def _broken(self, request: web.Request, shown: str) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "100000"})
        await response.prepare(request)
        await response.write(shown.encode())
        assert request.transport is not None
        request.transport.close()
        return response


@asynccontextmanager
async def receiver() -> AsyncIterator[tuple[Echo, str]]:
    """An ``Echo``, and its address."""
    echo, app = Echo(), web.Application()
    app.router.add_route("*", "/{path:.*}", echo.handle)
    async with TestServer(app) as server:
        yield echo, str(server.make_url("")).rstrip("/")
        echo.stop.set()


class Told:
    """The API, and every word that it answered with."""

    def __init__(self, client: Client, token: str) -> None:
        self.client = client
        self._shown = {"Authorization": f"Bearer {token}"}
        self.answers: list[str] = []

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """The document of an answer, of whatever status."""
        given = {**self._shown, **headers}
        raw = body if isinstance(body, bytes) else None if body is None else orjson.dumps(body)
        if raw is not None:
            given |= {"Content-Type": "application/json"}
        async with self.client.request(method, path, data=raw, headers=given) as answer:
            text = await answer.text()
            self.answers += [text, str(answer.headers)]
            return await answer.json() if answer.content_type.endswith("json") else None

    async def follow(self, path: str) -> None:
        """What a stream tells at once."""
        given = {**self._shown, "Last-Event-ID": "0"}
        with suppress(TimeoutError):
            async with asyncio.timeout(0.3), self.client.get(path, headers=given) as answer:
                async for line in answer.content:
                    self.answers.append(line.decode())

    async def see_all(self) -> int:
        """Ask for whatever can be asked for with GET: each list, and each thing of each list."""
        listed: dict[str, list[Any]] = {}
        for route in sorted(ROUTES, key=lambda route: route.path.count("{")):
            if route.method != "GET" or route.path.startswith("/v1/hooks"):
                continue
            place, _, rest = route.path.partition("/{")
            name, _, tail = rest.partition("}")
            ids = [item.get(name, item.get("key", "")) for item in listed.get(place, ())]
            paths = (
                [f"{place}/{quote(str(id_), safe='')}{tail}" for id_ in ids] if rest else [place]
            )
            for path in paths:
                if path.endswith("/live"):
                    await self.follow(path)
                    continue
                document = await self.ask("GET", path)
                if not rest and isinstance(document, dict):
                    listed[place] = document.get("items", [])
        return len(self.answers)
