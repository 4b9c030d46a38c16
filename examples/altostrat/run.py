"""A third party's webhook starts a workflow, whose call fails and is made up for: see README.md."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from aiohttp import ClientSession, ClientTimeout, web

URL: Final = os.environ.get("TURNOUT_URL", "http://127.0.0.1:8080")
TOKEN: Final = os.environ.get("TURNOUT_TOKEN", "")
WORKFLOW: Final = Path(__file__).with_name("workflow.json")
API_KEY: Final = "the-key-of-the-mail-service"
WITHIN_S: Final = 60


class Receiver:
    """Two services on this machine: a pager that is out of order, and a mail service."""

    def __init__(self) -> None:
        self.mails: list[tuple[str | None, Any]] = []

    async def page(self, _request: web.Request) -> web.Response:
        """Refuse."""
        return web.Response(status=410, text="The pager is out of order.")

    async def mail(self, request: web.Request) -> web.Response:
        """Take the mail in, with the key that was shown."""
        self.mails.append((request.headers.get("X-Api-Key"), await request.json()))
        return web.json_response({"sent": True})

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        """The services' address, while they are there."""
        app = web.Application()
        app.router.add_post("/pager", self.page)
        app.router.add_post("/mail", self.mail)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        try:
            yield f"http://127.0.0.1:{runner.addresses[0][1]}"
        finally:
            await runner.cleanup()


class Altostrat:
    """Turnout, as Altostrat's clients call it."""

    def __init__(self, session: ClientSession) -> None:
        self._session = session

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        """What a path is answered with."""
        headers = {"Authorization": f"Bearer {TOKEN}"}
        url = f"{URL}/altostrat/workflows{path}"
        async with self._session.request(method, url, json=body, headers=headers) as answer:
            document = None if answer.status == 204 else await answer.json()  # noqa: PLR2004
            if not answer.ok:
                raise SystemExit(f"{method} {path}: {answer.status} {document['message']}")
            return document

    async def send(self, address: str, body: Any) -> None:
        """What the third party does: it knows the address, and nothing else."""
        async with self._session.post(address, json=body) as answer:
            print(f"sent {body}: {answer.status}")

    async def ended(self, workflow_id: str, count: int) -> list[Any]:
        """The runs of a workflow with their logs, the first first, once ``count`` have ended."""
        while True:
            page = await self.ask("GET", f"/{workflow_id}/executions")
            runs = [run for run in page["data"] if run["completed_at"]]
            if len(runs) == count:
                return [await self.ask("GET", f"/runs/{run['id']}") for run in reversed(runs)]
            await asyncio.sleep(0.2)


async def play(altostrat: Altostrat, receiver: Receiver, receiver_url: str) -> int:
    """0 when everything went as it should."""
    secret = await altostrat.ask("POST", "/vault", {"name": "Mail service", "secret": API_KEY})
    text = WORKFLOW.read_text().replace("RECEIVER", receiver_url).replace("SECRET", secret["id"])
    workflow = await altostrat.ask("POST", "", json.loads(text))
    print(f"{workflow['name']}: {workflow['id']}\n{workflow['webhook_url']}")
    for site, users in (("harbour", 40), ("attic", 1)):
        await altostrat.send(workflow["webhook_url"], {"site": site, "users": users})
    for run in await altostrat.ended(workflow["id"], 2):
        print(f"\n{run['id']}: {run['status']}")
        for line in run["logs"]:
            print(f"  {line['node_id']:<8} {line['status']:<8} {str(line['output'])[:60]}")
    await altostrat.ask("DELETE", f"/{workflow['id']}")
    await altostrat.ask("DELETE", f"/vault/{secret['id']}")
    print(f"\nmails: {receiver.mails}")
    return 0 if receiver.mails == [(API_KEY, {"text": "HARBOUR is offline."})] else 1


async def main() -> int:
    """The example, within its time."""
    receiver = Receiver()
    async with (
        asyncio.timeout(WITHIN_S),
        receiver.serving() as receiver_url,
        ClientSession(timeout=ClientTimeout(WITHIN_S)) as session,
    ):
        return await play(Altostrat(session), receiver, receiver_url)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
