"""The rows of Sixtyfour's runs as files, and the links by which they are fetched."""

import csv
import io
from typing import Any
from uuid import uuid4

import pytest
from yarl import URL

from services.api.dialects.sixtyfour import result_handlers
from tests.integration.api.dialects.sixtyfour import PEOPLE, SHORT, World, open_world


async def test_files_are_fetched_by_their_links_alone(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CSV and JSON; rows that are many are in the file only; a link counts as it was made."""
    rows = [{"a": 'x,"y"', "n": 1, "l": [1, None]}, {"b": "ö\n", "n": None}, {}]
    async with open_world(database) as world:
        started = await world.run(await world.workflow(SHORT), rows, save_json=True)
        await world.ended(started)
        monkeypatch.setattr(result_handlers, "INLINE_BYTES_MAX", 3)
        (listed,) = await world.api.results(started["job_id"])
        assert (listed["results"], listed["download_expires_in_seconds"]) == (None, 900)
        table = list(csv.reader(io.StringIO(await _fetched(world, listed, "text/csv"), newline="")))
        assert table == [
            ["a", "n", "l", "b"],
            ['x,"y"', "1", "[1,null]", ""],
            ["", "", "", "ö\n"],
            ["", "", "", ""],
        ]
        (listed,) = await world.api.results(started["job_id"], "json")
        assert await _fetched(world, listed, "application/json", is_json=True) == rows
        link = URL(listed["download_url"])
        for other in (
            link.update_query(expires="99999999999"),
            link.update_query(signature="00"),
            link.update_query(environment_id=str(uuid4())),
            URL(str(link).replace("/json/", "/csv/")),
            URL(str(link).replace(started["job_id"], str(uuid4()))),
            URL(str(link).replace("?", "x?")),
            URL(str(link).replace("?", "%2F..%0A?"), encoded=True),
        ):
            await _is_refused(world, other)
        monkeypatch.setattr(result_handlers, "LINK_S", -1)
        (listed,) = await world.api.results(started["job_id"])
        await _is_refused(world, URL(listed["download_url"]))


async def test_json_is_for_runs_that_saved_it(database: str) -> None:
    """400 else."""
    async with open_world(database) as world:
        started = await world.run(await world.workflow(SHORT), PEOPLE)
        await world.ended(started)
        path = f"/workflows/runs/{started['job_id']}/results/download-links"
        await world.api.ask("GET", path, query={"format": "json"}, status=400)


async def _fetched(world: World, listed: Any, media: str, *, is_json: bool = False) -> Any:
    link = URL(listed["download_url"])
    async with world.face.client.get(link.relative()) as answer:
        assert (answer.status, answer.content_type) == (200, media)
        assert listed["filename"] in answer.headers["Content-Disposition"]
        return await answer.json() if is_json else await answer.text()


async def _is_refused(world: World, link: URL) -> None:
    async with world.face.client.get(link.relative()) as answer:
        assert (answer.status, list(await answer.json())) == (403, ["detail"])
