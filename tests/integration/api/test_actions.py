"""The native routes of actions."""

import asyncio
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from yarl import URL

from shared.domain.actions import BUILT_IN
from tests.integration.api.conftest import Client

PING: dict[str, Any] = {
    "transport": "http",
    "url": "https://tickets.test/ping",
    "input_schema": {"type": "object", "required": ["title"]},
    "description": "Says hello.",
    "category": "tickets",
    "timeout_s": 5.0,
}
WORKER: dict[str, Any] = {"transport": "worker"}


async def _send(
    client: Client, method: str, path: str, body: Any = None, *, status: int = 200
) -> Any:
    async with client.request(method, URL(path, encoded=True), json=body) as answer:
        said = await answer.json() if answer.content_length else None
        assert answer.status == status, said
        return said


async def test_an_action_is_put_read_and_deleted(client: Client) -> None:
    """201, then the same on GET; 204, then 404; put again it counts on."""
    path = "/v1/actions/tickets:create-ticket-platform"
    made = await _send(client, "PUT", path, PING, status=201)
    assert {**PING, "output_schema": None, "version": 1}.items() <= made.items()
    assert made["name"] == "tickets:create-ticket-platform"
    assert await _send(client, "GET", path) == made
    await _send(client, "DELETE", path, status=204)
    await _send(client, "GET", path, status=404)
    await _send(client, "DELETE", path, status=404)
    again = await _send(client, "PUT", path, PING, status=201)
    assert again["version"] == 2


async def test_put_makes_a_version_only_when_the_content_changes(client: Client) -> None:
    """What was answered may be put back; 1 and 1.0 and true are different in a schema."""
    path = "/v1/actions/slack.postMessage-x"
    first = await _send(client, "PUT", path, PING, status=201)
    assert await _send(client, "PUT", path, PING) == first
    assert await _send(client, "PUT", path, first) == first
    versions = [
        (await _send(client, "PUT", path, {**PING, "input_schema": {"const": value}}))["version"]
        for value in (1, True, 1)
    ]
    assert versions == [2, 3, 4]


async def test_versions_stay_as_they_are(client: Client) -> None:
    """Each can be read, the latest comes first; a deleted action shows none of them."""
    path = "/v1/actions/kept"
    for n in range(3):
        await _send(client, "PUT", path, {**PING, "timeout_s": n + 1.0}, status=200 if n else 201)
    first = await _send(client, "GET", f"{path}?version=1")
    assert (first["version"], first["timeout_s"]) == (1, 1.0)
    await _send(client, "GET", f"{path}?version=4", status=404)
    await _send(client, "GET", f"{path}?version=0", status=400)
    page = await _send(client, "GET", f"{path}/versions?limit=2")
    assert [one["version"] for one in page["items"]] == [3, 2]
    rest = await _send(client, "GET", f"{path}/versions?limit=2&cursor={page['next_cursor']}")
    assert (rest["items"], rest["next_cursor"]) == ([first], None)
    await _send(client, "DELETE", path, status=204)
    for gone in (f"{path}?version=1", f"{path}/versions", "/v1/actions/transform?version=1"):
        await _send(client, "GET", gone, status=404)


async def test_an_action_says_where_it_comes_from_and_how_often_it_may_be_called(
    client: Client,
) -> None:
    """Source, metadata and throttle are part of a version; what makes no sense is refused."""
    path, key = "/v1/actions/limited", {"lang": "jsonata", "src": "input.account"}
    throttle = {"limit": 5, "ttl_s": 60.0, "key": key, "enabled": False}
    said = {"source": "platform", "metadata": {"icon": "x", "n": 1}, "throttle": throttle}
    made = await _send(client, "PUT", path, {**PING, **said}, status=201)
    assert said.items() <= made.items()
    assert await _send(client, "GET", path) == made
    (listed,) = [a for a in (await _send(client, "GET", "/v1/actions"))["items"] if a == made]
    assert listed == made
    for bad, pointer in (
        ({"limit": 0, "ttl_s": 1.0}, "/throttle/limit"),
        ({"limit": 1, "ttl_s": 0}, "/throttle/ttl_s"),
        ({"limit": 1}, "/throttle/ttl_s"),
        ({"limit": 1, "ttl_s": 1, "key": {"lang": "jsonata", "src": "("}}, "/throttle/key/src"),
    ):
        refused = await _send(client, "PUT", path, {**PING, "throttle": bad}, status=422)
        assert [fault["pointer"] for fault in refused["errors"]] == [pointer]
    assert (await _send(client, "GET", path))["version"] == 1


async def test_a_step_names_a_version_that_there_is(client: Client) -> None:
    """Where it does not, the workflow is refused with the versions that there are."""
    for timeout_s in (1.0, 2.0):
        body = {**WORKER, "timeout_s": timeout_s}
        await _send(client, "PUT", "/v1/actions/due", body, status=201 if timeout_s == 1 else 200)
    step = {"id": "a", "action": "due", "action_version": 3, "auto_upgrade": False}
    flow: dict[str, Any] = {"name": "w", "steps": [step]}
    (fault,) = (await _send(client, "POST", "/v1/workflows", flow, status=422))["errors"]
    assert (fault["pointer"], fault["code"]) == ("/steps/0/action_version", "UNKNOWN_VERSION")
    assert "from 1 to 2" in fault["detail"]
    step["action_version"] = 2
    await _send(client, "POST", "/v1/workflows", flow, status=201)


async def test_a_name_may_be_almost_anything(client: Client) -> None:
    """Whatever prints, 256 characters at most, written in the path as a URL has it."""
    for name in ("a", "ä/b?c#d%", "tickets:*", "x" * 256, " "):
        path = f"/v1/actions/{quote(name, safe='')}"
        made = await _send(client, "PUT", path, WORKER, status=201)
        assert made["name"] == name
        assert await _send(client, "GET", path) == made


