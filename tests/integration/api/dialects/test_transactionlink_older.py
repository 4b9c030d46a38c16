"""The routes that TransactionLink's older clients call: they log in, run, and make links."""

from typing import Any
from uuid import uuid4

import orjson
import pytest

from shared.domain.principals import Scope
from shared.domain.workflows import Dialect
from tests.integration.api.asking import OPERATOR, Asker
from tests.integration.api.conftest import Serve
from tests.integration.api.face import Face, open_face
from tests.support.works import NOTE, transform, workflow

BASE = "/transactionlink"
SEE = transform("see", "{'record': recordId, 'parameters': parameters, 'locale': locale}")
ASK = {"id": "ask", "kind": "approval"}


async def posted(face: Face, path: str, sent: Any, *, status: int) -> Any:
    """The document of an answer with this status."""
    async with face.client.post(f"{BASE}{path}", json=sent) as answer:
        document = await answer.json()
        assert answer.status == status, document
    return document


@pytest.mark.parametrize("named", ["caseId", "recordId"])
async def test_a_run_is_an_execution(database: str, named: str) -> None:
    """By a case or a record; it sees the parameters that were kept under the id it names."""
    async with open_face(database) as face:
        flow = await face.works.register(workflow(SEE), dialect=Dialect.TRANSACTIONLINK)
        kept = await posted(face, "/parameters", {"parameters": {"n": [1, None]}}, status=201)
        record = str(uuid4())
        sent = {named: record, "workflowDefinitionId": str(flow.id), "parametersId": kept["id"]}
        ran = await posted(face, "/workflows/run", sent, status=200)
        assert ran.keys() == {"id", "caseId", "status"}
        assert (ran["caseId"], ran["status"] in ("RUNNING", "COMPLETED")) == (record, True)
        await face.ends(ran["id"])
        async with face.client.get(f"{BASE}/workflows/{ran['id']}") as answer:
            shown = await answer.json()
        assert (shown["status"], shown["recordId"], shown["origin"]) == ("COMPLETED", record, "API")
        async with face.client.get(f"{BASE}/workflows/{ran['id']}/result") as answer:
            assert await answer.json() == {
                "record": record,
                "parameters": {"n": [1, None]},
                "locale": "en",
            }


async def test_a_link_leads_to_what_is_asked(database: str) -> None:
    """Of the execution that it stands for; of one that is to be sent an event tells."""
    async with open_face(database) as face:
        flow = await face.works.register(workflow(ASK, NOTE))
        sent = {"workflowDefinitionId": str(flow.id), "lang": "uk"}
        for path in ("/link", "/link/send"):
            made = await posted(face, path, sent, status=201)
            assert made.keys() == {"link"}
            execution_id = made["link"].rpartition("execution_id=")[2]
            await face.waits(execution_id)
            async with face.client.session.get(made["link"]) as answer:
                [asked] = (await answer.json())["items"]
            assert (asked["execution_id"], asked["step_id"]) == (execution_id, "ask")
        (row,) = await face.works.pool.fetch(
            "SELECT value FROM bus_records JOIN bus_topics USING (topic_id) WHERE name = $1",
            face.works.platform.topics.sources[0],
        )
        told = orjson.loads(row["value"])
        assert (told["type"], told["data"]["link"]) == ("transactionlink:link", made["link"])
        assert told["data"]["workflowId"] == execution_id


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({}, 400),
        ({"workflowDefinitionId": "x"}, 400),
        ({"workflowDefinitionId": str(uuid4())}, 404),
        ({"workflowDefinitionId": str(uuid4()), "caseId": "7"}, 400),
        ({"workflowDefinitionId": str(uuid4()), "parametersId": "7"}, 400),
        ({"workflowDefinitionId": str(uuid4()), "lang": "?"}, 400),
        ({"workflowDefinitionId": str(uuid4()), "parameters": {}}, 400),
    ],
)
async def test_what_is_wrong_is_refused(database: str, sent: Any, status: int) -> None:
    """In TransactionLink's form, by each route that starts something."""
    async with open_face(database) as face:
        for path in ("/workflows/run", "/link", "/link/send"):
            refusal = await posted(face, path, sent, status=status)
            assert refusal.keys() == {"code", "message"}


async def test_a_secret_is_shown_for_a_token(serve: Serve) -> None:
    """Which lets in as the secret does, and is told anew; what lets nobody in is 401."""
    client = await serve(OPERATOR)
    key = await Asker(client, OPERATOR).key([Scope.READ])
    for secret in (key.secret, OPERATOR):
        sent = {"key": "k", "secret": secret}
        async with client.post(f"{BASE}/auth/authorize", json=sent) as answer:
            tokens = await answer.json()
            assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")
        assert tokens.keys() == {"accessToken", "refreshToken", "expiryDuration", "tokenType"}
        assert (tokens["expiryDuration"], tokens["tokenType"]) == (3_600, "Bearer")
        again = {"refreshToken": tokens["refreshToken"]}
        async with client.post(f"{BASE}/auth/refresh", json=again) as answer:
            assert (answer.status, await answer.json()) == (200, tokens)
        shown = {"Authorization": f"Bearer {tokens['accessToken']}"}
        async with client.get(f"{BASE}/workflows/{uuid4()}", headers=shown) as answer:
            assert answer.status == 404
    for path, wrong, status in (
        ("authorize", {"key": "k", "secret": "tot_" + "x" * 43}, 401),
        ("authorize", {"key": "k", "secret": "é"}, 401),
        ("refresh", {"refreshToken": "x"}, 401),
        ("authorize", {"key": "k"}, 400),
        ("authorize", {"key": "k", "secret": 7}, 400),
        ("refresh", {}, 400),
    ):
        async with client.post(f"{BASE}/auth/{path}", json=wrong) as answer:
            assert (answer.status, (await answer.json()).keys()) == (status, {"code", "message"})
