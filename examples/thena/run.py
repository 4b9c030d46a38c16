"""A ticket is created: looked up, updated, commented on once somebody agrees, told to a channel.

For a second ticket the channel cannot be told, and what was done is undone. Needs a running Turnout
that asks this script for tickets: see README.md.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from aiohttp import ClientSession, ClientTimeout, web

from shared.client.api import actions, event_types, events, executions, waits
from shared.client.turnout import AsyncTurnout, open_turnout
from shared.client.worker import Task, TaskFailed, Worker

URL: Final = os.environ.get("TURNOUT_URL", "http://127.0.0.1:8080")
TOKEN: Final = os.environ.get("TURNOUT_TOKEN")
RESOLVER_PORT: Final = int(os.environ.get("RESOLVER_PORT", "8099"))
WORKFLOW: Final = Path(__file__).with_name("workflow.json")
WITHIN_S: Final = 60
ENDED: Final = ("FINISHED", "FAILED")


async def update_ticket(task: Task) -> Any:
    """Thena's own service would do it."""
    return {"ticketId": task.input["ticketId"], "status": task.input["status"]}


async def create_comment(_: Task) -> Any:
    """Gives the new comment's id."""
    return {"commentId": "C1"}


async def delete_comment(task: Task) -> Any:
    """Undoes ``create_comment``."""
    return {"deleted": task.input["commentId"]}


class Channel:
    """A channel that is busy at first, and knows nothing of one ticket."""

    def __init__(self, unknown: str) -> None:
        self._unknown = unknown
        self._is_busy = True

    async def post(self, task: Task) -> Any:
        """Tells the channel."""
        if self._unknown in task.input["text"]:
            raise TaskFailed("channel_not_found", retryable=False)
        if self._is_busy:
            self._is_busy = False
            raise TaskFailed("rate_limited")
        return {"ok": True}


async def find_ticket(request: web.Request) -> web.Response:
    """The resolver of the entity type 'Ticket'."""
    asked = await request.json()
    account = {"name": "Acme", "tier": "ENTERPRISE", "classification": {"name": "Strategic"}}
    return web.json_response({"id": asked["fields"]["ticketId"], "account": account})


@asynccontextmanager
async def resolver() -> AsyncIterator[None]:
    """The service that Turnout asks for tickets."""
    app = web.Application()
    app.router.add_post("/", find_ticket)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", RESOLVER_PORT).start()
        yield
    finally:
        await runner.cleanup()


class Example:
    """What there is to do, by Thena's API where it has a route."""

    def __init__(self, turnout: AsyncTurnout, thena: ClientSession) -> None:
        self._turnout = turnout
        self._thena = thena

    async def run(self) -> int:
        """0 when everything went as it should."""
        bad = f"T-{uuid4().hex[:8]}"
        channel = Channel(unknown=bad)
        does = {
            "tickets:update-ticket-platform": update_ticket,
            "communications:create-comment-platform": create_comment,
            "communications:delete-comment-platform": delete_comment,
            "slack.postMessage-escalations": channel.post,
        }
        for name in does:
            await self._turnout.ask(actions.put(name, {"transport": "worker"}))
        await self._turnout.ask(event_types.put("ticket:created", {"source": "platform_app"}))
        async with resolver(), asyncio.TaskGroup() as group:
            worker = group.create_task(Worker(self._turnout, does).run(asyncio.Event()))
            workflow = await self._call("POST", "", WORKFLOW.read_bytes())
            print(f"{workflow['name']}: {workflow['uid']}, active: {workflow['isActive']}")
            good = await self._played(workflow, f"T-{uuid4().hex[:8]}")
            undone = await self._played(workflow, bad)
            await self._call("DELETE", f"/{workflow['uid']}")
            worker.cancel()
        return 0 if (good, undone) == (["1", "2", "3", "3"], ["1", "2", "3", "2!", "1!"]) else 1

    async def _played(self, workflow: dict[str, Any], ticket: str) -> list[str]:
        """The steps that a new ticket has led to, in their order; ``!`` undoes one."""
        message = {
            "eventId": ticket,
            "eventType": "ticket:created",
            "orgId": "ORG1",
            "actor": {"id": "U1", "type": "CUSTOMER", "email": "ann@acme.example"},
            "payload": {"ticketId": ticket, "priority": "URGENT"},
        }
        attributes = {"event_name": "ticket:created", "event_id": ticket}
        payload = {"message": message, "messageAttributes": attributes}
        event = {"event": "ticket:created", "id": ticket, "payload": payload}
        await self._turnout.ask(events.send(event))
        execution = await self._ended(workflow["uid"], ticket)
        why = "" if execution["error"] is None else f" ({execution['error']['message']})"
        print(f"\n{ticket}: {execution['status']}{why}")
        tasks = await self._call("GET", f"/{execution['id']}/tasks")
        for task in tasks:
            marks = [mark for mark in ("isRetry", "isCompensation") if task[mark]]
            step, activity = task["stepIdentifier"], task["activity"]["name"]
            print(f"  {step}  {task['status']:<9} {activity:<40} {' '.join(marks)}".rstrip())
        return [f"{task['stepIdentifier']}{'!' * task['isCompensation']}" for task in tasks]

    async def _ended(self, uid: str, ticket: str) -> dict[str, Any]:
        """The execution that a ticket has led to, once it has ended; it is approved on the way."""
        while True:
            for execution in await self._call("GET", f"/executions?workflowId={uid}"):
                about = execution["context"]["event"]["message"]["payload"]["ticketId"]
                if about == ticket and execution["status"] in ENDED:
                    return dict(execution)
                if about == ticket and execution["status"] == "SUSPENDED":
                    await self._approve(ticket)
            await asyncio.sleep(0.1)

    async def _approve(self, ticket: str) -> None:
        """Thena's API has no route for it: a person answers in Thena itself, or here."""
        async for wait in self._turnout.all(waits.list_(kind="approval")):
            if wait["data"]["context"]["ticketId"] == ticket:
                answer = executions.decision(
                    wait["execution_id"], wait["step_id"], decision="approve", by="support-leads"
                )
                await self._turnout.ask(answer)

    async def _call(self, method: str, path: str, body: bytes | None = None) -> Any:
        url = f"{URL}/thena/api/v1/workflows{path}"
        async with self._thena.request(method, url, data=body) as answer:
            document = await answer.json()
            if not answer.ok:
                raise SystemExit(f"{answer.status}: {document['message']}")
            return document


async def main() -> int:
    """The example, within its time."""
    headers = {"Content-Type": "application/json", "x-api-key": TOKEN or ""}
    async with (
        asyncio.timeout(WITHIN_S),
        open_turnout(URL, TOKEN) as turnout,
        ClientSession(headers=headers, timeout=ClientTimeout(WITHIN_S)) as thena,
    ):
        return await Example(turnout, thena).run()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
