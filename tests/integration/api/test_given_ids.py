"""A workflow that was given an id: nobody learns whose it is, each environment finds its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from services.cli.client import Client, open_client
from services.cli.workflow.files import read_definitions
from services.cli.workflow.syncing import Applied, apply_planned, planned
from shared.domain.ids import made_id
from shared.domain.principals import Scope
from tests.integration.api.asking import OPERATOR, Asker
from tests.integration.api.test_id_swap import told
from tests.support.served import open_api
from tests.support.works import open_works

CHOSEN = "4a4de828-f4c9-4bea-8ef4-2d705aec43bc"


@asynccontextmanager
async def two(database: str) -> AsyncIterator[tuple[Asker, Asker]]:
    """Somebody of the one environment, and somebody of another."""
    async with open_works(database) as works, open_api(works, OPERATOR) as client:
        operator = Asker(client, OPERATOR)
        made = [await operator.new_environment(name) for name in ("theirs", "mine")]
        yield await operator.key(list(Scope), made[0]), await operator.key(list(Scope), made[1])


async def put(asker: Asker, id_: str, name: str, status: int, **headers: str) -> Any:
    """What is answered to a workflow of that name."""
    answered, document = await asker.ask("PUT", f"/v1/workflows/{id_}", {"name": name}, **headers)
    assert answered == status, document
    return document


@pytest.mark.parametrize("method", ["PUT", "POST"])
async def test_an_id_that_turnout_made_tells_nothing(database: str, method: str) -> None:
    """Of another environment's id whoever asks learns what an id of nothing tells."""
    async with two(database) as (theirs, mine):
        _, there = await theirs.ask("POST", "/v1/workflows", {"name": "theirs"})
        answers = []
        for given in (there["id"], str(made_id(uuid4()))):
            path = f"/v1/workflows/{given}" if method == "PUT" else "/v1/workflows"
            body = {"id": given, "name": "mine"}
            first, again = [await mine.ask(method, path, body) for _ in range(2)]
            assert first[1]["id"] == again[1]["id"] != given
            shown = [told({**one, "created_at": 0, "updated_at": 0}) for _, one in (first, again)]
            answers.append((first[0], again[0], shown))
        assert answers[0] == answers[1]
        assert answers[0][:2] == (201, 200)
        assert await theirs.get(f"/v1/workflows/{there['id']}") == there


async def test_each_environment_has_its_workflow_of_a_chosen_id(database: str) -> None:
    """Who comes second gets another id, is told it, and finds the workflow under both."""
    async with two(database) as (theirs, mine):
        there = await put(theirs, CHOSEN, "theirs", 201)
        here = await put(mine, CHOSEN, "mine", 201, If_None_Match="*")
        assert (there["id"], here["name"]) == (CHOSEN, "mine")
        assert here["id"] != CHOSEN
        await put(mine, CHOSEN, "mine", 412, If_None_Match="*")
        changed = await put(mine, CHOSEN, "mine still", 200)
        assert (changed["id"], changed["version"]) == (here["id"], 2)
        assert await mine.get(f"/v1/workflows/{CHOSEN}") == changed
        assert await mine.get(f"/v1/workflows/{here['id']}") == changed
        for part in ("/versions", "/diff"):
            found = await mine.get(f"/v1/workflows/{CHOSEN}{part}")
            assert found == await mine.get(f"/v1/workflows/{here['id']}{part}")
        assert await theirs.get(f"/v1/workflows/{CHOSEN}") == there
        assert (await theirs.ask("GET", f"/v1/workflows/{here['id']}"))[0] == 404


async def test_what_is_done_by_a_given_id_is_done_once(database: str) -> None:
    """Started, archived, deleted and made again by the id that was given, with a key each."""
    async with two(database) as (theirs, mine):
        await put(theirs, CHOSEN, "theirs", 201)
        here = await put(mine, CHOSEN, "mine", 201)
        path = f"/v1/workflows/{CHOSEN}"
        for _ in range(2):
            await mine.ask("POST", f"{path}/executions", {}, Idempotency_Key="start")
            status, archived = await mine.ask("POST", f"{path}/archive", Idempotency_Key="end")
            assert (status, archived["id"], archived["version"]) == (200, here["id"], 2)
        await mine.ask("POST", f"{path}/unarchive")
        assert (await mine.ask("DELETE", path))[0] == 204
        assert [(await mine.ask(method, path))[0] for method in ("GET", "DELETE")] == [404, 404]
        again = await put(mine, CHOSEN, "once more", 201)
        assert (again["id"], again["version"]) == (here["id"], 4)
        assert (await theirs.get(path))["name"] == "theirs"


