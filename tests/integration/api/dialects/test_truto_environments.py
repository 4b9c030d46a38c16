"""In which environment a workflow of Truto's is found that a request names by its id."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import orjson
import pytest_asyncio
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from services.api.app import build_app
from services.api.login.issuers import Issuer
from services.api.login.jwt_tokens import Issuers
from services.api.resources import ApiResources
from services.api.settings import ApiSettings
from shared.domain.ids import DEFAULT_ENVIRONMENT
from shared.domain.principals import Scope
from shared.egress.caller import open_caller
from shared.egress.settings import EgressSettings
from tests.integration.api.asking import OPERATOR, Asker
from tests.integration.api.dialects.test_truto import ENVIRONMENT, ID, MINIMAL
from tests.integration.api.forgeries import KEY
from tests.integration.api.issued import AUDIENCE, ISSUER, claims
from tests.support.answers import open_checked
from tests.support.rings import ring

PATH = "/truto/workflow"
SEED: dict[str, Any] = orjson.loads(MINIMAL)
ALL = " ".join(Scope)


@pytest_asyncio.fixture
async def operator(resources: ApiResources) -> AsyncIterator[Asker]:
    """The operator of an API that takes JWTs beside its token."""
    issuer = Issuer(issuer=ISSUER, audience=AUDIENCE, algorithm="ES256", public_key=KEY.pem)
    own = replace(
        resources,
        token=SecretStr(OPERATOR),
        registry=CollectorRegistry(),
        ring=ring("k1"),
    )
    async with open_caller(EgressSettings(), own.clock) as caller:
        app = build_app(own, ApiSettings(), Issuers([issuer], caller, own.clock))
        async with open_checked(app) as client:
            yield Asker(client, OPERATOR)


async def test_the_operator_finds_what_he_made_by_its_id(operator: Asker) -> None:
    """Its environment stood in its body alone, as in Truto's own request; a delete is of it too."""
    status, made = await operator.ask("POST", PATH, SEED)
    assert (status, made["environment_id"]) == (201, ENVIRONMENT)
    one = f"{PATH}/{ID}"
    assert await operator.ask("GET", one) == (200, made)
    _, changed = await operator.ask("PATCH", one, {"label": "other"})
    assert (changed["label"], changed["environment_id"]) == ("other", ENVIRONMENT)
    assert await operator.ask("DELETE", one) == (200, {"id": ID})
    assert (await operator.ask("GET", one))[0] == 404


async def test_an_environment_that_is_named_is_the_one(operator: Asker) -> None:
    """In a header, the query, or a body; nothing is made in the default one on the way."""
    bare = {name: said for name, said in SEED.items() if name != "environment_id"}
    path = f"{PATH}?environment_id={ENVIRONMENT}"
    assert (await operator.ask("POST", path, bare))[0] == 201
    one, home = f"{PATH}/{ID}", str(DEFAULT_ENVIRONMENT)
    for method, said in (("GET", None), ("PATCH", {}), ("DELETE", None)):
        assert (await operator.ask(method, f"{one}?environment_id={home}", said))[0] == 404
        assert (await operator.ask(method, one, said, X_Turnout_Environment=home))[0] == 404
    assert (await operator.ask("PATCH", one, {"environment_id": home}))[0] == 404
    _, changed = await operator.ask("PATCH", one, {"label": "other"})
    assert changed["environment_id"] == ENVIRONMENT
    assert (await operator.get(PATH))["result"] == []


async def test_the_default_environment_comes_first(operator: Asker) -> None:
    """Where it was given the same id, and has one of its own for it, that is meant."""
    await operator.ask("POST", PATH, SEED)
    status, own = await operator.ask("POST", PATH, {**SEED, "environment_id": None})
    assert (status, own["id"] == ID) == (201, False)
    assert (await operator.get(f"{PATH}/{ID}"))["id"] == own["id"]


async def test_nobody_else_finds_it(operator: Asker) -> None:
    """Neither a key of another environment nor a JWT, which is of an organisation."""
    await operator.ask("POST", PATH, SEED)
    here = await operator.key([*Scope])
    token = operator.having(KEY.token(claims(scope=ALL)))
    for asker in (here, token):
        for method, said in (("GET", None), ("PATCH", {"label": "mine"}), ("DELETE", None)):
            status, told = await asker.ask(method, f"{PATH}/{ID}", said)
            assert (status, told["message"]) == (404, f"There is no workflow {ID}.")
    assert "label" not in await operator.get(f"{PATH}/{ID}")


async def test_a_webhook_is_of_the_environment_that_its_body_names(operator: Asker) -> None:
    """As the official client sends it; a key may name its own alone."""
    target = {"target_url": "https://x.example/", "is_active": True}
    status, made = await operator.ask(
        "POST", "/truto/webhook", {**target, "environment_id": ENVIRONMENT}
    )
    assert (status, made["environment_id"]) == (201, ENVIRONMENT)
    listed = await operator.get(f"/truto/webhook?environment_id={ENVIRONMENT}")
    assert [one["id"] for one in listed["result"]] == [made["id"]]
    here, home = await operator.key([*Scope]), str(DEFAULT_ENVIRONMENT)
    for named, wanted in ((home, 201), (None, 201), (ENVIRONMENT, 403), ("x", 400)):
        status, told = await here.ask("POST", "/truto/webhook", {**target, "environment_id": named})
        assert status == wanted, told
