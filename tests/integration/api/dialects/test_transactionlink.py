"""TransactionLink's routes: executions started, looked at, awaited and cancelled."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.domain.principals import Scope
from shared.domain.workflows import Dialect
from tests.integration.api.asking import OPERATOR, Asker
from tests.integration.api.conftest import Client
from tests.integration.api.face import Face, open_face
from tests.support.served import open_api
from tests.support.works import NOTE, transform, workflow

PATH = "/transactionlink/workflows"
# https://docs.transactionlink.io: a token without 'Bearer', and this type of content.
HEADERS = {"Content-Type": "application/json;charset=UTF-8"}
ANSWERED = {
    *("id", "workspaceId", "workflowDefinitionId", "parameters", "name", "revision", "status"),
    *("locale", "recordId", "expiresAt", "uiOptions", "executionType", "executionVersion"),
    "origin",
}
SEE = transform("see", "{'n': parameters.n + 1, 'locale': locale, 'record': recordId}")
ASK = {"id": "ask", "kind": "approval"}
BY = {"decision": "approve", "by": "ada"}


def body(definition: Any, **more: Any) -> dict[str, Any]:
    """A start of a definition."""
    id_ = str(getattr(definition, "id", definition))
    return {"workflowDefinitionId": id_, "locale": "en", "parameters": {"n": 1}, **more}


async def ask(client: Client, method: str, path: str = "", sent: Any = None) -> tuple[int, Any]:
    """The status and document that a request is answered with."""
    async with client.request(method, PATH + path, json=sent) as answer:
        return answer.status, await answer.json() if answer.status != 204 else None


async def started(face: Face, definition: Any, **more: Any) -> Any:
    """The answer to a start."""
    status, document = await ask(face.client, "POST", "", body(definition, **more))
    assert status == 200, document
    return document


async def test_a_background_execution_runs_to_its_result(database: str) -> None:
    """The start answers every documented field; the result is 404 until it is there."""
    async with open_face(database) as face:
        flow = await face.works.register(workflow(SEE), dialect=Dialect.TRANSACTIONLINK)
        record, before = str(uuid4()), datetime.now(UTC)
        document = await started(face, flow, locale="uk", recordId=record)
        assert document.keys() == ANSWERED
        UUID(document["id"])
        assert document["status"] == "RUNNING"
        assert document["workspaceId"] == str(flow.environment_id)
        assert document["workflowDefinitionId"] == str(flow.id)
        assert (document["parameters"], document["uiOptions"]) == ({"n": 1}, {})
        assert (document["name"], document["revision"]) == ("w", flow.revision)
        assert (document["locale"], document["recordId"]) == ("uk", record)
        assert (document["executionType"], document["executionVersion"]) == ("BACKGROUND", 1)
        assert document["origin"] == "API"
        left = datetime.fromisoformat(document["expiresAt"]) - before
        assert timedelta(minutes=59) < left < timedelta(minutes=62)
        policy = {"expires_after_s": 600, "expiry_min_s": 600}
        own = await face.works.register({**workflow(NOTE), "policy": policy})
        left = datetime.fromisoformat((await started(face, own))["expiresAt"]) - before
        assert timedelta(minutes=9) < left < timedelta(minutes=12)
        await face.ends(document["id"])
        shown = await ask(face.client, "GET", f"/{document['id']}")
        assert shown == (200, {**document, "status": "COMPLETED"})
        found = await ask(face.client, "GET", f"/{document['id']}/result")
        assert found == (200, {"n": 2, "locale": "uk", "record": record})
        native = await face.get(f"executions/{document['id']}")
        assert (native["locale"], native["record_id"]) == ("uk", record)
        assert (native["execution_type"], native["origin"]) == ("background", "transactionlink")


async def test_an_interactive_execution_awaits_a_person(database: str) -> None:
    """Its link leads to what is asked; there is no result before, and there is one after."""
    async with open_face(database) as face:
        flow = await face.works.register(workflow(ASK, NOTE))
        document = await started(face, flow)
        assert document.keys() == {*ANSWERED, "link"}
        assert document["executionType"] == "INTERACTIVE"
        path = f"/{document['id']}"
        assert (await ask(face.client, "GET", path))[0] == 200
        await face.waits(document["id"])
        assert (await ask(face.client, "GET", path))[1]["status"] == "AWAITING"
        async with face.client.session.get(document["link"]) as answer:
            [asked] = (await answer.json())["items"]
        assert (asked["execution_id"], asked["step_id"]) == (document["id"], "ask")
        status, refusal = await ask(face.client, "GET", f"{path}/result")
        assert (status, refusal["code"]) == (404, "NOT_FOUND")
        await face.post(f"executions/{document['id']}/steps/ask/decision", BY, status=200)
        await face.ends(document["id"])
        assert await ask(face.client, "GET", f"{path}/result") == (200, "done")
        assert (await ask(face.client, "GET", path))[1]["status"] == "COMPLETED"


async def test_waiting_for_a_time_is_running(database: str) -> None:
    """Nobody is awaited."""
    async with open_face(database) as face:
        sleep = {"id": "z", "kind": "sleep", "sleep": {"duration_s": 600}}
        document = await started(face, await face.works.register(workflow(sleep)))
        await face.becomes(document["id"], "WAITING")
        assert (await ask(face.client, "GET", f"/{document['id']}"))[1]["status"] == "RUNNING"


@pytest.mark.parametrize(("method", "end"), [("POST", "/cancel"), ("DELETE", "")])
async def test_it_is_cancelled_without_content(database: str, method: str, end: str) -> None:
    """204 by either way, also once more; what has ended otherwise cannot be cancelled."""
    async with open_face(database) as face:
        flow = await face.works.register(workflow(ASK))
        document = await started(face, flow)
        path = f"/{document['id']}"
        await face.waits(document["id"])
        assert await ask(face.client, method, path + end) == (204, None)
        await face.becomes(path[1:], "CANCELLED")
        assert (await ask(face.client, "GET", path))[1]["status"] == "CANCELLED"
        assert await ask(face.client, method, path + end) == (204, None)
        assert (await ask(face.client, "GET", f"{path}/result"))[0] == 404
        done = f"/{(await started(face, await face.works.register(workflow(NOTE))))['id']}"
        await face.ends(done[1:])
        status, refusal = await ask(face.client, method, done + end)
        assert (status, refusal["code"]) == (409, "CONFLICT")


async def test_definitions_of_every_dialect_are_started(database: str) -> None:
    """A draft is not; what others have started, in other words, is not shown."""
    async with open_face(database) as face:
        for dialect in Dialect:
            flow = await face.works.register(workflow(NOTE), dialect=dialect)
            document = await started(face, flow)
            assert (await face.ends(document["id"]))["status"] == "COMPLETED"
            assert (await ask(face.client, "GET", f"/{document['id']}"))[0] == 200
            other = (await face.post(f"workflows/{flow.id}/executions"))["execution_id"]
            await face.ends(other)
            status = (await ask(face.client, "GET", f"/{other}"))[0]
            assert status == (200 if dialect is Dialect.TRANSACTIONLINK else 404)
        draft = await face.post("workflows", {"name": "d", "draft": True}, status=201)
        assert (await ask(face.client, "POST", "", body(draft["id"])))[0] == 409


async def test_a_definition_of_ours_may_speak_its_words(database: str) -> None:
    """Written natively with its dialect: locale and record are at the root of what it sees."""
    async with open_face(database) as face:
        definition = {**workflow(SEE), "dialect": "transactionlink"}
        made = await face.post("workflows", definition, status=201)
        assert made["dialect"] == "transactionlink"
        record = str(uuid4())
        document = await started(face, made["id"], recordId=record, expiresAt=None)
        await face.ends(document["id"])
        found = await ask(face.client, "GET", f"/{document['id']}/result")
        assert found == (200, {"n": 2, "locale": "en", "record": record})


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"workflowDefinitionId": "x"}, "/workflowDefinitionId"),
        ({"locale": None}, "/locale"),
        ({"locale": "no locale"}, "/locale"),
        ({"parameters": None}, "/parameters"),
        ({"parameters": [1]}, "/parameters"),
        ({"expiresAt": "tomorrow"}, "/expiresAt"),
        ({"expiresAt": 7}, "/expiresAt"),
        ({"expiresAt": "2026-01-01T00:00:00Z"}, "/expiresAt"),
        ({"expiresAt": "9999-01-01T00:00:00Z"}, "/expiresAt"),
        ({"recordId": "r"}, "/recordId"),
        ({"surprise": 1}, "/surprise"),
    ],
)
async def test_a_start_that_is_wrong_is_refused_at_its_place(
    client: Client, change: dict[str, Any], place: str
) -> None:
    """400, and the message names the place."""
    async with client.post("/v1/workflows", json=workflow(NOTE)) as answer:
        definition = (await answer.json())["id"]
    status, refusal = await ask(client, "POST", "", {**body(definition), **change})
    assert (status, refusal["code"]) == (400, "BAD_REQUEST")
    assert refusal["message"].startswith(f"{place}: "), refusal


@pytest.mark.parametrize("away", [timedelta(minutes=29), timedelta(days=30, minutes=1)])
async def test_an_expiry_is_half_an_hour_to_thirty_days_away(
    client: Client, away: timedelta
) -> None:
    """What is nearer or farther is refused, in whole seconds."""
    async with client.post("/v1/workflows", json=workflow(NOTE)) as answer:
        definition = (await answer.json())["id"]
    at = (datetime.now(UTC) + away).isoformat()
    status, refusal = await ask(client, "POST", "", {**body(definition), "expiresAt": at})
    assert (status, refusal["code"]) == (400, "BAD_REQUEST")
    assert "1800 to 2592000 seconds" in refusal["message"]


async def test_missing_fields_and_definitions_are_told(client: Client) -> None:
    """Each field that has to be there, with 400; a definition that is not there, with 404."""
    status, refusal = await ask(client, "POST", "", {})
    assert status == 400
    for name in ("workflowDefinitionId", "locale", "parameters"):
        assert f"/{name}: " in refusal["message"]
    assert (await ask(client, "POST", "", body(uuid4())))[0] == 404
    for path in (f"/{uuid4()}", "/1", f"/{uuid4()}/result"):
        status, refusal = await ask(client, "GET", path)
        assert (status, refusal.keys()) == (404, {"code", "message"})


async def test_another_systems_document_is_told_where_it_belongs(client: Client) -> None:
    """In TransactionLink's form, and the other way round in Truto's."""
    _, refusal = await ask(client, "POST", "", {"trigger_name": "x", "config": {}})
    assert "POST /truto/workflow" in refusal["message"]
    async with client.post("/truto/workflow", json=body(uuid4())) as answer:
        refusal = await answer.json()
    assert (answer.status, refusal["error"]) == (400, "BadRequestError")
    assert "POST /transactionlink/workflows" in refusal["message"]


async def test_a_raw_token_is_let_in_and_no_other(database: str) -> None:
    """``Authorization: tot_…`` without Bearer; 401 and 403 are in its form, payloads for whom."""
    async with open_face(database) as face, open_api(face.works, OPERATOR) as client:
        flow = await face.works.register(workflow(transform("t", "parameters.n")))
        operator = Asker(client, OPERATOR)
        seeing = await operator.key([Scope.OPERATE, Scope.READ, Scope.PAYLOADS])
        raw = {"Authorization": str(seeing.secret), **HEADERS}
        async with client.post(PATH, json=body(flow), headers=raw) as answer:
            document = await answer.json()
            assert (answer.status, document["parameters"]) == (200, {"n": 1})
        await face.ends(document["id"])
        path = f"{PATH}/{document['id']}"
        async with client.get(f"{path}/result", headers=raw) as answer:
            assert (answer.status, await answer.json()) == (200, 1)
        blind = await operator.key([Scope.READ])
        assert (await blind.get(path))["parameters"].startswith("(hidden")
        assert await blind.ask("GET", f"{path}/result") == (
            403,
            {
                "code": "FORBIDDEN",
                "message": "This needs the scope 'payloads', which you do not have.",
            },
        )
        status, refusal = await Asker(client).ask("GET", path)
        assert (status, refusal["code"]) == (401, "UNAUTHORIZED")
