"""Altostrat's vault: what is put there is sent, ends, and is shown to nobody."""

from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from shared.db.altostrat_addresses import read_addresses, rewrap_addresses
from shared.db.secrets import START, count_keys
from shared.domain.ids import DEFAULT_ENVIRONMENT
from tests.integration.api.dialects.test_altostrat import ask, create
from tests.integration.api.dialects.test_altostrat_runs import becomes, logged, started
from tests.integration.api.face import open_face
from tests.support.rings import ring, written
from tests.unit.dialects.altostrat_documents import flow, node

VALUE = "the value that nobody is shown"


async def test_secrets_are_kept_changed_and_never_shown(database: str) -> None:
    """Their values are in no answer; a key that is made is told once; the audit log has it all."""
    async with open_face(database) as face:
        later = (datetime.now(UTC) + timedelta(days=1)).isoformat()
        said = {"name": "CRM", "secret": VALUE, "expires_at": later}
        status, made = await ask(face.client, "POST", "vault", said)
        assert (status, made.keys()) == (
            *(201,),
            {"id", "name", "expires_at", "created_at", "updated_at"},
        )
        assert made["id"].startswith("vlt_")
        status, key = await ask(face.client, "POST", "vault", {"name": "api-key:partner"})
        assert (status, key["secret"][:4]) == (201, "wfk_")
        path = f"vault/{made['id']}"
        _, changed = await ask(face.client, "PUT", path, {"name": "CRM 2", "expires_at": None})
        assert (changed["name"], changed["expires_at"]) == ("CRM 2", None)
        assert (await ask(face.client, "GET", path))[1] == changed
        _, listed = await ask(face.client, "GET", "vault")
        assert [one["name"] for one in listed] == ["CRM 2", "api-key:partner"]
        assert all("secret" not in one for one in listed)
        native = await face.get("secrets")
        assert {one["name"] for one in native["items"]} == {made["id"], key["id"]}
        assert (await ask(face.client, "DELETE", path))[0] == 204
        assert (await ask(face.client, "GET", path))[0] == 404
        noted = await face.get("audit")
        targets = [(one["action"], one["target"]) for one in noted["items"]]
        assert targets.count(("secret.put", f"secret:{made['id']}")) == 2
        assert ("secret.delete", f"secret:{made['id']}") in targets
        assert VALUE not in str(noted)


async def test_what_is_no_secret_is_refused(database: str) -> None:
    """422 at its field: a name has 3 to 50 characters, a value at most 2,000, an end is to come."""
    past = "2020-01-01T00:00:00Z"
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"name": "CRM"}, "secret"),
        ({"name": "CR", "secret": "s"}, "name"),
        ({"name": "C" * 51, "secret": "s"}, "name"),
        ({"name": "CRM", "secret": "s" * 2_001}, "secret"),
        ({"name": "CRM", "secret": "s", "expires_at": past}, "expires_at"),
        ({"name": "CRM", "secret": "s", "expires_at": "tomorrow"}, "expires_at"),
        ({"name": "CRM", "secret": "s", "expires_at": "9999-12-31T23:59:59-23:59"}, "expires_at"),
    ]
    async with open_face(database) as face:
        for said, field in wrong:
            status, refusal = await ask(face.client, "POST", "vault", said)
            assert (status, [*refusal["errors"]]) == (422, [field]), said


async def test_a_header_gets_the_secret_at_the_moment_of_sending(database: str) -> None:
    """The receiver sees the value, the log a reference; one that has ended is not sent.

    In the text of a JSON body too, where it stands in quotes.
    """
    shown: list[str | None] = []

    async def receive(request: web.Request) -> web.Response:
        shown.append(request.headers.get("X-Key"))
        assert (await request.json())["key"] == shown[-1]
        return web.json_response({"heard": request.headers.get("X-Key")})

    app = web.Application()
    app.router.add_route("*", "/", receive)
    async with TestServer(app) as server:
        await sent_and_ended(database, str(server.make_url("/")), shown)


def call_with(secret: str, url: str) -> dict[str, Any]:
    """A node that sends a secret as a header, and within a body."""
    body = f'{{"key": "{secret}"}}'
    return node("a", "webhook", method="POST", url=url, headers={"X-Key": secret}, body=body)


async def sent_and_ended(database: str, url: str, shown: list[str | None]) -> None:
    """Runs of a call of ``url``: with secrets made a moment ago, and after the end of one."""
    async with open_face(database, keyring=written("k1")) as face:
        kept = {"name": "CRM", "secret": VALUE}
        secret = (await ask(face.client, "POST", "vault", kept))[1]["id"]
        call = call_with(secret, url)
        first = await started(face, flow(call))
        run = await becomes(face, first["id"], "completed", "failed")
        assert (run["status"], shown) == ("completed", [VALUE])
        assert VALUE not in str(run)
        assert logged(run)["a"][1]["body"] == {"heard": f"[secret {secret}]"}
        secret = (await ask(face.client, "POST", "vault", kept | {"name": "ERP"}))[1]["id"]
        call = call_with(secret, url)
        at_once = await started(face, flow(call))
        run = await becomes(face, at_once["id"], "completed", "failed")
        assert (run["status"], shown) == ("completed", [VALUE] * 2)
        await face.works.pool.execute("UPDATE secrets SET expires_at = now()")
    async with open_face(database, keyring=written("k1")) as again:
        second = await started(again, flow(call))
        run = await becomes(again, second["id"], "failed")
        assert "There is no secret" in run["error_message"]
        assert shown == [VALUE] * 2


async def test_addresses_are_encrypted_anew_with_all_else(database: str) -> None:
    """After that the first key opens them, and nothing is under another one."""
    hooked = flow()
    hooked["nodes"] = [node("start", "webhook_trigger")]
    async with open_face(database) as face:
        made = [await create(face.client, {**hooked, "name": f"w{n}"}) for n in range(3)]
        async with face.works.pool.acquire() as conn, conn.transaction():
            assert await count_keys(conn) == {"k1": 3}
            done = await rewrap_addresses(conn, ring("k2", "k1"), START, 2)
            assert ({*done.done.values()}, len(done.done), done.last is None) == ({"k1"}, 2, False)
            assert done.last is not None
            rest = await rewrap_addresses(conn, ring("k2", "k1"), done.last, 2)
            assert len(rest.done) == 1
            assert (await rewrap_addresses(conn, ring("k2", "k1"), START, 2)).last is None
            assert await count_keys(conn) == {"k2": 3}
            ids = [row["workflow_id"] for row in await conn.fetch("TABLE altostrat_addresses")]
            tokens = await read_addresses(conn, ring("k2"), ids)
            assert await read_addresses(conn, ring("k1"), ids) == {}
            await conn.execute("UPDATE altostrat_addresses SET key_id = 'k3'")
            lost = await rewrap_addresses(conn, ring("k2", "k1"), START, 5)
            assert (len(lost.failed), lost.done) == (3, {})
    assert {one["webhook_url"].rpartition("whsec_")[2] for one in made} == {*tokens.values()}
    assert all(place[0] == DEFAULT_ENVIRONMENT for place in done.done)
