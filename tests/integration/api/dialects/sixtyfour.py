"""Sixtyfour's API as its own description has it, and a client that is held to it."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema_rs import validator_for

from tests.integration.api.asking import Asker
from tests.integration.api.conftest import Client
from tests.integration.api.face import Face, open_face

DATA = Path(__file__).parents[3] / "data" / "sixtyfour_openapi.json"


@cache
def described() -> dict[str, Any]:
    """The document."""
    document: dict[str, Any] = json.loads(DATA.read_text())
    return document


def check(method: str, path: str, status: int, answer: Any) -> None:
    """Fail unless an answer is as the document describes it."""
    operation = described()["paths"][path][method.lower()]
    schema = operation["responses"][str(status)]["content"]["application/json"]["schema"]
    whole = {**schema, "components": described()["components"]}
    faults = [fault.message for fault in validator_for(whole).iter_errors(answer)]
    assert not faults, (path, faults)


class Sixtyfour:
    """Asks as Sixtyfour's clients do; each 200 is held against the description."""

    def __init__(self, client: Client, **headers: str) -> None:
        self.client = client
        self.headers = headers

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        status: int = 200,
        query: dict[str, str] | None = None,
        described_as: str | None = None,
        **headers: str,
    ) -> Any:
        """The document that a request is answered with, which has this status."""
        async with self.client.request(
            method,
            f"/sixtyfour{path}",
            json=body,
            params=query or {},
            headers={**self.headers, **headers},
        ) as reply:
            document = await reply.json()
            assert reply.status == status, document
        if status in (200, 422):
            check(method, described_as or path, status, document)
        elif status >= 400:
            assert document.keys() == {"detail"}
            assert isinstance(document["detail"], str)
        return document

    async def create(self, **fields: Any) -> Any:
        """A workflow that was created."""
        body = {"workflow_name": "w", "workflow_description": "d", **fields}
        return await self.ask("POST", "/workflows/create_workflow", body)

    async def live(self, run_id: str) -> Any:
        """Where a run is."""
        path = "/workflows/runs/{run_id}/live_status"
        return await self.ask("GET", path.format(run_id=run_id), described_as=path)

    async def results(self, run_id: str, form: str = "csv") -> Any:
        """What a run came to."""
        path = "/workflows/runs/{run_id}/results/download-links"
        return await self.ask(
            "GET", path.format(run_id=run_id), query={"format": form}, described_as=path
        )


def block(number: int, name: str, specs: Any = None, **more: Any) -> dict[str, Any]:
    """A block."""
    return {
        "sequence_number": number,
        "block_type": name,
        "block_name": name,
        "specs": specs or {},
        **more,
    }


PEOPLE = [
    {"name": "Jane", "company": "Acme", "age": 41},
    {"name": "Ann", "company": "Globex", "age": 17},
    {"name": "Jane", "company": "Acme", "age": 41},
]
SHORT: dict[str, Any] = {"blocks": [block(1, "webhook"), block(2, "deduplicate")], "edges": []}


class World:
    """An executor, and Sixtyfour's API before it."""

    def __init__(self, face: Face) -> None:
        self.face = face
        self.api = Sixtyfour(face.client)

    async def workflow(self, graph: dict[str, Any]) -> str:
        """The id of a workflow that is ready."""
        created = await self.api.create(workflow_definition=graph)
        assert created["status"] == "ready", created
        return str(created["id"])

    async def run(
        self,
        workflow_id: str,
        payload: Any = None,
        *,
        status: int = 200,
        save_json: bool = False,
        key: str | None = None,
        **more: Any,
    ) -> Any:
        """A run that was asked for."""
        return await self.api.ask(
            "POST",
            "/workflows/run",
            {"webhook_payload": payload, **more},
            status=status,
            query={"workflow_id": workflow_id, **({"save_json": "true"} if save_json else {})},
            **({"Idempotency-Key": key} if key else {}),
        )

    async def ended(self, started: Any) -> Any:
        """Where a run is at its end."""
        await self.face.ends(started["job_id"])
        return await self.api.live(started["job_id"])

    async def task(self, *, within_s: float = 20) -> Any:
        """The next task of a worker."""
        body = {"actions": ["find_email"], "wait_s": within_s}
        (task,) = (await self.face.post("tasks/poll", body, status=200))["items"]
        return task

    async def said(self, task: Any, progress: Any) -> None:
        """Tell how far a task is."""
        path = f"tasks/{task['task_id']}/heartbeat"
        await self.face.post(path, {"progress": progress}, status=200)

    async def done(self, task: Any, output: Any) -> None:
        """Tell that a task is done."""
        await self.face.post(f"tasks/{task['task_id']}/complete", {"output": output})


@asynccontextmanager
async def open_world(database: str) -> AsyncIterator[World]:
    """A world whose environment has the action ``find_email``, done by workers."""
    async with open_face(database) as face:
        await face.call("PUT", "actions/find_email", {"transport": "worker"})
        yield World(face)


async def fill_sixtyfour(asker: Asker) -> dict[str, str]:
    """A workflow, a run and an interactive job of it: what stands in paths of Sixtyfour's."""
    at, webhook = "/sixtyfour/workflows", {"block_name": "webhook", "specs": {}}
    block = {**webhook, "sequence_number": 1, "block_type": "webhook"}
    graph = {"blocks": [block], "edges": []}
    flow = {"workflow_name": "w", "workflow_description": "", "workflow_definition": graph}
    _, made = await asker.ask("POST", f"{at}/create_workflow", flow)
    _, run = await asker.ask("POST", f"{at}/run?workflow_id={made['id']}", {})
    _, job = await asker.ask("POST", f"{at}/interactive/start", webhook)
    ids = {"workflow_id": made["id"], "run_id": run["job_id"], "job_id": job["job_id"]}
    return {f"sixtyfour {{{name}}}": id_ for name, id_ in ids.items()}
