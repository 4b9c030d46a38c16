"""However many workflows there are, each is found: by its name, to be exported or archived."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import yaml
from aiohttp import web
from aiohttp.test_utils import TestServer

from services.cli.client import open_client
from services.cli.workflow.export import Fetched, fetch_documents, write_all
from services.cli.workflow.files import read_definitions
from shared.domain.ids import DEFAULT_ENVIRONMENT
from tests.integration.cli.command import turnout

COUNT = 10_401
LAST = COUNT - 1


def workflow(number: int) -> dict[str, Any]:
    """One as the API lists it."""
    return {
        "id": str(UUID(int=number)),
        "environment_id": str(DEFAULT_ENVIRONMENT),
        "dialect": "native",
        "name": f"flow {number}",
        "lifecycle": "ready",
        "is_active": True,
    }


async def listed(request: web.Request) -> web.Response:
    """A page; the cursor is the number that comes next."""
    begin, limit = int(request.query.get("cursor", 0)), int(request.query["limit"])
    end = min(begin + limit, COUNT)
    page = {
        "items": [workflow(number) for number in range(begin, end)],
        "next_cursor": None if end == COUNT else str(end),
    }
    return web.json_response(page)


async def shown(request: web.Request) -> web.Response:
    """One of them."""
    return web.json_response(workflow(UUID(request.match_info["id"]).int))


async def compared(_: web.Request) -> web.Response:
    """The file is as the workflow is."""
    return web.json_response({"is_same": True, "differences": []})


@asynccontextmanager
async def serving() -> AsyncIterator[str]:
    """The address of an API with so many workflows."""
    app = web.Application()
    app.router.add_get("/v1/workflows", listed)
    app.router.add_get("/v1/workflows/{id}", shown)
    app.router.add_post("/v1/workflows/{id}/diff", compared)
    async with TestServer(app) as server:
        yield str(server.make_url(""))


async def test_a_file_is_of_the_last_of_them_and_the_others_are_archived(tmp_path: Path) -> None:
    """It is not made a second time; and it is said how far the command is."""
    (tmp_path / "last.yaml").write_text(f"name: flow {LAST}\n")
    async with serving() as url:
        asked = ("workflow", "apply", str(tmp_path), "--prune", "--dry-run", "--json")
        done = await asyncio.to_thread(turnout, *asked, "--url", url)
    assert done.code == 0, done.err
    [kept, *archived] = done.json
    assert (kept["applied"], kept["id"]) == ("unchanged", str(UUID(int=LAST)))
    assert [one["applied"] for one in archived] == ["archived"] * LAST
    assert "10,000 looked at" in done.err


async def test_many_files_are_counted(tmp_path: Path) -> None:
    """While they are compared and applied; not among the data."""
    for number in range(101):
        (tmp_path / f"{number}.yaml").write_text(f"id: {UUID(int=number)}\nname: flow {number}\n")
    async with serving() as url:
        asked = ("workflow", "apply", str(tmp_path), "--json", "--url", url)
        done = await asyncio.to_thread(turnout, *asked)
    assert (done.code, len(done.json)) == (0, 101)
    assert done.err == "100 of 101 files compared …\n100 of 101 files applied …\n"


async def test_all_are_exported() -> None:
    """Each once."""
    async with serving() as url, open_client(url, None) as client:
        found = await fetch_documents(client, None)
    assert len({one.document["id"] for one in found}) == COUNT


def test_workflows_of_one_name_have_files_of_their_own(tmp_path: Path) -> None:
    """However alike their ids are, none is written over another."""
    ids = [str(UUID(int=number)) for number in range(1, 5)]
    fetched = [Fetched(DEFAULT_ENVIRONMENT, {"id": id_, "name": "same"}) for id_ in ids]
    for what in ("created", "unchanged"):
        assert [one["what"] for one in write_all(tmp_path, fetched)] == [what] * 4
    written = [yaml.safe_load(file.read_text()) for file in tmp_path.iterdir()]
    assert sorted(one["id"] for one in written) == ids


@pytest.mark.parametrize(
    ("count", "suffix"), [(400, ".yaml"), (25_000, ".json"), (33_000, ".json")]
)
def test_what_is_exported_can_be_read(tmp_path: Path, count: int, suffix: str) -> None:
    """However large it is: a file of YAML has its bounds."""
    document = {"id": str(UUID(int=1)), "name": "large", "metadata": {"a": [1] * count}}
    [told] = write_all(tmp_path, [Fetched(DEFAULT_ENVIRONMENT, document)])
    assert Path(told["file"]).suffix == suffix
    [written] = read_definitions([tmp_path])
    assert written.document == document
    assert [one["what"] for one in write_all(tmp_path, [Fetched(DEFAULT_ENVIRONMENT, document)])]
