"""The example of TransactionLink's API does what it says, against a running Turnout."""

import sys

import orjson

from tests.integration.api.dialects.test_truto_example import played
from tests.integration.api.face import open_face
from tests.support.works import NOTE, workflow


async def test_one_execution_comes_to_its_result_and_one_is_cancelled(database: str) -> None:
    """The script ends with 0, and shows both."""
    async with open_face(database) as face:
        code, said = await played(face.client, sys.executable, "examples/transactionlink/run.py")
        listed = await face.get("executions")
    assert code == 0, said
    assert [one["status"] for one in listed["items"]] == ["CANCELLED", "COMPLETED"]
    assert "'verdict': 'clear'" in said
    assert "204" in said


async def test_a_start_by_curl_is_answered(database: str) -> None:
    """With a token without 'Bearer', and the type of content that is documented."""
    async with open_face(database) as face:
        flow = await face.works.register(workflow(NOTE))
        command = ("sh", "examples/transactionlink/create.sh")
        code, said = await played(face.client, *command, DEFINITION_ID=str(flow.id))
        assert code == 0, said
        await face.ends(orjson.loads(said)["id"])
    assert orjson.loads(said)["parameters"] == {"company": "Acme"}
