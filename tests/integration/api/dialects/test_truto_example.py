"""The example of Truto's API does what it says, against a running Turnout."""

import asyncio
import os
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from tests.support.house import count, open_house
from tests.support.served import Client, open_api

EXAMPLES = Path(__file__).parents[4] / "examples"


async def played(client: Client, *command: str, **more: str) -> tuple[int | None, str]:
    """How a command of the examples ends that asks ``client``'s API, and what it says."""
    place = str(client.make_url("/")).rstrip("/")
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=EXAMPLES.parent,
        env={**os.environ, "PYTHONPATH": ".", "TURNOUT_URL": place, **more},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await asyncio.wait_for(process.communicate(), 90)
    return process.returncode, said.decode()


async def test_the_request_of_its_documentation_is_answered_as_documented(database: str) -> None:
    """Sent by its curl command; every documented field is there, and of its type."""
    async with open_house(database) as house, open_api(house) as client:
        code, said = await played(client, "sh", "examples/truto/create.sh")
        assert code == 0, said
        workflow: dict[str, Any] = orjson.loads(said)
        again, repeated = await played(client, "sh", "examples/truto/create.sh")
    assert (again, orjson.loads(repeated)) == (0, workflow)
    assert workflow["id"] == "4a4de828-f4c9-4bea-8ef4-2d705aec43bc"
    assert workflow["environment_id"] == "05daecaf-4365-42e8-8370-8127de5dd717"
    assert workflow["trigger_name"] == "integrated_account:connected"
    assert workflow["config"] == {}
    for field in ("created_at", "updated_at"):
        assert datetime.fromisoformat(workflow[field]).tzinfo is not None


async def test_an_event_starts_its_workflow(database: str) -> None:
    """The script ends with 0, and shows what the step gave for one of two events."""
    async with open_house(database) as house, open_api(house) as client:
        code, said = await played(client, sys.executable, "examples/truto/run.py")
        assert await count(house.platform.pool, "executions") == 1
    assert code == 0, said
    assert "has completed" in said
    assert "51b79ace-a7b4-4077-93ba-8048a06ece2b" in said
