"""The corpus of broken definitions, over HTTP."""

from dataclasses import replace
from io import BytesIO

from pydantic import SecretStr

from services.api.app import build_app
from services.api.resources import ApiResources
from services.api.settings import ApiSettings
from tests.integration.api.conftest import Client
from tests.support.answers import open_checked
from tests.support.broken import Broken, list_broken


async def test_the_corpus_is_refused_with_every_fault(resources: ApiResources) -> None:
    """Over HTTP each broken definition has its status and exactly the faults its file names."""
    secrets = {name: SecretStr("of a sender") for name in ("s", "t")}
    async with open_checked(
        build_app(replace(resources, secrets=secrets), ApiSettings())
    ) as client:
        for broken in list_broken():
            await _refused_with_its_faults(client, broken)


async def _refused_with_its_faults(client: Client, broken: Broken) -> None:
    for earlier in broken.before:
        async with client.post("/v1/workflows", json=earlier) as answer:
            assert answer.status == 201, await answer.text()
    headers, body = {"Content-Type": "application/json"}, BytesIO(broken.body)
    async with client.post("/v1/workflows", data=body, headers=headers) as answer:
        refusal = await answer.json(content_type=None)
    assert answer.status == broken.status, (broken.name, refusal)
    found = [(error["pointer"], error["code"]) for error in refusal["errors"]]
    assert found == broken.faults, broken.name
