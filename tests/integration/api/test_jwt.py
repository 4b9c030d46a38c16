"""JWTs: whose count, and that no forgery does."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any
from uuid import uuid4

import jwt
import pytest
import pytest_asyncio
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from services.api.app import build_app
from services.api.http.problems import NotLetIn
from services.api.login.issuers import Issuer
from services.api.login.jwt_tokens import TOKEN_BYTES_MAX, Issuers
from services.api.resources import ApiResources
from services.api.settings import ApiSettings
from shared.db.pool import Pool
from shared.domain.ids import DEFAULT_ENVIRONMENT
from shared.domain.principals import Scope
from shared.egress.caller import open_caller
from shared.egress.settings import EgressSettings
from shared.runtime.clock import SystemClock
from tests.integration.api.asking import OPERATOR, Asker
from tests.integration.api.forgeries import (
    DOCUMENTED,
    KEY,
    OTHER,
    body,
    by_secret,
    forgeries,
    of_length,
)
from tests.integration.api.issued import AUDIENCE, ISSUER, claims
from tests.support.answers import open_checked

SECRET = "a secret that is long enough for each algorithm: 64 characters, or more"
PINNED = Issuer(issuer=ISSUER, audience=AUDIENCE, algorithm="ES256", public_key=KEY.pem)

Open = Callable[..., Awaitable[Asker]]


@pytest_asyncio.fixture
async def opened(resources: ApiResources) -> AsyncIterator[Open]:
    """Opens an API with these issuers beside the operator's token."""
    async with AsyncExitStack() as stack:

        async def start(*issuers: Issuer, egress: EgressSettings | None = None) -> Asker:
            caller = await stack.enter_async_context(
                open_caller(egress or EgressSettings(allow_loopback=True), resources.clock)
            )
            own = replace(resources, token=SecretStr(OPERATOR), registry=CollectorRegistry())
            read = Issuers(issuers, caller, resources.clock)
            app = build_app(own, ApiSettings(), read)
            return Asker(await stack.enter_async_context(open_checked(app)), OPERATOR)

        yield start


async def lets_in(asker: Asker, token: str) -> bool:
    """Whether the API knows whoever shows the token."""
    status, _ = await asker.having(token).ask("GET", "/v1/workflows")
    assert status in (200, 401), status
    return status == 200


async def test_no_forgery_is_let_in(opened: Open) -> None:
    """Each is 401 in the same words as a token that is nothing at all; the good one is let in."""
    asker = await opened(PINNED)
    assert await lets_in(asker, KEY.token())
    said = await asker.having("nothing").ask("GET", "/v1/workflows", X_Request_Id="the-same")
    assert said[0] == 401
    forged = forgeries()
    for name, token in [*forged.items(), *((text, text) for text in DOCUMENTED)]:
        again = await asker.having(token).ask("GET", "/v1/workflows", X_Request_Id="the-same")
        assert again == said, name
    assert len(forged) >= 50


async def test_what_is_too_long_is_not_read(opened: Open) -> None:
    """Nine kilobytes are more than the server takes for a header, and no token anyway."""
    long = of_length(9_216)
    status, _ = await (await opened(PINNED)).having(long).ask("GET", "/v1/workflows")
    assert status == 400
    async with open_caller(EgressSettings(), SystemClock()) as caller:
        issuers = Issuers([PINNED], caller, SystemClock())
        assert (await issuers.read(of_length(TOKEN_BYTES_MAX - 4))).name.endswith("|ada")
        with pytest.raises(NotLetIn, match="too long"):
            await issuers.read(long)


async def test_a_forgery_is_one_by_what_it_lacks_alone(opened: Open) -> None:
    """What the forgeries are made of is good: each of these, without the fault, is let in."""
    asker, now = await opened(PINNED), int(time.time())
    for token in (
        KEY.signed(b'{"alg":"ES256"}', b'{"sub":"ada",%s}' % body()),
        KEY.token(kid="whatever", jku="http://127.0.0.1:1/keys", jwk=OTHER.jwk()),
        KEY.token(claims(aud=["other", AUDIENCE], nbf=now + 20, exp=now - 20)),
        of_length(TOKEN_BYTES_MAX - 4),
    ):
        status, _ = await asker.having(token).ask("GET", "/v1/workflows")
        assert status in (200, 403), jwt.decode(token, options={"verify_signature": False})
    assert not await lets_in(await opened(), KEY.token())


async def test_a_secret_may_sign_where_it_is_set(opened: Open) -> None:
    """By the one algorithm that is set: a public key of the same issuer is no secret of it."""
    asker = await opened(
        Issuer(issuer=ISSUER, audience=AUDIENCE, algorithm="HS256", secret=SecretStr(SECRET))
    )
    assert await lets_in(asker, by_secret(SECRET, claims()))
    for token in (
        jwt.encode(claims(), SECRET, algorithm="HS512"),
        jwt.encode(claims(), SECRET * 2, algorithm="HS256"),
        KEY.token(),
        *DOCUMENTED,
    ):
        assert not await lets_in(asker, token)


CLAIMED = PINNED.model_copy(
    update={
        "organisation_claim": "org",
        "environment_claim": "https://turnout/env",
        "role_claim": "roles",
    }
)


