"""Sixtyfour's interactive jobs: built block by block, with an executor behind them."""

from typing import Any
from uuid import uuid4

from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.integration.api.dialects.sixtyfour import Sixtyfour
from tests.integration.api.face import Face, open_face
from tests.support.works import all_ended

ROWS = [{"name": "Jane", "age": 41}, {"name": "Ann", "age": 17}, {"name": "Jane", "age": 41}]
ADULTS = {"filters": [{"column": "age", "operator": "greater", "value": 17}]}
_JOB = "/workflows/interactive/{job_id}"


class Job:
    """A job that was opened with some rows."""

    def __init__(self, face: Face, id_: str) -> None:
        self.face = face
        self.api = Sixtyfour(face.client)
        self.id = id_

    async def ask(
        self, method: str, word: str, body: Any = None, *, status: int = 200, **query: str
    ) -> Any:
        """What one of its routes answers."""
        return await self.api.ask(
            method,
            f"/workflows/interactive/{self.id}/{word}",
            body,
            status=status,
            query=query,
            described_as=f"{_JOB}/{word}",
        )

    async def add(self, name: str, specs: Any, parent: str) -> Any:
        """What the job says to another block."""
        body = {"block_name": name, "specs": specs, "parent_block_id": parent}
        return await self.ask("POST", "add-block", body)

    async def ended(self, count: int) -> list[Any]:
        """Its blocks, once ``count`` executions have ended."""
        await all_ended(self.face.works.pool, count)
        blocks: list[Any] = (await self.ask("GET", "state"))["blocks"]
        return blocks


async def opened(face: Face, **more: Any) -> Job:
    """A job whose first block is a webhook."""
    body = {"block_name": "webhook", "specs": {}, "webhook_payload": ROWS, **more}
    started = await Sixtyfour(face.client).ask("POST", "/workflows/interactive/start", body)
    assert started["status"] == "running"
    return Job(face, started["job_id"])


async def test_rows_feed_the_next_block_and_the_chain_is_saved(database: str) -> None:
    """A chain of blocks that ran one by one is a workflow that does the same at once."""
    async with open_face(database) as face:
        job = await opened(face)
        (first,) = await job.ended(1)
        assert (first["status"], first["metrics"]["row_count"]) == ("completed", 3)
        second = await job.add("deduplicate", {}, first["block_id"])
        assert second.items() >= {"accepted": True, "error": None}.items()
        await job.ended(2)
        third = await job.add("filter", ADULTS, second["block_id"])
        blocks = await job.ended(3)
        assert [b["metrics"]["row_count"] for b in blocks] == [3, 2, 1]
        assert [b["sequence_number"] for b in blocks] == [1, 2, 3]
        assert [b["previous_block_ids"] for b in blocks][2] == [second["block_id"]]
        output = await job.ask("GET", "output", block_id=third["block_id"])
        assert (output["block_id"], output["row_count"]) == (third["block_id"], 1)
        (result,) = await job.api.results(output["resource_handle_id"])
        assert result["results"] == ROWS[:1]
        assert await job.api.ask("GET", "/workflows") == []
        saved = await job.ask(
            "POST", "save", {"block_id": third["block_id"], "workflow_name": "kept"}
        )
        assert (saved["status"], saved["name"]) == ("ready", "kept")
        names = [b["block_name"] for b in saved["workflow_definition"]["blocks"]]
        assert names == ["webhook", "deduplicate", "filter"]
        run = await job.api.ask(
            "POST",
            "/workflows/run",
            {"webhook_payload": ROWS},
            query={"workflow_id": saved["id"]},
        )
        await face.ends(run["job_id"])
        (result,) = await job.api.results(run["job_id"])
        assert result["results"] == ROWS[:1]


