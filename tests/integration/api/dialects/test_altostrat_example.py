"""The examples of Altostrat's API, run as a newcomer would."""

import json
import sys

from tests.integration.api.dialects.test_altostrat import DOCUMENTED
from tests.integration.api.dialects.test_truto_example import played
from tests.integration.api.face import open_face
from tests.support.rings import written
from tests.unit.dialects.altostrat_documents import SEED


async def test_the_documented_command(database: str) -> None:
    """It is answered with every documented field, of its type."""
    async with open_face(database) as face:
        code, said = await played(face.client, "sh", "examples/altostrat/create.sh")
    assert code == 0, said
    created, _ = json.JSONDecoder().raw_decode(said, said.index("{"))  # curl tells of itself, too
    assert SEED.items() <= created.items()
    assert all(isinstance(created[name], kind) for name, kind in DOCUMENTED.items())


async def test_the_example_runs(database: str) -> None:
    """The mail is sent with its key, by way of the error branch; the log shows no key."""
    async with open_face(database, keyring=written("k1")) as face:
        code, said = await played(face.client, sys.executable, "examples/altostrat/run.py")
    assert code == 0, said
    lines = said.partition("mails:")[0]
    assert "page     error" in lines
    assert "later    success" in lines
    assert "the-key-of" not in lines
