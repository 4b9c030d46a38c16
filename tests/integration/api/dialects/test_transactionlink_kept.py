"""What TransactionLink's routes keep for callers: sets of parameters, and published keys."""

from base64 import b64decode
from typing import Any
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    load_der_public_key,
    load_pem_public_key,
)

from services.api.dialects.transactionlink.parameter_sets import BYTES_MAX
from shared.db import transactionlink
from shared.domain.principals import Scope
from tests.integration.api.asking import OPERATOR, Asker
from tests.integration.api.face import open_face
from tests.support.served import open_api
from tests.support.works import open_works, transform, workflow

BASE = "/transactionlink"
SETS = f"{BASE}/parameters"
KEY = f"{BASE}/auth/webhooks/key"


async def test_a_set_is_kept_changed_and_forgotten(database: str) -> None:
    """Listed in the order of making; who may not see payloads gets a mark; the log has no value."""
    async with open_works(database) as works, open_api(works, OPERATOR) as client:
        operator = Asker(client, OPERATOR)
        asker = await operator.key([Scope.READ, Scope.OPERATE, Scope.PAYLOADS])
        made = []
        for number in range(3):
            status, one = await asker.ask("POST", SETS, {"parameters": {"canary": number}})
            assert (status, one["parameters"]) == (201, {"canary": number})
            made.append(one)
        assert made[0].keys() == {"id", "parameters", "createdAt", "updatedAt"}
        assert await asker.get(SETS) == made
        assert await asker.get(f"{SETS}?limit=1&after={made[0]['id']}") == [made[1]]
        path = f"{SETS}/{made[1]['id']}"
        status, changed = await asker.ask("PUT", path, {"parameters": {"a": {"b": [None, 1.5]}}})
        assert (status, changed["parameters"]) == (200, {"a": {"b": [None, 1.5]}})
        assert changed["updatedAt"] > changed["createdAt"] == made[1]["createdAt"]
        assert await asker.get(path) == changed
        blind = await operator.key([Scope.READ])
        assert (await blind.get(path))["parameters"].startswith("(hidden")
        assert (await asker.ask("DELETE", path))[0] == 204
        assert [(await asker.ask(method, path))[0] for method in ("GET", "DELETE")] == [404, 404]
        assert await asker.get(SETS) == [made[0], made[2]]
        log = (await operator.get("/v1/audit"))["items"]
        noted = [one["action"] for one in log if one["target"] == f"parameters:{made[1]['id']}"]
        assert noted == [f"parameters.{what}" for what in ("delete", "replace", "create")]
        assert "canary" not in str(log)


async def test_what_began_with_a_set_keeps_its_parameters(database: str) -> None:
    """They are checked as any; a set that is gone starts nothing, for a link neither."""
    async with open_face(database) as face:

        async def ask(method: str, path: str, sent: Any = None) -> tuple[int, Any]:
            async with face.client.request(method, f"{BASE}{path}", json=sent) as answer:
                return answer.status, await answer.json() if answer.status != 204 else None

        schema = {"properties": {"n": {"type": "integer"}}, "additionalProperties": False}
        steps = workflow({"id": "ask", "kind": "approval"}, transform("see", "parameters.n"))
        flow = await face.works.register({**steps, "input_schema": schema})
        _, kept = await ask("POST", "/parameters", {"parameters": {"n": 7}})
        place = f"/parameters/{kept['id']}"
        sent = {"workflowDefinitionId": str(flow.id), "parametersId": kept["id"]}
        status, ran = await ask("POST", "/workflows/run", sent)
        assert status == 200
        await ask("PUT", place, {"parameters": {"n": "8"}})
        status, refusal = await ask("POST", "/workflows/run", sent)
        assert (status, "/n: " in refusal["message"]) == (400, True), refusal
        assert await ask("DELETE", place) == (204, None)
        for path in ("/workflows/run", "/link", "/link/send"):
            status, refusal = await ask("POST", path, sent)
            assert (status, "no set of parameters" in refusal["message"]) == (404, True)
        await face.waits(ran["id"])
        by = {"decision": "approve", "by": "ada"}
        await face.post(f"executions/{ran['id']}/steps/ask/decision", by, status=200)
        await face.ends(ran["id"])
        assert await ask("GET", f"/workflows/{ran['id']}/result") == (200, 7)


async def test_sets_are_bounded(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In what one holds, and in how many an environment has; the next one is told so."""
    monkeypatch.setattr(transactionlink, "SETS_MAX", 2)
    async with open_works(database) as works, open_api(works, OPERATOR) as client:
        operator = Asker(client, OPERATOR)
        text = "x" * (BYTES_MAX - len('{"a":""}'))
        for size, status in ((text, 201), (f"{text}x", 400), ("", 201), ("", 409)):
            answered, document = await operator.ask("POST", SETS, {"parameters": {"a": size}})
            assert answered == status, document
        other = await operator.key([Scope.OPERATE], await operator.new_environment("other"))
        assert (await other.ask("POST", SETS, {"parameters": {}}))[0] == 201
        for wrong in ({}, {"parameters": None}, {"parameters": [1]}, {"parameters": {}, "a": 1}):
            answered, document = await operator.ask("POST", SETS, wrong)
            assert (answered, document["code"]) == (400, "BAD_REQUEST")


async def test_a_key_is_published_under_its_kid(database: str) -> None:
    """To anybody, of whichever environment, as PEM or on one line, for as long as it signs."""
    async with open_works(database) as works, open_api(works, OPERATOR) as client:
        operator, anybody = Asker(client, OPERATOR), client
        other = await operator.new_environment("other")
        asker = await operator.key(list(Scope), other)
        roll = "/v1/signing-secrets/transactionlink/roll"
        _, first = await asker.ask("POST", roll)
        published = jwt.PyJWK(first["public_key"]).key.public_numbers()
        for query in ("", "?pem=true", "?pem=false"):
            async with anybody.get(f"{KEY}/{first['id']}{query}") as answer:
                text = await answer.text()
                assert (answer.status, answer.content_type) == (200, "text/plain")
            is_pem = "false" not in query
            key = (
                load_pem_public_key(text.encode())
                if is_pem
                else load_der_public_key(b64decode(text, validate=True))
            )
            assert isinstance(key, RSAPublicKey)
            assert key.public_numbers() == published
        _, second = await asker.ask("POST", roll, {"expire_overlap_hours": 0})
        _, hidden = await asker.ask("POST", "/v1/signing-secrets/sixtyfour/roll")
        found = []
        for id_ in (first["id"], second["id"], hidden["id"], uuid4(), "1"):
            async with anybody.get(f"{KEY}/{id_}") as answer:
                found.append(answer.status)
                assert answer.status == 200 or (await answer.json()).keys() == {"code", "message"}
        assert found == [404, 200, 404, 404, 404]
        for query in ("pem=x", "pem=true&pem=true", "environment_id=1"):
            async with anybody.get(f"{KEY}/{second['id']}?{query}") as answer:
                assert (answer.status, (await answer.json())["code"]) == (400, "BAD_REQUEST")
