"""Secrets through the API: what is put is used and noted, and its value is told to nobody."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer
from pydantic import SecretStr

from services.api.app import build_app
from services.api.keep_secret import VALUE_BYTES_MAX
from services.api.resources import ApiResources
from services.api.settings import ApiSettings
from shared.db.pool import Pool
from shared.db.secrets import SECRETS_MAX, SecretUnreadable, names_of, read_secrets
from shared.domain.ids import DEFAULT_ENVIRONMENT
from shared.domain.principals import Scope
from tests.integration.api.asking import OPERATOR, Asker
from tests.integration.api.conftest import Client
from tests.support.rings import ring
from tests.unit.dialects.altostrat_documents import node

VALUE = "swordfish-7f3a"
FLOW: dict[str, Any] = {"name": "f", "steps": [{"id": "s", "kind": "respond"}]}
HOOK = {"id": "hook", "kind": "webhook", "webhook": {"auth": {"header": "X-S", "secret": "Sender"}}}


@pytest.fixture
def more() -> dict[str, Any]:
    """What a test's API has beside the usual."""
    return {"ring": ring("k1")}


@pytest_asyncio.fixture
async def client(resources: ApiResources, more: dict[str, Any]) -> AsyncIterator[Client]:
    """An API with a key ring and a configured secret."""
    own = replace(
        resources,
        token=SecretStr(OPERATOR),
        secrets={"sender": SecretStr("as-configured")},
        **more,
    )
    async with TestClient(TestServer(build_app(own, ApiSettings()))) as opened:
        yield opened


@pytest.fixture
def operator(client: Client) -> Asker:
    """Whoever may do everything."""
    return Asker(client, OPERATOR)


async def put(asker: Asker, name: str, value: Any = VALUE) -> tuple[int, Any]:
    """What putting a secret is answered with."""
    return await asker.ask("PUT", f"/v1/secrets/{name}", {"value": value})


async def test_a_secret_is_put_listed_and_deleted_and_never_shown(operator: Asker) -> None:
    """Each put is a version; who did it is there, and in the log; the value is nowhere."""
    status, made = await put(operator, "crm_key")
    assert (status, made["version"], made["key_id"]) == (201, 1, "k1")
    assert (made["created_by"], made["updated_by"]) == ("token", "token")
    status, again = await put(operator, "crm_key", VALUE * 2)
    assert (status, again["version"], again["created_at"]) == (200, 2, made["created_at"])
    assert again["updated_at"] > made["updated_at"]
    assert await operator.get("/v1/secrets/crm_key") == again
    assert (await operator.get("/v1/secrets"))["items"] == [again]
    assert (await operator.ask("DELETE", "/v1/secrets/crm_key"))[0] == 204
    for method in ("GET", "DELETE"):
        assert (await operator.ask(method, "/v1/secrets/crm_key"))[0] == 404
    log = await operator.get("/v1/audit?target=secret:crm_key")
    assert [(one["action"], one["before"], one["after"]) for one in log["items"]] == [
        ("secret.delete", {"version": 2}, None),
        ("secret.put", {"version": 1}, {"version": 2, "key_id": "k1"}),
        ("secret.put", None, {"version": 1, "key_id": "k1"}),
    ]
    assert VALUE not in str((made, again, log))


async def test_a_list_has_pages(operator: Asker) -> None:
    """In the order of names, each once; the cursor is the last name."""
    for name in ("b", "a", "c"):
        await put(operator, name)
    first = await operator.get("/v1/secrets?limit=2")
    rest = await operator.get(f"/v1/secrets?limit=2&cursor={first['next_cursor']}")
    assert [one["name"] for page in (first, rest) for one in page["items"]] == ["a", "b", "c"]
    assert rest["next_cursor"] is None


