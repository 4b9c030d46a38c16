"""The example of Sixtyfour's API does what it says, against a running Turnout."""

import sys

import orjson

from tests.integration.api.dialects.sixtyfour import check, described
from tests.integration.api.dialects.test_truto_example import played
from tests.support.house import open_house
from tests.support.served import open_api


async def test_the_request_of_its_documentation_is_answered_as_documented(database: str) -> None:
    """Sent by its curl command; every documented field is there, and of its type."""
    async with open_house(database) as house, open_api(house) as client:
        answers = [await played(client, "sh", "examples/sixtyfour/create.sh") for _ in range(2)]
    (code, said), (again, repeated) = answers
    assert (code, again) == (0, 0), said
    created, same = (orjson.loads(text[text.index("{") :]) for text in (said, repeated))
    assert created == same
    check("POST", "/workflows/create_workflow", 200, created)
    fields = described()["components"]["schemas"]["WorkflowResponse"]["properties"]
    assert fields.keys() <= created.keys()
    assert (created["status"], created["name"]) == ("draft", "<string>")


async def test_people_come_back_with_addresses(database: str) -> None:
    """The script ends with 0, and shows each block and the file."""
    async with open_house(database) as house, open_api(house) as client:
        code, said = await played(client, sys.executable, "examples/sixtyfour/run.py")
    assert code == 0, said
    assert "5  completed  find_email       1 rows" in said
    assert "Jane Doe,Acme,4200,jane@acme.example" in said
