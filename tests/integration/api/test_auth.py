"""Who is let in, and what each may do."""

from itertools import chain, product
from typing import Any
from uuid import uuid4

from services.api.http.route import OPEN, Route
from services.api.routes import ROUTES
from shared.domain.ids import DEFAULT_ENVIRONMENT
from shared.domain.principals import SCOPES_OF, Role, Scope
from tests.integration.api.asking import OPERATOR, Asker
from tests.integration.api.conftest import Serve

ALL = frozenset(Scope)
BUNDLES = {
    **{f"role {role}": SCOPES_OF[role] for role in Role},
    **{f"only {scope}": frozenset({scope}) for scope in Scope},
}


def path_of(route: Route) -> str:
    """The route's path, of things that are not there."""
    parts = (
        str(uuid4())
        if part.startswith("{") and part.endswith("id}")
        else part.replace("{", "").replace("}", "")
        for part in route.path.split("/")
    )
    return "/".join(parts)


async def test_each_route_asks_for_its_scopes(serve: Serve) -> None:
    """For every route and role or scope: let through, or 403 that names the scope missing first."""
    operator = Asker(await serve(OPERATOR), OPERATOR)
    askers = {name: await operator.key(scopes) for name, scopes in BUNDLES.items()}
    for route, (name, asker) in product(ROUTES, askers.items()):
        status, document = await asker.ask(route.method, path_of(route))
        lacking = sorted(route.needs - BUNDLES[name])
        if lacking:
            assert status == 403, (route, name)
            assert f"'{lacking[0]}'" in str(document), route
        else:
            assert status not in (401, 403, 500), (route, document)


async def test_who_shows_nothing_gets_what_is_open(serve: Serve) -> None:
    """Health, metrics, webhooks and what Turnout says of itself are open; all else is 401."""
    asker = Asker(await serve(OPERATOR))
    for route in ROUTES:
        status, document = await asker.ask(route.method, path_of(route))
        assert (status == 401) is bool(route.needs), (route, document)
    assert {route.path for route in ROUTES if route.needs == OPEN} == {
        *("/healthz", "/readyz", "/metrics", "/v1/hooks/{token}"),
        "/transactionlink/.well-known/jwks.json",
        "/transactionlink/auth/webhooks/key/{key_id}",
        *("/transactionlink/auth/authorize", "/transactionlink/auth/refresh"),
        "/altostrat/workflows/webhooks/whsec_{token}",
        "/sixtyfour/workflows/runs/{run_id}/files/csv/{block_id}",
        "/sixtyfour/workflows/runs/{run_id}/files/json/{block_id}",
        *("/openapi.json", "/asyncapi.json", "/schemas/workflow.json", "/docs"),
    }
    assert (await asker.ask("GET", "/v1/nowhere"))[0] == 401


async def test_without_a_login_no_page_from_elsewhere_may_ask(serve: Serve) -> None:
    """Neither by a name that leads here, nor across origins; what is open to all stays so."""
    client = await serve(None)
    here = ("localhost", "LOCALHOST:8080", "127.0.0.1", "127.8.9.10:80", "[::1]:8080")
    elsewhere = ("example.com:8080", "localhost.example.com", "10.0.0.1", "[::2]", "", "a b", "[")
    for hosts, status in ((here, 404), (elsewhere, 403)):
        for host in hosts:
            for headers in ({"Host": host}, {"Origin": f"http://{host}"}):
                async with client.get("/v1/nowhere", headers=headers) as answer:
                    assert answer.status == status, headers
                async with client.get("/v1/hooks/unknown", headers=headers) as answer:
                    assert answer.status == 404, headers
    async with client.get("/v1/workflows", headers={"Origin": "null"}) as answer:
        assert answer.status == 403
    asker = Asker(await serve(OPERATOR), OPERATOR)
    assert (await asker.ask("GET", "/v1/workflows", Host="example.com"))[0] == 200


def test_every_change_asks_for_more_than_reading() -> None:
    """No route but a read, a check or an open one is content with the scope to read."""
    reading = {r.path for r in ROUTES if r.method != "GET" and Scope.READ in r.needs}
    assert reading == {
        "/v1/workflows/validate",
        "/v1/workflows/lint",
        "/v1/workflows/dry-run",
        "/v1/workflows/{id}/dry-run",
        "/v1/workflows/{id}/what-if",
        "/v1/workflows/{id}/diff",
        "/v1/schedules/preview",
        "/altostrat/workflows/validate",
        "/altostrat/workflows/test-node",
    }
    assert set(chain.from_iterable(r.needs for r in ROUTES)) == ALL