async def test_authors_see_names_and_admins_put(operator: Asker) -> None:
    """Neither role can be told a value."""
    await put(operator, "crm_key")
    author, reader = await operator.key([Scope.AUTHOR]), await operator.key([Scope.READ])
    assert (await author.get("/v1/secrets"))["items"][0]["name"] == "crm_key"
    assert (await put(author, "crm_key"))[0] == 403
    assert (await author.ask("DELETE", "/v1/secrets/crm_key"))[0] == 403
    assert (await reader.ask("GET", "/v1/secrets"))[0] == 403


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [
        ("a" * 256, VALUE, 201),
        ("0_-", VALUE, 201),
        ("a" * 257, VALUE, 422),
        ("API_KEY", VALUE, 422),
        ("-a", VALUE, 422),
        ("a.b", VALUE, 422),
        ("%C3%A4", VALUE, 422),
        ("a%0A", VALUE, 422),
        ("a", "x" * VALUE_BYTES_MAX, 201),
        ("a", "x" * (VALUE_BYTES_MAX + 1), 422),
        ("a", "é" * (VALUE_BYTES_MAX // 2 + 1), 422),
        ("a", "", 422),
        ("a", 1, 422),
        ("a", None, 422),
        ("a", [VALUE], 422),
    ],
)
async def test_names_and_values_have_bounds(
    operator: Asker, name: str, value: Any, status: int
) -> None:
    """At each bound and beyond it; the refusal quotes no value."""
    got, said = await put(operator, name, value)
    assert got == status, said
    assert VALUE not in str(said)
    assert "xxxx" not in str(said)


async def test_an_environment_has_so_many_secrets(operator: Asker, pool: Pool) -> None:
    """One more is refused; another value for one that is there is not."""
    await put(operator, "first")
    await pool.execute(
        "INSERT INTO secrets SELECT environment_id, 's' || n, version, key_id, nonce, ciphertext,"
        " created_at, created_by, updated_at, updated_by"
        " FROM secrets, generate_series(2, $1) AS n",
        SECRETS_MAX,
    )
    assert (await put(operator, "one_more"))[0] == 409
    assert (await put(operator, "first"))[0] == 200
    other = await operator.new_environment("other")
    assert (await put(await operator.key([Scope.ADMIN], other), "one_more"))[0] == 201


@pytest.mark.parametrize("more", [{}])
async def test_without_a_key_ring_no_secret_is_kept(operator: Asker) -> None:
    """The sentence says what to set; everything else works."""
    status, said = await put(operator, "crm_key")
    assert status == 409
    assert "TURNOUT_KEYRING" in said["detail"]
    assert (await operator.get("/v1/secrets"))["items"] == []
    assert (await operator.ask("POST", "/v1/workflows", {**FLOW, "triggers": [HOOK]}))[0] == 201


async def test_a_row_is_for_its_environment_and_its_name(operator: Asker, pool: Pool) -> None:
    """Copied to another environment, or to another name, it does not decrypt."""
    await put(operator, "mine")
    assert await read_secrets_of(pool, "mine") == {"mine": VALUE}
    other = await operator.new_environment("other")
    await put(await operator.key([Scope.ADMIN], other), "mine", "another")
    await put(operator, "theirs", "another")
    moved = "SET (nonce, ciphertext) = (SELECT s.nonce, s.ciphertext FROM secrets AS s WHERE"
    for change in (
        f"{moved} s.environment_id = $1 AND s.name = 'theirs') WHERE name = 'mine'",
        f"{moved} s.environment_id <> $1) WHERE name = 'mine'",
        "SET ciphertext = substr(ciphertext, 2) WHERE name = 'mine'",
        "SET key_id = 'k2' WHERE name = 'mine'",
    ):
        await put(operator, "mine")
        await pool.execute(f"UPDATE secrets {change} AND environment_id = $1", DEFAULT_ENVIRONMENT)
        with pytest.raises(SecretUnreadable) as refused:
            await read_secrets_of(pool, "mine")
        assert VALUE not in str(refused.value)


async def test_a_webhook_asks_for_what_is_stored(operator: Asker, pool: Pool) -> None:
    """At once, before what is configured; what cannot be decrypted lets nobody in."""
    flow = {**FLOW, "triggers": [HOOK]}
    _, made = await operator.ask("POST", "/v1/workflows", flow)
    path = f"/v1/hooks/{made['webhook_url'].rpartition('/')[2]}"

    async def sent(secret: str) -> int:
        return (await operator.having(None).ask("POST", path, {}, X_S=secret))[0]

    assert [await sent(given) for given in ("as-configured", VALUE)] == [202, 401]
    await put(operator, "sender")
    assert [await sent(given) for given in ("as-configured", VALUE)] == [401, 202]
    await put(operator, "sender", "another")
    assert [await sent(given) for given in (VALUE, "another")] == [401, 202]
    await pool.execute("UPDATE secrets SET key_id = 'gone'")
    assert [await sent(given) for given in ("as-configured", "another")] == [503, 503]
    await operator.ask("DELETE", "/v1/secrets/sender")
    assert [await sent(given) for given in ("as-configured", "another")] == [202, 401]


async def test_a_workflow_may_name_what_its_environment_has(operator: Asker) -> None:
    """A secret of another environment, or none at all, is a problem; one just put is not."""
    admin = await operator.key(list(Scope), await operator.new_environment("other"))
    flow = {**FLOW, "triggers": [HOOK]}
    status, said = await admin.ask("POST", "/v1/workflows", flow)
    assert (status, said["errors"][0]["code"]) == (422, "UNKNOWN_SECRET")
    assert (await put(admin, "sender"))[0] == 201
    assert (await admin.ask("POST", "/v1/workflows", flow))[0] == 201


async def test_who_only_reads_finds_no_secret_by_asking(operator: Asker) -> None:
    """What tries a workflow or a node answers without the scope author as if each were there."""
    await put(operator, "crm_key")
    reader = await operator.key([Scope.READ, Scope.PAYLOADS])
    author = await operator.key([Scope.READ, Scope.PAYLOADS, Scope.AUTHOR])
    for path, asking in (
        ("/v1/workflows/validate", _hooked_by),
        ("/altostrat/workflows/test-node", _node_that_sends),
        ("/altostrat/workflows/test-node", _node_that_asks),
    ):
        for asker, is_told in ((reader, False), (author, True)):
            there, missing = [
                str(await asker.ask("POST", path, asking(name))).replace(name, "…")
                for name in ("crm_key", "crm_kez")
            ]
            assert (there != missing) is is_told, (path, there, missing)
            assert "(200, " in there
            assert "UNKNOWN_SECRET" not in there
            assert "no secret" not in there


async def test_a_node_does_not_list_secrets_to_who_only_reads(operator: Asker) -> None:
    """Nor count them: it sees those that it names."""
    reader = await operator.key([Scope.READ, Scope.PAYLOADS])
    asked = _node("text_transform", template="{{ secrets }} {{ secrets | size }}")
    counted = []
    for name in ("crm_key", "other"):
        await put(operator, name)
        counted.append(await reader.ask("POST", "/altostrat/workflows/test-node", asked))
    assert counted[0] == counted[1]
    assert "sender" not in str(counted)


def _hooked_by(name: str) -> dict[str, Any]:
    auth = {"header": "X-S", "secret": name}
    return {**FLOW, "triggers": [{**HOOK, "webhook": {"auth": auth}}]}


def _node_that_sends(name: str) -> dict[str, Any]:
    return _node("webhook", url="https://x/", headers={"A": f"{{{{ secrets.{name} }}}}"})


def _node_that_asks(name: str) -> dict[str, Any]:
    asked = f"{{{{ secrets.{name} }}}}"
    return _node("string_condition", value=asked, operator="==", compare_to="x")


def _node(component: str, **data: Any) -> dict[str, Any]:
    return {"node": node("a", component, **data), "authorization_id": "auth_1"}


async def read_secrets_of(pool: Pool, name: str) -> dict[str, str]:
    """The value as the engine reads it."""
    now = datetime.now(UTC)
    async with pool.acquire() as conn:
        assert name in await names_of(conn, DEFAULT_ENVIRONMENT, now)
        return await read_secrets(conn, ring("k1"), DEFAULT_ENVIRONMENT, [name], now)