def somebody(operator: Asker, **more: Any) -> Asker:
    """Who has a token with these claims, of the organisation acme."""
    return operator.having(KEY.token(claims(org="acme", **more)))


async def test_an_organisation_is_all_that_its_people_see(opened: Open) -> None:
    """Its environments, each when it is named; another's are not there, as none is."""
    operator = await opened(CLAIMED)
    live, test = [await operator.new_environment(name, "acme") for name in ("live", "test")]
    admin = somebody(operator, roles=["viewer", "admin", "king"], scope="payloads")
    listed = (await admin.get("/v1/environments"))["items"]
    assert {each["id"] for each in listed} == {live, test}
    assert (await admin.ask("GET", "/v1/keys"))[0] == 404
    for environment in (live, test):
        assert (await admin.get("/v1/keys", X_Turnout_Environment=environment))["items"] == []
        assert (await admin.get(f"/v1/keys?environment_id={environment}"))["items"] == []
    said = [
        await admin.ask("GET", f"/v1/{path}", X_Request_Id="the-same")
        for path in (
            *(f"keys?environment_id={id_}" for id_ in (DEFAULT_ENVIRONMENT, uuid4())),
            *(f"environments/{id_}" for id_ in (DEFAULT_ENVIRONMENT, uuid4())),
        )
    ]
    assert said == [said[0]] * 4
    assert said[0][0] == 404
    key = await admin.new_key([Scope.READ, Scope.PAYLOADS], live)
    assert key["created_by"] == f"jwt:{ISSUER}|ada"
    made = await admin.ask("POST", "/v1/environments", {"name": "third"})
    assert (made[0], made[1]["organisation_id"]) == (201, listed[0]["organisation_id"])
    foreign = {"name": "x", "organisation": "b"}
    assert (await admin.ask("POST", "/v1/environments", foreign))[0] == 403


async def test_a_key_is_held_in_no_foreign_environment(opened: Open, pool: Pool) -> None:
    """One who names another organisation's leaves nothing there, and is told 404 each time."""
    operator = await opened(CLAIMED)
    own = await operator.new_environment("live", "acme")
    admin, flow = somebody(operator, roles=["admin"]), {"name": "flow"}
    held = "SELECT environment_id::text FROM idempotency_keys"
    for foreign in (str(DEFAULT_ENVIRONMENT), await operator.new_environment("live", "other")):
        given = {"Idempotency_Key": "k", "X_Turnout_Environment": foreign}
        for _ in range(2):
            assert (await admin.ask("POST", "/v1/workflows", flow, **given))[0] == 404
        named = f"/v1/workflows?environment_id={foreign}"
        assert (await admin.ask("POST", named, flow, Idempotency_Key="k"))[0] == 404
    for _ in range(2):  # who names none means the default one, which is another organisation's
        status, said = await admin.ask("POST", "/v1/workflows", flow, Idempotency_Key="k")
        assert (status, "X-Turnout-Environment" in said["detail"]) == (404, True)
    assert await pool.fetch(held) == []
    given = {"Idempotency_Key": "k", "X_Turnout_Environment": own}
    for _ in range(2):
        assert (await admin.ask("POST", "/v1/workflows", flow, **given))[0] == 201
    assert await pool.fetchval(held) == own


async def test_a_key_for_what_is_of_no_environment_is_the_organisation_s(
    opened: Open, pool: Pool
) -> None:
    """An environment is made once, and the key is held in none that is another's."""
    operator = await opened(CLAIMED)
    await operator.new_environment("live", "acme")
    admin, third = somebody(operator, roles=["admin"]), {"name": "third"}
    made = [
        await admin.ask("POST", "/v1/environments", third, Idempotency_Key="k") for _ in range(2)
    ]
    assert made[0] == made[1]
    assert made[0][0] == 201
    held = await pool.fetchval("SELECT environment_id::text FROM idempotency_keys")
    assert held == made[0][1]["organisation_id"]


async def test_claims_say_what_somebody_may(opened: Open) -> None:
    """The environment, and scopes from both claims; other words mean nothing."""
    operator = await opened(CLAIMED)
    live, test = [await operator.new_environment(name, "acme") for name in ("live", "test")]
    bound = somebody(operator, **{"roles": "admin", "https://turnout/env": live})
    assert (await bound.get("/v1/keys"))["items"] == []
    assert (await bound.ask("GET", "/v1/keys", X_Turnout_Environment=test))[0] == 403
    reader = somebody(operator, scope="read admins")
    assert (await reader.ask("GET", "/v1/keys", X_Turnout_Environment=live))[0] == 403
    assert (await reader.ask("GET", "/v1/workflows", X_Turnout_Environment=live))[0] == 200
    for more in (
        {"org": "nobody"},
        {"org": None},
        {"https://turnout/env": str(DEFAULT_ENVIRONMENT)},
        {"https://turnout/env": "live"},
        {"https://turnout/env": None, "org": 7},
    ):
        wrong = {"org": "acme", "https://turnout/env": live, **more}
        assert not await lets_in(operator, KEY.token(claims(**wrong)))