async def test_rows_that_are_posted_go_on(database: str) -> None:
    """What comes after a webhook that is sent has the rows, too; each block counts what it got."""
    got: list[Any] = []

    async def receive(request: web.Request) -> web.Response:
        got.append((await request.json())["results"])
        return web.Response()

    app = web.Application()
    app.router.add_post("/hook", receive)
    async with open_face(database) as face, TestServer(app) as server:
        job = await opened(face)
        (first,) = await job.ended(1)
        specs = {"url": str(server.make_url("/hook"))}
        sent = await job.add("outgoing_webhook", specs, first["block_id"])
        await job.ended(2)
        assert got == [ROWS]
        output = await job.ask("GET", "output", block_id=sent["block_id"])
        assert output["row_count"] == 3
        kept = await job.add("filter", ADULTS, sent["block_id"])
        blocks = await job.ended(3)
        assert [b["metrics"]["row_count"] for b in blocks] == [3, 0, 2]
        assert [b["total_count"] for b in blocks] == [3, 3, 3]
        output = await job.ask("GET", "output", block_id=kept["block_id"])
        (result,) = await job.api.results(output["resource_handle_id"])
        assert result["results"] == ROWS[::2]


async def test_a_finished_job_takes_no_more_blocks(database: str) -> None:
    """It is completed once its blocks have ended; finishing again changes nothing."""
    async with open_face(database) as face:
        job = await opened(face)
        (first,) = await job.ended(1)
        state = await job.ask("GET", "state")
        assert (state["overall_status"], state["completed_at"]) == ("running", None)
        for _ in range(2):
            assert await job.ask("POST", "finish") == {"status": "finished"}
        refused = await job.add("deduplicate", {}, first["block_id"])
        assert (refused["accepted"], refused["block_id"]) == (False, None)
        assert "finished" in refused["error"]
        state = await job.ask("GET", "state")
        assert (state["overall_status"], state["total_blocks"]) == ("completed", 1)


async def test_a_block_that_cannot_be_added_is_refused_with_its_reason(database: str) -> None:
    """An unknown one, faulty specs, another job's parent, one that has not completed."""
    async with open_face(database) as face:
        await face.call("PUT", "actions/find_email", {"transport": "worker"})
        job, other = await opened(face), await opened(face)
        first, strange = (await job.ended(2))[0], (await other.ended(2))[0]
        for name, specs, parent, told in (
            ("no_such", {}, first["block_id"], "/block_name"),
            ("remove_columns", {}, first["block_id"], "/specs/columns"),
            ("deduplicate", {}, strange["block_id"], "no block"),
            ("deduplicate", {}, "x", "no block"),
        ):
            refused = await job.add(name, specs, parent)
            assert (refused["accepted"], told in refused["error"]) == (False, True), refused
        waits = await job.add("find_email", {}, first["block_id"])
        early = await job.add("deduplicate", {}, waits["block_id"])
        assert "has not completed" in early["error"]
        await job.ask("GET", "output", status=409, block_id=waits["block_id"])
        state = await job.ask("GET", "state")
        assert (state["current_block"], state["total_blocks"]) == ("find_email", 2)
        assert state["blocks"][1]["status"] == "running"


async def test_what_is_no_job_is_not_there(database: str) -> None:
    """404; a first block that cannot run is refused at its place, and leaves nothing behind."""
    async with open_face(database) as face:
        nobody = Job(face, str(uuid4()))
        await nobody.ask("GET", "state", status=404)
        await nobody.ask("POST", "finish", status=404)
        await nobody.ask("GET", "output", status=404, block_id="x")
        await nobody.ask("POST", "save", {"block_id": "x", "workflow_name": "w"}, status=404)
        body = {"block_name": "a", "specs": {}, "parent_block_id": "x"}
        await nobody.ask("POST", "add-block", body, status=404)
        refusal = await nobody.api.ask(
            "POST",
            "/workflows/interactive/start",
            {"block_name": "no_such", "specs": {}},
            status=422,
        )
        assert refusal["detail"][0]["loc"] == ["body", "block_name"]
        assert (await face.get("workflows"))["items"] == []
