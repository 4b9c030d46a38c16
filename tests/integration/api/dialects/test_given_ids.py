"""A workflow that has an id of its own here is found by the one it was given, in every system."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.api.dialects.altostrat.ids import WORKFLOW, written
from services.cli.client import open_client
from services.cli.workflow.export import fetch_documents, write_all
from services.cli.workflow.files import read_definitions
from services.cli.workflow.syncing import Applied, apply_planned, planned
from shared.domain.ids import made_id
from shared.domain.principals import Scope
from shared.domain.short_ids import short_id
from tests.integration.api.asking import OPERATOR, Asker
from tests.integration.api.dialects.sixtyfour import SHORT
from tests.integration.api.dialects.thena import FLOW, WORKFLOWS
from tests.support.served import open_api
from tests.support.works import Works, open_works, until

TRUTO: dict[str, Any] = {"label": "w", "config": {"steps": []}}
ALTOSTRAT: dict[str, Any] = {
    "name": "w",
    "authorization_id": "auth_1",
    "nodes": [{"id": "start", "type": "api_trigger"}, {"id": "say", "type": "response"}],
    "edges": [{"source": "start", "target": "say"}],
}
SIXTYFOUR: dict[str, Any] = {
    "workflow_name": "w",
    "workflow_description": "d",
    "workflow_definition": SHORT,
}
THENA: dict[str, Any] = {**FLOW, "name": "w"}


def fl(id_: UUID) -> str:
    """An id as Altostrat writes it."""
    return written(WORKFLOW, id_)


@asynccontextmanager
async def two(database: str) -> AsyncIterator[tuple[Works, Asker, Asker]]:
    """Somebody of the one environment, and somebody of another; what they start runs."""
    async with open_works(database) as works, open_api(works, OPERATOR) as client:
        operator = Asker(client, OPERATOR)
        made = [await operator.new_environment(name) for name in ("theirs", "mine")]
        theirs, mine = [await operator.key(list(Scope), one) for one in made]
        yield works, theirs, mine


async def done(asker: Asker, method: str, path: str, body: Any = None) -> Any:
    """The document of an answer that is no refusal."""
    status, document = await asker.ask(method, path, body)
    assert status < 300, (path, document)
    return document


async def ended(works: Works, count: int) -> None:
    """Wait until so many executions have come to their ends."""
    await until(works.pool, "SELECT count(*) FROM executions WHERE finished_at IS NOT NULL", count)


async def test_truto(database: str) -> None:
    """Read, changed, listed by what ran, and deleted; its own id is told throughout."""
    async with two(database) as (works, theirs, mine):
        given, body = uuid4(), {"id": str(uuid4()), **TRUTO}
        body["id"] = str(given)
        await done(theirs, "POST", "/truto/workflow", body)
        own = (await done(mine, "POST", "/truto/workflow", body))["id"]
        assert own != str(given)
        path = f"/truto/workflow/{given}"
        for named, said in ((given, "a"), (own, "b"), (given, "c")):
            changes = {"id": str(named), "label": said}
            for change in (changes, {"trigger_name": said}):
                changed = await done(mine, "PATCH", path, change)
                assert (changed["id"], changed["label"]) == (own, said)
        refused = await mine.ask("PATCH", path, {"id": str(uuid4())})
        assert refused[0] == 400
        assert await mine.get(path) == await mine.get(f"/truto/workflow/{own}")
        await done(mine, "POST", f"/v1/workflows/{own}/executions", {})
        await ended(works, 1)
        runs = await mine.get(f"/truto/workflow-run?workflow_id={given}")
        assert [run["workflow_id"] for run in runs["result"]] == [own]
        assert await done(mine, "DELETE", path) == {"id": own}
        assert (await mine.ask("GET", path))[0] == 404
        assert (await theirs.get(path))["id"] == str(given)


@pytest.mark.parametrize("given", [made_id(uuid4()), uuid4()], ids=["made", "chosen"])
async def test_altostrat(database: str, given: UUID) -> None:
    """A document with an id of elsewhere is one workflow; it runs, is changed and is deleted."""
    async with two(database) as (works, theirs, mine):
        body = {"id": fl(given), **ALTOSTRAT}
        await done(theirs, "POST", "/altostrat/workflows", body)
        own = (await done(mine, "POST", "/altostrat/workflows", body))["id"]
        assert own != fl(given)
        assert (await done(mine, "POST", "/altostrat/workflows", body))["id"] == own
        other = await mine.ask("POST", "/altostrat/workflows", {**body, "name": "other"})
        assert other[0] == 409
        path = f"/altostrat/workflows/{fl(given)}"
        assert await mine.get(path) == await mine.get(f"/altostrat/workflows/{own}")
        assert (await done(mine, "PUT", path, {**body, "name": "x"}))["id"] == own
        await done(mine, "POST", f"/altostrat/workflows/sync/{fl(given)}", {"a": 1})
        await done(mine, "POST", f"{path}/execute")
        await ended(works, 2)
        assert (await mine.get(f"{path}/executions"))["meta"]["total"] == 2
        assert (await mine.ask("DELETE", path))[0] == 204
        assert (await mine.ask("GET", f"/altostrat/workflows/{own}"))[0] == 404


async def test_an_answer_of_altostrat_or_thena_is_copied(database: str) -> None:
    """Where nobody chooses ids, an answer that is sent once more is another workflow."""
    async with two(database) as (_, _, mine):
        for path, name, body in (
            ("/altostrat/workflows", "id", ALTOSTRAT),
            (WORKFLOWS, "uid", THENA),
        ):
            first = await done(mine, "POST", path, body)
            second = await done(mine, "POST", path, first)
            assert first[name] != second[name]
            assert len(await mine.get(path)) == 2


async def test_sixtyfour(database: str) -> None:
    """Read, changed, run, listed by what ran, and deleted by the id that it was given."""
    async with two(database) as (works, theirs, mine):
        given = str(uuid4())
        body, base = {"id": given, **SIXTYFOUR}, "/sixtyfour/workflows"
        await done(theirs, "POST", f"{base}/create_workflow", body)
        own = (await done(mine, "POST", f"{base}/create_workflow", body))["id"]
        assert own != given
        which = f"?workflow_id={given}"
        changed = await done(mine, "POST", f"{base}/update_workflow{which}", {"workflow_name": "x"})
        assert (changed["id"], changed["workflow_description"]) == (own, "d")
        assert await mine.get(f"{base}/{given}") == await mine.get(f"{base}/{own}")
        ran = await done(mine, "POST", f"{base}/run{which}", {"webhook_payload": [{"a": 1}]})
        assert ran["workflow_id"] == own
        await ended(works, 1)
        [listed] = await mine.get(f"{base}/runs{which}")
        assert listed["job_id"] == ran["job_id"]
        assert (await done(mine, "POST", f"{base}/delete_workflow{which}"))["id"] == own
        assert (await mine.ask("GET", f"{base}/{own}"))[0] == 404


@pytest.mark.parametrize("given", [made_id(uuid4()), uuid4()], ids=["made", "chosen"])
async def test_thena(database: str, given: UUID) -> None:
    """A document with a uid of elsewhere is one workflow; it is changed, switched and deleted."""
    async with two(database) as (works, theirs, mine):
        body = {"uid": short_id(given), **THENA}
        await done(theirs, "POST", WORKFLOWS, body)
        own = (await done(mine, "POST", WORKFLOWS, body))["uid"]
        assert own != short_id(given)
        assert (await done(mine, "POST", WORKFLOWS, body))["uid"] == own
        path = f"{WORKFLOWS}/{short_id(given)}"
        assert (await done(mine, "PATCH", path, {"name": "x"}))["uid"] == own
        assert (await done(mine, "POST", f"{path}/toggle"))["isActive"] is False
        assert await mine.get(path) == await mine.get(f"{WORKFLOWS}/{own}")
        await done(mine, "POST", f"/v1/workflows/{given}/executions", {})
        await ended(works, 1)
        [ran] = await mine.get(f"{WORKFLOWS}/executions?workflowId={short_id(given)}")
        assert ran["workflowId"] == own
        assert (await done(mine, "DELETE", path))["uid"] == own
        assert (await mine.ask("GET", f"{WORKFLOWS}/{own}"))[0] == 404


async def test_transactionlink(database: str) -> None:
    """A definition is started by the id that it was given, in today's words and in older ones."""
    async with two(database) as (_, theirs, mine):
        given = str(uuid4())
        for asker in (theirs, mine):
            own = (await done(asker, "PUT", f"/v1/workflows/{given}", {"name": "w"}))["id"]
        assert own != given
        named = {"workflowDefinitionId": given}
        start = {**named, "locale": "en", "parameters": {}}
        started = await done(mine, "POST", "/transactionlink/workflows", start)
        ran = await done(mine, "POST", "/transactionlink/workflows/run", named)
        for one in (started, ran):
            shown = await mine.get(f"/transactionlink/workflows/{one['id']}")
            assert shown["workflowDefinitionId"] == own