async def test_keys_are_taken_in_every_form(serve: Serve) -> None:
    """As a bearer token, as an x-api-key and raw; the token's own forms are as they were."""
    client = await serve(OPERATOR)
    secret = (await Asker(client, OPERATOR).key([Scope.READ])).secret
    assert secret is not None
    wrong = secret[:-1] + ("A" if secret[-1] != "A" else "B")
    for shown in (OPERATOR, secret):
        for headers in (
            {"Authorization": f"Bearer {shown}"},
            {"Authorization": f"bearer {shown}"},
            {"Authorization": shown},
            {"X-Api-Key": shown},
        ):
            async with client.get("/v1/workflows", headers=headers) as answer:
                assert answer.status == 200, headers
    said = set()
    for shown in (wrong, secret[4:], f"{secret}A", secret.upper(), "tot_", "", "Basic " + secret):
        async with client.get("/v1/workflows", headers={"Authorization": shown}) as answer:
            document = await answer.json()
            said.add((answer.status, document["detail"], answer.headers["WWW-Authenticate"]))
    assert len(said) == 1
    assert next(iter(said))[0] == 401


async def keys_of(asker: Asker, **headers: str) -> list[Any]:
    """The keys that somebody sees, but when they were last used: that is noted a little later."""
    listed = (await asker.get("/v1/keys", **headers))["items"]
    return [{**key, "last_used_at": None} for key in listed]


async def test_a_key_is_of_one_environment(serve: Serve) -> None:
    """It needs not name it; another one is 403, however it is named, and its things are not."""
    operator = Asker(await serve(OPERATOR), OPERATOR)
    other = await operator.new_environment("other")
    here, there = await operator.key(ALL), await operator.key(ALL, other)
    home = str(DEFAULT_ENVIRONMENT)
    for asker, own, foreign in ((here, home, other), (there, other, home)):
        assert await keys_of(asker, X_Turnout_Environment=own) == await keys_of(asker)
        named = await asker.ask("GET", "/v1/keys", X_Turnout_Environment=foreign)
        assert named[0] == 403
        assert own in named[1]["detail"]
        assert (await asker.ask("GET", f"/v1/keys?environment_id={foreign}"))[0] == 403
        listed = (await asker.get("/v1/environments"))["items"]
        assert [each["id"] for each in listed] == [own]
        assert (await asker.ask("GET", f"/v1/environments/{foreign}"))[0] == 404
        assert (await asker.ask("POST", "/v1/environments", {"name": "mine"}))[0] == 403
    assert (await operator.ask("GET", "/v1/keys", X_Turnout_Environment="home"))[0] == 400


async def test_environments_are_made_listed_and_named_once(serve: Serve) -> None:
    """Each name once in its organisation, each id once; unknown ones are not there."""
    operator = Asker(await serve(OPERATOR), OPERATOR)
    made = await operator.new_environment("live", "acme")
    assert made != await operator.new_environment("live", "other")
    again = {"name": "live", "organisation": "acme"}
    assert (await operator.ask("POST", "/v1/environments", again))[0] == 409
    same = {"name": "else", "id": made}
    assert (await operator.ask("POST", "/v1/environments", same))[0] == 409
    shown = await operator.get(f"/v1/environments/{made}")
    assert (shown["id"], shown["name"]) == (made, "live")
    first = await operator.get("/v1/environments?limit=2")
    assert [each["name"] for each in first["items"]] == ["default", "live"]
    rest = await operator.get(f"/v1/environments?limit=2&cursor={first['next_cursor']}")
    assert [each["name"] for each in rest["items"]] == ["live"]
    assert rest["next_cursor"] is None
    assert (await operator.ask("GET", f"/v1/environments/{uuid4()}"))[0] == 404
    assert (
        await operator.ask(
            "POST", f"/v1/keys?environment_id={uuid4()}", {"name": "x", "role": "viewer"}
        )
    )[0] == 404
