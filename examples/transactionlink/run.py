"""Two executions in the background: one runs to its result, the other one is cancelled.

Needs a running Turnout: see README.md.
"""

import asyncio
import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from aiohttp import ClientSession

URL: Final = os.environ.get("TURNOUT_URL", "http://127.0.0.1:8080")
TOKEN: Final = os.environ.get("TURNOUT_TOKEN")
DEFINITION: Final = Path(__file__).with_name("definition.yaml")
PATH: Final = "/transactionlink/workflows"
WITHIN_S: Final = 60
POLL_S: Final = 0.2


async def main() -> int:
    """0 when everything went as it should."""
    # as TransactionLink has it: without 'Bearer'
    headers = {} if TOKEN is None else {"Authorization": TOKEN}
    async with asyncio.timeout(WITHIN_S), ClientSession(URL, headers=headers) as client:
        definition = await define(client)
        record, expires_at = str(uuid4()), datetime.now(UTC) + timedelta(minutes=45)
        one = await start(client, definition, recordId=record, expiresAt=expires_at.isoformat())
        print(f"Started {one['id']} ({one['executionType']}), which expires at {one['expiresAt']}.")
        result = await result_of(client, one["id"])
        print(f"It came to {result}.")
        other = await start(client, definition)
        async with client.delete(f"{PATH}/{other['id']}") as answer:
            print(f"Cancelling {other['id']}: {answer.status}.")
        status = await ended(client, other["id"])
        print(f"It is {status}.")
    wanted = {"company": "Acme", "locale": "fr", "record": record, "verdict": "clear"}
    return 0 if (result, status) == (wanted, "CANCELLED") else 1


async def define(client: ClientSession) -> str:
    """The id of the definition; its own words have no route for it, Turnout's have."""
    body, headers = DEFINITION.read_bytes(), {"Content-Type": "application/yaml"}
    async with client.post("/v1/workflows", data=body, headers=headers) as answer:
        document = await answer.json(content_type=None)
        if not answer.ok:
            sys.exit(f"It was refused: {document}")
    return str(document["id"])


async def start(client: ClientSession, definition: str, **more: str) -> Mapping[str, Any]:
    """A new execution."""
    body = {"workflowDefinitionId": definition, "locale": "fr", "parameters": {"company": "Acme"}}
    async with client.post(PATH, json={**body, **more}) as answer:
        document: Mapping[str, Any] = await answer.json()
        if not answer.ok:
            sys.exit(f"It was refused: {document}")
    return document


async def result_of(client: ClientSession, execution: str) -> Any:
    """What it comes to, as soon as it is there."""
    while True:
        async with client.get(f"{PATH}/{execution}/result") as answer:
            if answer.ok:
                return await answer.json()
        await asyncio.sleep(POLL_S)


async def ended(client: ClientSession, execution: str) -> str:
    """How it stands once it has ended."""
    while True:
        async with client.get(f"{PATH}/{execution}") as answer:
            status = str((await answer.json())["status"])
        if status not in ("RUNNING", "AWAITING"):
            return status
        await asyncio.sleep(POLL_S)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