@pytest.mark.parametrize(
    ("head", "document"),
    [("id", TRUTO), ("id", ALTOSTRAT), ("id", SIXTYFOUR), ("uid", THENA), ("id", {"name": "w"})],
    ids=["truto", "altostrat", "sixtyfour", "thena", "ours"],
)
async def test_a_file_is_applied_and_exported_in_each_environment(
    database: str, tmp_path: Path, head: str, document: dict[str, Any]
) -> None:
    """The same file is of a workflow of each, and keeps the id that it has."""
    given = made_id(uuid4())
    forms = {"uid": short_id(given), "id": fl(given) if "nodes" in document else str(given)}
    file = tmp_path / "flow.yaml"
    text = f"{head}: {forms[head]}\n" + "".join(f"{k}: {v!r}\n" for k, v in document.items())
    file.write_text(f"# kept\n{text}")
    async with two(database) as (_, *askers):
        for asker in askers:
            async with open_client(str(asker.client.make_url("/")), asker.secret) as client:
                [plan] = await planned(client, read_definitions([file]))
                assert (await apply_planned(client, plan, force=False))[0] is Applied.CREATED
                [plan] = await planned(client, read_definitions([file]))
                assert plan.would is Applied.UNCHANGED
                before = file.read_text()
                [told] = write_all(tmp_path, await fetch_documents(client, None))
                assert (told["what"], told["id"]) == ("unchanged", forms[head])
                assert file.read_text() == before


async def test_exported_files_name_each_other_as_they_did(database: str, tmp_path: Path) -> None:
    """A workflow that calls another is written with the id that the other's file has."""
    called, caller = tmp_path / "a.yaml", tmp_path / "b.yaml"
    id_ = str(made_id(uuid4()))
    called.write_text(f"id: {id_}\nname: called\n")
    step = f"{{id: one, kind: subworkflow, subworkflow: {{workflow_id: {id_}}}}}"
    caller.write_text(f"id: {uuid4()}\nname: caller\nsteps: [{step}]\n")
    async with two(database) as (_, _, mine):
        async with open_client(str(mine.client.make_url("/")), mine.secret) as client:
            for file in (called, caller):
                [plan] = await planned(client, read_definitions([file]))
                _, made = await apply_planned(client, plan, force=False)
            assert made["steps"][0]["subworkflow"]["workflow_id"] != id_
            told = write_all(tmp_path, await fetch_documents(client, None))
        assert [one["what"] for one in told] == ["unchanged"] * 2
