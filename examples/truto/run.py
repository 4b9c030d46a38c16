"""An account is connected: of one integration that starts a sync job, of another it starts nothing.

Needs a running Turnout: see README.md.
"""

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from aiohttp import ClientSession

from shared.client.api import actions, events
from shared.client.turnout import AsyncTurnout, open_turnout
from shared.client.worker import Task, Worker

URL: Final = os.environ.get("TURNOUT_URL", "http://127.0.0.1:8080")
TOKEN: Final = os.environ.get("TURNOUT_TOKEN")
WORKFLOW: Final = Path(__file__).with_name("workflow.yaml")
ACTION: Final = "start_sync_job"
EVENT: Final = "integrated_account:connected"
WITHIN_S: Final = 60
POLL_S: Final = 0.2
# A new workflow is known to every matcher within a second.
KNOWN_WITHIN_S: Final = 2


async def main() -> int:
    """0 when everything went as it should."""
    headers = {} if TOKEN is None else {"Authorization": f"Bearer {TOKEN}"}
    async with (
        asyncio.timeout(WITHIN_S),
        open_turnout(URL, TOKEN) as turnout,
        ClientSession(URL, headers=headers) as truto,
    ):
        await turnout.ask(actions.put(ACTION, {"transport": "worker"}))
        worker = asyncio.create_task(Worker(turnout, {ACTION: start}).run(asyncio.Event()))
        try:
            return await play(turnout, truto)
        finally:
            worker.cancel()


async def start(task: Task) -> Any:
    """Stands for the service that runs sync jobs."""
    return {"id": str(uuid4()), "status": "created", **task.input}


async def play(turnout: AsyncTurnout, truto: ClientSession) -> int:
    """Create the workflow, connect two accounts, and look at what ran."""
    workflow = await create(truto)
    print(f"Workflow {workflow['id']} waits for {workflow['trigger_name']}.")
    await asyncio.sleep(KNOWN_WITHIN_S)
    for integration in ("hubspot", "calcom"):
        account = {"id": f"acc-{integration}", "integration": {"name": integration}}
        await turnout.ask(events.send({"event": EVENT, "payload": account}))
        print(f"An account of {integration} was connected.")
    run = await ended(truto, workflow["id"])
    print(f"Run {run['id']} has {run['status']}:")
    for step in run["result"]["steps"]:
        print(f"  {step['action']} gave {step['result']}")
    async with truto.delete(f"/truto/workflow/{workflow['id']}") as answer:
        answer.raise_for_status()
    [step] = run["result"]["steps"]
    return 0 if step["result"]["integrated_account_id"] == "acc-calcom" else 1


async def create(truto: ClientSession) -> Mapping[str, Any]:
    """The new workflow."""
    body, headers = WORKFLOW.read_bytes(), {"Content-Type": "application/yaml"}
    async with truto.post("/truto/workflow", data=body, headers=headers) as answer:
        workflow: Mapping[str, Any] = await answer.json()
        if not answer.ok:
            sys.exit(f"It was refused: {workflow}")
    return workflow


async def ended(truto: ClientSession, workflow_id: str) -> Mapping[str, Any]:
    """The first run of the workflow, as soon as it has ended."""
    query = {"workflow_id": workflow_id, "status[in]": "completed,failed"}
    while True:
        async with truto.get("/truto/workflow-run", params=query) as answer:
            runs = (await answer.json())["result"]
        if runs:
            break
        await asyncio.sleep(POLL_S)
    async with truto.get(f"/truto/workflow-run/{runs[0]['id']}") as answer:
        run: Mapping[str, Any] = await answer.json()
    return run


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
