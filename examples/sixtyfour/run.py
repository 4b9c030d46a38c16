"""People are sent to a workflow of blocks, and come back with e-mail addresses: see README.md."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any, Final

from aiohttp import ClientSession, ClientTimeout

from shared.client.api import actions
from shared.client.turnout import AsyncTurnout, open_turnout
from shared.client.worker import Task, Worker

URL: Final = os.environ.get("TURNOUT_URL", "http://127.0.0.1:8080")
TOKEN: Final = os.environ.get("TURNOUT_TOKEN")
WORKFLOW: Final = Path(__file__).with_name("workflow.json")
WITHIN_S: Final = 60
ENDED: Final = ("completed", "failed", "cancelled")
EMPLOYEES: Final = {"Acme": 4_200, "Globex": 12}
PEOPLE: Final = [
    {"name": "Jane Doe", "company": "Acme"},
    {"name": "John Smith", "company": "Globex"},
    {"name": "Jane Doe", "company": "Acme"},
]


async def enrich(task: Task) -> Any:
    """Sixtyfour's own service would do it: it tells how far it is, and gives the rows it made."""
    rows = []
    for count, row in enumerate(task.input["rows"], 1):
        rows.append({**row, "employee_count": EMPLOYEES[row["company"]]})
        await task.tell({"processed_count": count})
    return {"rows": rows}


async def find_email(task: Task) -> Any:
    """Rows may also come as a plain list."""
    return [
        {**row, "email": f"{row['name'].split()[0]}@{row['company']}.example".lower()}
        for row in task.input["rows"]
    ]


class Example:
    """What there is to do, by Sixtyfour's API."""

    def __init__(self, turnout: AsyncTurnout, sixtyfour: ClientSession) -> None:
        self._turnout = turnout
        self._sixtyfour = sixtyfour

    async def run(self) -> int:
        """0 when everything went as it should."""
        does = {"lead_enrichment": enrich, "find_email": find_email}
        for name in does:
            await self._turnout.ask(actions.put(name, {"transport": "worker"}))
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(Worker(self._turnout, does).run(stop))
            rows = await self._played()
            stop.set()
        return 0 if [row["email"] for row in rows] == ["jane@acme.example"] else 1

    async def _played(self) -> list[dict[str, Any]]:
        """The rows that a new workflow makes of the people."""
        workflow = await self._call("POST", "create_workflow", json.loads(WORKFLOW.read_bytes()))
        which = f"workflow_id={workflow['id']}"
        print(f"{workflow['name']}: {workflow['id']}, {workflow['status']}")
        run = await self._call("POST", f"run?{which}", {"webhook_payload": PEOPLE})
        live = await self._ended(run["job_id"])
        print(f"\n{run['job_id']}: {live['overall_status']}")
        for block in live["blocks"]:
            place, rows = block["sequence_number"], block["metrics"]["row_count"]
            print(f"  {place}  {block['status']:<10} {block['block_name']:<16} {rows} rows")
        (result,) = await self._call("GET", f"runs/{run['job_id']}/results/download-links")
        print(f"\n{result['filename']}:")
        async with self._sixtyfour.get(result["download_url"]) as file:
            print(await file.text())
        await self._call("POST", f"delete_workflow?{which}")
        rows_made: list[dict[str, Any]] = result["results"]
        return rows_made

    async def _ended(self, run_id: str) -> dict[str, Any]:
        """The live status of a run, once it has ended."""
        while True:
            live = await self._call("GET", f"runs/{run_id}/live_status")
            if live["overall_status"] in ENDED:
                return dict(live)
            await asyncio.sleep(0.2)

    async def _call(self, method: str, path: str, body: Any = None) -> Any:
        url = f"{URL}/sixtyfour/workflows/{path}"
        headers = {"x-api-key": TOKEN or ""}
        async with self._sixtyfour.request(method, url, json=body, headers=headers) as answer:
            document = await answer.json()
            if not answer.ok:
                raise SystemExit(f"{answer.status}: {document['detail']}")
            return document


async def main() -> int:
    """The example, within its time."""
    async with (
        asyncio.timeout(WITHIN_S),
        open_turnout(URL, TOKEN) as turnout,
        ClientSession(timeout=ClientTimeout(WITHIN_S)) as sixtyfour,
    ):
        return await Example(turnout, sixtyfour).run()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