async def test_a_name_that_is_none_is_refused(client: Client) -> None:
    """422 for a put, 404 for the others."""
    for name in ("x" * 257, "a\0", "a\nb", "\x85", "$turn", "$mine"):
        path = f"/v1/actions/{quote(name, safe='')}"
        refused = await _send(client, "PUT", path, WORKER, status=422)
        assert refused["errors"][0]["code"] == "INVALID_NAME"
        await _send(client, "GET", path, status=404)
        await _send(client, "DELETE", path, status=404)


async def test_built_in_actions_are_read_only(client: Client) -> None:
    """They can be read; 409 for who would change one."""
    for name, description in BUILT_IN.items():
        path = f"/v1/actions/{name}"
        shown = {"name": name, "transport": "built_in", "description": description}
        assert await _send(client, "GET", path) == shown
        await _send(client, "PUT", path, WORKER, status=409)
        await _send(client, "DELETE", path, status=409)


async def test_the_list_has_pages_in_the_order_of_names(client: Client) -> None:
    """Registered ones among those built in, each once, over pages of any size."""
    names = ["Zebra", "emit_event_later", "http", "zebra", "ä"]
    for name in reversed(names):
        await _send(client, "PUT", f"/v1/actions/{quote(name)}", WORKER, status=201)
    await _send(client, "DELETE", "/v1/actions/http", status=204)
    expected = sorted({*names, *BUILT_IN} - {"http"})
    for limit in (1, 2, 3, 100):
        listed: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            query = f"limit={limit}" + (f"&cursor={quote(cursor)}" if cursor else "")
            page = await _send(client, "GET", f"/v1/actions?{query}")
            assert len(page["items"]) <= limit
            listed += [action["name"] for action in page["items"]]
            cursor = page["next_cursor"]
        assert listed == expected


async def test_environments_keep_apart(client: Client) -> None:
    """The same name is another action in another environment."""
    there = f"environment_id={uuid4()}"
    await _send(client, "PUT", "/v1/actions/a", PING, status=201)
    await _send(client, "GET", f"/v1/actions/a?{there}", status=404)
    made = await _send(client, "PUT", f"/v1/actions/a?{there}", WORKER, status=201)
    assert (made["version"], made["transport"]) == (1, "worker")
    await _send(client, "DELETE", f"/v1/actions/a?{there}", status=204)
    assert (await _send(client, "GET", "/v1/actions/a"))["transport"] == "http"
    listed = await _send(client, "GET", f"/v1/actions?{there}")
    assert [action["name"] for action in listed["items"]] == sorted(BUILT_IN)


REFUSED: dict[str, tuple[dict[str, Any], set[str]]] = {
    "no transport": ({}, {"/transport"}),
    "an unknown transport": ({"transport": "kafka"}, {"/transport"}),
    "http without a url": ({"transport": "http"}, {""}),
    "a worker with a url": ({**PING, "transport": "worker"}, {""}),
    "an unknown field": ({**WORKER, "pace": {}}, {"/pace"}),
    "another name": ({**WORKER, "name": "b"}, {"/name"}),
    "no time": ({**WORKER, "timeout_s": 0}, {"/timeout_s"}),
    "a list as a schema": ({**WORKER, "input_schema": []}, {"/input_schema"}),
    "two bad schemas and a bad url": (
        {
            "transport": "http",
            "url": "https://a b/",
            "input_schema": {"type": "txt"},
            "output_schema": {"properties": {"a": {"$ref": "http://127.0.0.1:1/"}}},
        },
        {"/url", "/input_schema/type", "/output_schema"},
    ),
}


UNCALLABLE = (
    "ftp://a.test/",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "//a.test/",
    "a.test",
    "",
    "http://",
    "http://user:pass@a.test/",
    "http://169.254.169.254/latest",
    "http://a.test:22/",
    "http://0x7f000001/",
    "http://a.test/\r\nX: y",
    f"http://a.test/{'x' * 9_000}",
)


async def test_what_is_refused(client: Client) -> None:
    """422, with the place of every fault."""
    for what, (body, places) in REFUSED.items():
        refused = await _send(client, "PUT", "/v1/actions/a", body, status=422)
        assert places <= {fault["pointer"] for fault in refused["errors"]}, what
    await _send(client, "GET", "/v1/actions/a", status=404)


async def test_a_url_that_cannot_be_called_is_refused(client: Client) -> None:
    """Only http and https, to what may be called by anyone."""
    for url in UNCALLABLE:
        body = {"transport": "http", "url": url}
        refused = await _send(client, "PUT", "/v1/actions/a", body, status=422)
        assert [fault["pointer"] for fault in refused["errors"]] == ["/url"], url


async def test_private_addresses_are_the_executors_to_judge(client: Client) -> None:
    """The registry does not know which of them it may call."""
    for number, url in enumerate(
        ("http://127.0.0.1:8080/a", "http://10.0.0.1/", "http://db:5432/")
    ):
        body = {"transport": "http", "url": url}
        await _send(client, "PUT", f"/v1/actions/{number}", body, status=201)


async def test_puts_at_once_are_all_kept(client: Client) -> None:
    """Eight contents make eight versions; the same content eight times makes one."""

    async def put(path: str, seconds: int) -> int:
        async with client.put(path, json={**WORKER, "timeout_s": seconds}) as answer:
            version: int = (await answer.json())["version"]
            return version

    different = await asyncio.gather(*(put("/v1/actions/a", n) for n in range(1, 9)))
    assert sorted(different) == list(range(1, 9))
    assert set(await asyncio.gather(*(put("/v1/actions/b", 1) for _ in range(8)))) == {1}
