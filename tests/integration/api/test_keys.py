"""Keys: shown once, kept as a hash, of limited scope and life."""

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from services.api.app import build_app
from services.api.login.identities import KNOWN_S
from services.api.login.remembered import Remembered
from services.api.resources import ApiResources
from services.api.settings import ApiSettings
from shared.db.pool import Pool
from shared.domain.principals import SCOPES_OF, Role, Scope
from shared.runtime.clock import SystemClock
from tests.integration.api.asking import OPERATOR, Asker
from tests.integration.api.conftest import Serve
from tests.support.answers import open_checked
from tests.support.still_clock import StillClock

READ = [Scope.READ]


async def everything(pool: Pool) -> str:
    """Each row of each table, as text."""
    tables = await pool.fetch(
        "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables"
        " WHERE schemaname = 'public'"
    )
    rows = [await pool.fetch(f"SELECT t::text FROM {table['name']} AS t") for table in tables]
    return "\n".join(row[0] for found in rows for row in found)


async def test_a_secret_is_told_once(
    serve: Serve, pool: Pool, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is in the answer that made it, and in no other, no table and no log."""
    caplog.set_level(logging.DEBUG)
    operator = Asker(await serve(OPERATOR), OPERATOR)
    made = await operator.new_key(READ)
    path = f"/v1/keys/{made['id']}"
    turned = (await operator.ask("POST", f"{path}/rotate", {"grace_s": 60}))[1]
    for issued in (made, turned):
        secret = issued["secret"]
        assert secret.startswith("tot_")
        assert len(secret) == 47
        assert issued["prefix"] == secret[4:12]
        await operator.having(secret).get("/v1/workflows")
    await operator.having(made["secret"] + "x").ask("GET", "/v1/workflows")
    told = [
        str(await operator.get(path)),
        str(await operator.get("/v1/keys")),
        str(await operator.get("/v1/audit")),
        await (await operator.client.get("/metrics")).text(),
        await everything(pool),
        caplog.text,
        "".join(capsys.readouterr()),
    ]
    assert "not_let_in" in "".join(told)
    assert made["prefix"] in "".join(told)
    for issued in (made, turned):
        assert not [text for text in told if issued["secret"][:20] in text]
    digest = sha256(made["secret"].encode()).digest()
    assert await pool.fetchval("SELECT count(*) FROM api_keys WHERE hash = $1", digest) == 1


@pytest.fixture
def clock() -> StillClock:
    """A clock to put forward."""
    return StillClock()


@pytest_asyncio.fixture
async def operator(resources: ApiResources, clock: StillClock) -> AsyncIterator[Asker]:
    """The operator of an API that goes by ``clock``."""
    own = replace(resources, token=SecretStr(OPERATOR), clock=clock, registry=CollectorRegistry())
    async with open_checked(build_app(own, ApiSettings())) as client:
        yield Asker(client, OPERATOR)


async def lets_in(asker: Asker) -> bool:
    """Whether the API knows them."""
    status, _ = await asker.ask("GET", "/v1/workflows")
    assert status in (200, 401)
    return status == 200


async def test_revoking_takes_effect_in_seconds(
    operator: Asker, clock: StillClock, pool: Pool
) -> None:
    """A key that was asked with just now is known, without asking Postgres, for no longer."""
    made = await operator.new_key(READ)
    asker = operator.having(made["secret"])
    assert await lets_in(asker)
    status, _ = await operator.ask("DELETE", f"/v1/keys/{made['id']}")
    assert status == 204
    assert await lets_in(asker)
    assert KNOWN_S <= 5
    clock.by_s += KNOWN_S
    assert not await lets_in(asker)
    shown = await operator.get(f"/v1/keys/{made['id']}")
    assert shown["revoked_at"] is not None
    assert (await operator.ask("DELETE", f"/v1/keys/{made['id']}"))[0] == 204
    again = await operator.get(f"/v1/keys/{made['id']}")
    assert again["revoked_at"] == shown["revoked_at"]  # last_used_at is written a little later
    assert (await operator.ask("POST", f"/v1/keys/{made['id']}/rotate"))[0] == 409
    assert await pool.fetchval("SELECT count(*) FROM audit_log WHERE action = 'key.revoke'") == 1


async def test_a_key_expires_to_the_second(operator: Asker, clock: StillClock) -> None:
    """Also one that was known just before; a time that has passed is refused."""
    until = clock.now() + timedelta(seconds=30)
    asker = await operator.key(READ, expires_at=until.isoformat())
    clock.by_s += 28
    assert await lets_in(asker)
    clock.by_s += 2
    assert not await lets_in(asker)
    body = {"name": "x", "role": "viewer", "expires_at": until.isoformat()}
    status, refused = await operator.ask("POST", "/v1/keys", body)
    assert (status, refused["errors"][0]["code"]) == (422, "IN_THE_PAST")


async def test_a_rotated_key_counts_for_its_grace(operator: Asker, clock: StillClock) -> None:
    """With grace both secrets let in, then the new one; without it, the new one at once."""
    old = await operator.new_key(SCOPES_OF[Role.OPERATOR], expires_at="2099-01-01T00:00:00Z")
    path = f"/v1/keys/{old['id']}/rotate"
    status, new = await operator.ask("POST", path, {"grace_s": 60})
    assert status == 201
    same = ("name", "scopes", "expires_at", "environment_id")
    assert [new[field] for field in same] == [old[field] for field in same]
    assert (new["id"], new["secret"], new["prefix"]) != (old["id"], old["secret"], old["prefix"])
    assert await lets_in(operator.having(old["secret"]))
    assert await lets_in(operator.having(new["secret"]))
    clock.by_s += 61
    assert not await lets_in(operator.having(old["secret"]))
    assert await lets_in(operator.having(new["secret"]))
    status, newest = await operator.ask("POST", f"/v1/keys/{new['id']}/rotate")
    assert (status, newest["name"]) == (201, old["name"])
    clock.by_s += KNOWN_S
    assert not await lets_in(operator.having(new["secret"]))
    assert await lets_in(operator.having(newest["secret"]))
    assert (await operator.ask("POST", path, {}))[0] == 409
    assert (await operator.ask("POST", path, {"grace_s": -1}))[0] == 422


async def test_nobody_gives_what_he_has_not(operator: Asker) -> None:
    """A key makes and rotates no key that may do more than itself."""
    admin = await operator.key(SCOPES_OF[Role.ADMIN])
    strong = await operator.new_key([Scope.READ, Scope.PAYLOADS])
    for body in ({"scopes": ["read", "payloads"]}, {"role": "viewer", "scopes": ["payloads"]}):
        status, refused = await admin.ask("POST", "/v1/keys", {"name": "x", **body})
        assert (status, "payloads" in refused["detail"]) == (403, True)
    assert (await admin.ask("POST", f"/v1/keys/{strong['id']}/rotate"))[0] == 403
    assert (await admin.ask("POST", "/v1/keys", {"name": "x", "role": "admin"}))[0] == 201
    for wrong in ({"name": "x"}, {"name": "x", "role": "all"}, {"role": "viewer"}):
        assert (await operator.ask("POST", "/v1/keys", wrong))[0] == 422


async def test_lint_by_events_takes_the_scope_payloads(operator: Asker) -> None:
    """Also where a workflow is saved; nothing is kept then."""
    author = await operator.key([Scope.READ, Scope.AUTHOR])
    flow = {"name": "w", "triggers": [{"event_name": "go"}], "steps": []}
    for path in ("/v1/workflows?lint=1", "/v1/workflows/lint?events=1"):
        status, refused = await author.ask("POST", path, flow)
        assert (status, "payloads" in refused["detail"]) == (403, True)
    assert (await author.get("/v1/workflows"))["items"] == []
    status, saved = await author.ask("POST", "/v1/workflows?lint=0", {**flow, "draft": True})
    assert (status, len(saved["findings"])) == (201, len(saved["problems"]))


async def test_keys_are_seen_in_their_environment_only(operator: Asker) -> None:
    """Another's key is not there, whatever is asked of it, in the words for one that never was."""
    other = await operator.new_environment("other")
    mine, theirs = await operator.key(list(Scope)), await operator.new_key(READ, other)
    for method, tail in (("GET", ""), ("DELETE", ""), ("POST", "/rotate")):
        said = [
            await mine.ask(method, f"/v1/keys/{id_}{tail}", X_Request_Id="the-same")
            for id_ in (theirs["id"], uuid4())
        ]
        assert said[0] == said[1]
        assert said[0][0] == 404
    assert theirs["id"] not in str(await mine.get("/v1/keys"))
    assert await lets_in(operator.having(theirs["secret"]))
    first = await operator.get("/v1/keys?limit=1")
    assert first["next_cursor"] is None
    await mine.new_key(READ)
    first = await operator.get("/v1/keys?limit=1")
    rest = await operator.get(f"/v1/keys?limit=1&cursor={first['next_cursor']}")
    ids = [each["id"] for page in (first, rest) for each in page["items"]]
    assert len(set(ids)) == 2


async def test_the_last_use_is_noted_once_a_minute(
    operator: Asker, clock: StillClock, pool: Pool
) -> None:
    """Soon after the first request, and not again before a minute has passed."""
    made = await operator.new_key(READ)
    asker, path = operator.having(made["secret"]), f"/v1/keys/{made['id']}"
    assert (await operator.get(path))["last_used_at"] is None

    async def noted(after: str | None) -> str:
        async with asyncio.timeout(60):
            while (at := (await operator.get(path))["last_used_at"]) == after:
                await asyncio.sleep(0.02)
        return str(at)

    assert await lets_in(asker)
    first = await noted(None)
    before = await pool.fetchval("SELECT xmin::text FROM api_keys WHERE id = $1", UUID(made["id"]))
    clock.by_s += KNOWN_S
    assert await lets_in(asker)
    assert before == await pool.fetchval(
        "SELECT xmin::text FROM api_keys WHERE id = $1", UUID(made["id"])
    )
    clock.by_s += 60
    assert await lets_in(asker)
    assert await noted(first) > first


async def test_what_is_remembered_is_bounded() -> None:
    """The oldest answer goes first; what is not there is looked for each time."""
    looked: list[int] = []

    async def look(key: int) -> int | None:
        looked.append(key)
        return key or None

    kept = Remembered[int, int](look, SystemClock(), seconds=60, most=2)
    for key in (1, 2, 1, 0, 0, 3, 2, 1):
        await kept.get(key)
    assert looked == [1, 2, 0, 0, 3, 1]