async def test_a_workflow_does_not_call_itself_by_either_id(database: str) -> None:
    """Nor by the id that it was given, sent under its own, and the other way round."""
    async with two(database) as (theirs, mine):
        await put(theirs, CHOSEN, "theirs", 201)
        own = (await put(mine, CHOSEN, "mine", 201))["id"]
        for id_, called in ((own, CHOSEN), (CHOSEN, own), (own, own), (CHOSEN, CHOSEN)):
            step = {"id": "one", "kind": "subworkflow", "subworkflow": {"workflow_id": called}}
            body = {"name": "mine", "steps": [step]}
            status, refused = await mine.ask("PUT", f"/v1/workflows/{id_}", body)
            assert (status, refused["errors"][0]["code"]) == (422, "SUBWORKFLOW_CYCLE")


async def test_workflows_that_call_each_other_are_applied_as_they_are(
    database: str, tmp_path: Path
) -> None:
    """In each environment the caller calls that environment's workflow, and nothing differs."""
    called, caller = tmp_path / "a.yaml", tmp_path / "b.yaml"
    called.write_text(f"id: {CHOSEN}\nname: called\n")
    calls = f"subworkflow: {{workflow_id: {CHOSEN}}}"
    body = f"iterator: {{items: {{src: [1]}}, body: {{{calls}}}}}"
    steps = f"[{{id: one, kind: subworkflow, {calls}}}, {{id: all, kind: iterator, {body}}}]"
    caller.write_text(f"id: {uuid4()}\nname: caller\nsteps: {steps}\n")
    async with two(database) as askers:
        for asker in askers:
            async with open_client(str(asker.client.make_url("/")), asker.secret) as client:
                [plan] = await planned(client, read_definitions([called]))
                _, there = await apply_planned(client, plan, force=False)
                [plan] = await planned(client, read_definitions([caller]))
                _, made = await apply_planned(client, plan, force=False)
                [plan] = await planned(client, read_definitions([caller]))
                assert plan.would is Applied.UNCHANGED
                one, each = made["steps"]
                assert one["subworkflow"]["workflow_id"] == there["id"]
                assert each["iterator"]["body"]["subworkflow"]["workflow_id"] == there["id"]
                step = {"id": "back", "subworkflow": {"workflow_id": made["id"]}}
                back = {"name": "called", "steps": [{"kind": "subworkflow", **step}]}
                status, refused = await asker.ask("PUT", f"/v1/workflows/{CHOSEN}", back)
                assert (status, refused["errors"][0]["code"]) == (422, "SUBWORKFLOW_CYCLE")


@pytest.mark.parametrize("given", [CHOSEN, str(made_id(uuid4()))], ids=["chosen", "made"])
@pytest.mark.parametrize("words", ["name: {}", "label: {}\nconfig: {{}}"], ids=["ours", "truto"])
async def test_a_file_is_applied_from_one_environment_to_the_next(
    database: str, tmp_path: Path, given: str, words: str
) -> None:
    """It is created, unchanged, changed and not written to, in each apart, in any words."""
    file = tmp_path / "flow.yaml"

    async def applied(client: Client) -> Any:
        [plan] = await planned(client, read_definitions([file]))
        done, workflow = await apply_planned(client, plan, force=False)
        assert done is plan.would
        return done, workflow

    async with two(database) as askers:
        url, seen = str(askers[0].client.make_url("/")), set()
        for asker in askers:
            async with open_client(url, asker.secret) as client:
                file.write_text(f"id: {given}\n{words.format('one')}\n")
                done, workflow = await applied(client)
                assert done is Applied.CREATED
                assert (await applied(client))[0] is Applied.UNCHANGED
                file.write_text(f"id: {given}\n{words.format('two')}\n")
                done, changed = await applied(client)
                assert (done, changed["id"]) == (Applied.UPDATED, workflow["id"])
                assert changed["name"] == "two"
                seen.add(workflow["id"])
        assert len(seen) == 2
