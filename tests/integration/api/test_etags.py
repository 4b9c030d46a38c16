"""Definitions have tags: nobody overwrites what he has not seen, and nobody reads twice."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from shared.db.actions import lock_action, put_action
from shared.db.pool import Pool
from shared.domain.actions import ActionSpec, Transport
from shared.domain.ids import DEFAULT_ENVIRONMENT
from tests.integration.api.conftest import Client
from tests.support.works import until

WAITING = """
SELECT count(*) FROM pg_locks
WHERE locktype = 'advisory' AND NOT granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
FLOW = "/v1/workflows/4a4de828-f4c9-4bea-8ef4-2d705aec43bc"


@dataclass(frozen=True)
class Kind:
    """A kind of definition: where one is, and its contents, each other than the one before."""

    path: str
    contents: tuple[dict[str, Any], ...]


KINDS = {
    "workflow": Kind(FLOW, tuple({"name": f"n{n}"} for n in range(4))),
    "action": Kind(
        "/v1/actions/a", tuple({"transport": "worker", "timeout_s": n + 1} for n in range(4))
    ),
    "event type": Kind("/v1/event-types/e", tuple({"description": str(n)} for n in range(4))),
}
every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


async def ask(
    client: Client, method: str, path: str, body: Any = None, **headers: str
) -> tuple[int, str]:
    """The status and the tag of an answer."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    given["Accept-Encoding"] = "identity"
    async with client.request(method, path, json=body, headers=given) as answer:
        await answer.read()
        return answer.status, answer.headers.get("ETag", "")


@every_kind
async def test_a_change_is_of_what_was_seen(client: Client, kind: Kind) -> None:
    """With If-Match a definition is changed in that state only; in any where it is a star."""
    path, (first, second, third, fourth) = kind.path, kind.contents
    assert (await ask(client, "PUT", path, first, If_Match="*"))[0] == 412
    assert (await ask(client, "GET", path))[0] == 404
    status, made = await ask(client, "PUT", path, first, If_None_Match="*")
    assert (status, made[0], made[-1]) == (201, '"', '"')
    assert (await ask(client, "PUT", path, second, If_None_Match="*"))[0] == 412
    assert await ask(client, "GET", path) == (200, made)
    status, changed = await ask(client, "PUT", path, second, If_Match=made)
    assert status == 200
    assert changed != made
    for stale in (made, '"else"', f"W/{changed}", "", changed.strip('"')):
        assert (await ask(client, "PUT", path, third, If_Match=stale))[0] == 412, stale
        assert (await ask(client, "DELETE", path, If_Match=stale))[0] == 412, stale
    assert await ask(client, "GET", path) == (200, changed)
    many = f'"else", {changed}, {made}'
    status, again = await ask(client, "PUT", path, third, If_Match=many)
    assert (status, (await ask(client, "PUT", path, fourth, If_Match="*"))[0]) == (200, 200)
    assert (await ask(client, "DELETE", path, If_Match=again))[0] == 412
    _, last = await ask(client, "GET", path)
    assert (await ask(client, "DELETE", path, If_Match=last))[0] == 204
    status, anew = await ask(client, "PUT", path, first)
    assert (status, anew in {made, changed, again, last}) == (201, False)


@every_kind
async def test_what_is_known_is_not_sent_again(client: Client, kind: Kind) -> None:
    """304 without a document to whoever has the tag, also that of the gzipped document."""
    path, (first, second, *_) = kind.path, kind.contents
    _, tag = await ask(client, "PUT", path, first)
    for known in (tag, f'"else", {tag}', "*", f'{tag[:-1]}-gzip"'):
        async with client.get(path, headers={"If-None-Match": known}) as answer:
            assert (answer.status, answer.headers["ETag"], await answer.read()) == (304, tag, b"")
            assert answer.headers["Cache-Control"] == "private, no-cache"
    await ask(client, "PUT", path, second)
    status, changed = await ask(client, "GET", path, If_None_Match=tag)
    assert (status, changed != tag) == (200, True)


@every_kind
async def test_of_many_changes_at_once_one_is_made(client: Client, kind: Kind) -> None:
    """All have seen the same state; and of many who create it, one does."""
    bodies = [kind.contents[n % 3] for n in range(8)]

    async def put_all(**headers: str) -> list[int]:
        asked = (ask(client, "PUT", kind.path, body, **headers) for body in bodies)
        return sorted(status for status, _ in await asyncio.gather(*asked))

    assert await put_all(If_None_Match="*") == [201] + [412] * 7
    _, tag = await ask(client, "PUT", kind.path, kind.contents[3])
    assert await put_all(If_Match=tag) == [200] + [412] * 7
    _, tag = await ask(client, "GET", kind.path)
    asked = (ask(client, "DELETE", kind.path, If_Match=tag) for _ in range(4))
    found = [status for status, _ in await asyncio.gather(*asked)]
    assert (found.count(204), set(found) <= {204, 404}) == (1, True)


async def test_each_change_of_a_workflow_gives_it_another_tag(client: Client) -> None:
    """Also one that makes no version; each can be made to depend on the tag before."""
    hooked = {"name": "n", "triggers": [{"id": "t", "kind": "webhook"}]}
    _, tag = await ask(client, "PUT", FLOW, hooked)
    seen = [tag]
    for change in ("deactivate", "activate", "triggers/t/rotate", "archive", "unarchive"):
        path = f"{FLOW}/{change}"
        assert (await ask(client, "POST", path, If_Match='"else"'))[0] == 412, change
        status, tag = await ask(client, "POST", path, If_Match=seen[-1])
        assert (status, tag in seen) == (200, False), change
        assert (await ask(client, "GET", FLOW)) == (200, tag)
        seen.append(tag)
    assert (await ask(client, "GET", f"{FLOW}?version=1"))[1] != tag


async def test_what_changes_meanwhile_is_not_deleted(client: Client, pool: Pool) -> None:
    """A deletion that waits for a change looks at what the change has left."""
    path = KINDS["action"].path
    _, tag = await ask(client, "PUT", path, {"transport": "worker"})
    async with pool.acquire() as conn, asyncio.TaskGroup() as group:
        async with conn.transaction():
            await lock_action(conn, DEFAULT_ENVIRONMENT, "a")
            deletion = group.create_task(ask(client, "DELETE", path, If_Match=tag))
            await until(pool, WAITING, 1)
            spec = ActionSpec(transport=Transport.WORKER, timeout_s=7.0)
            await put_action(conn, DEFAULT_ENVIRONMENT, "a", spec, datetime.now(UTC))
        assert (await deletion)[0] == 412
    assert (await ask(client, "GET", path))[0] == 200
