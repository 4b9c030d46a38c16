"""Whatever is sent, the answer is a 4xx that names the place, never a 500."""

import gzip
from collections.abc import AsyncIterator
from itertools import product
from typing import Any

import orjson
import pytest
from yarl import URL

from services.api.settings import ApiSettings
from tests.integration.api.conftest import Client
from tests.integration.api.test_absent import FIELDS, NOBODY

BODY_BYTES_MAX = ApiSettings().body_bytes_max
POSTS = (
    *("/v1/workflows", "/v1/events", "/truto/workflow", "/transactionlink/workflows"),
    "/sixtyfour/workflows/create_workflow",
    "/altostrat/workflows",
    "/thena/api/v1/workflows",
)

JSON = {"Content-Type": "application/json"}
DATA = ("/v1/events", "/transactionlink/workflows", "/transactionlink/parameters")

UNREADABLE = [
    b"",
    b" ",
    b"{",
    b"nonsense",
    b"\xff\xfe{\x00}\x00",
    b"\xef\xbb\xbf{}",
    b'{"name": "\xc0\xaf"}',
    b'{"name": "\\ud800"}',
    b'{"name": NaN}',
    b'{"name": Infinity}',
    b'{"name": 1e400}',
    b'{"name": ' + b"1" * 5_000 + b"}",
    b'{"name": "\\u0000"}',
    b'{"\\u0000": 1}',
    b'{"a":' * 65 + b"1" + b"}" * 65,
    b"[" * 1_100 + b"]" * 1_100,
    b"[" * 100_000,
    b"[]",
    b"7",
    b"null",
    orjson.dumps({str(n): n for n in range(10_001)}),
]


DEFINITIONS: list[tuple[dict[str, Any], str]] = [
    ({"name": None}, "/name"),
    ({"name": ""}, "/name"),
    ({"name": "x" * 257}, "/name"),
    ({"is_active": 1}, "/is_active"),
    ({"id": "no-uuid"}, "/id"),
    ({"environment_id": 7}, "/environment_id"),
    ({"surprise": 1}, "/surprise"),
    ({"a/b~c": 1}, "/a~1b~0c"),
    ({"triggers": [{"event_name": "a*b"}]}, "/triggers/0/event_name"),
    ({"triggers": [{"kind": "moon", "event_name": "a"}]}, "/triggers/0/kind"),
    ({"filters": 7}, "/filters"),
    ({"run_if": "(" * 5_000}, "/run_if"),
    ({"steps": [{"id": "a b", "action": "transform"}]}, "/steps/0/id"),
    ({"steps": [{"id": "a"}]}, "/steps/0/action"),
    ({"steps": [{"id": "a", "action": "transform", "timeout_s": -1}]}, "/steps/0/timeout_s"),
    ({"steps": [{"id": "a", "action": "transform", "timeout_s": 1e308}]}, "/steps/0/timeout_s"),
    (
        {"steps": [{"id": "a", "action": "transform", "timeout_s": "P1000Y"}]},
        "/steps/0/timeout_s",
    ),
    (
        {"steps": [{"id": "a", "action": "transform", "retry": {"max_attempts": 10**9}}]},
        "/steps/0/retry/max_attempts",
    ),
    (
        {"steps": [{"id": "a", "action": "transform", "retry": {"backoff": 0}}]},
        "/steps/0/retry/backoff",
    ),
    (
        {"steps": [{"id": "a", "action": "transform", "depends_on": ["a"]}]},
        "/steps/0/depends_on/0",
    ),
    ({"steps": [{"id": "a", "action": "transform"}] * 2}, "/steps/1/id"),
    (
        {"steps": [{"id": f"s{n}", "action": "transform"} for n in range(201)]},
        "/steps",
    ),
]

EVENTS: list[tuple[dict[str, Any], str]] = [
    ({}, "/event"),
    ({"event": 7}, "/event"),
    ({"event": ""}, "/event"),
    ({"event": "e" * 257}, "/event"),
    ({"event": "e", "id": {}}, "/id"),
    ({"event": "e", "id": "i" * 257}, "/id"),
    ({"event": "e", "environment_id": "mine"}, "/environment_id"),
    ({"event": "e", "created_at": "yesterday"}, "/created_at"),
    ({"event": "e", "time": "0001-01-01T00:00:00+14:00"}, "/time"),
    ({"specversion": "1.0", "id": "1", "source": "s"}, "/type"),
    ({"specversion": "9", "type": "e"}, "/specversion"),
    ({"specversion": "1.0", "type": "e", "Upper": "x"}, "/Upper"),
    ({"specversion": "1.0", "type": "e", "extra": {"a": 1}}, "/extra"),
    ({"specversion": "1.0", "type": "e", "data_base64": "%%%"}, "/data_base64"),
]

PARAMETERS = [
    "/v1/workflows?limit=0",
    "/v1/workflows?limit=201",
    "/v1/workflows?limit=-1",
    "/v1/workflows?limit=NaN",
    "/v1/workflows?limit=99999999999999999999",
    "/v1/workflows?limit=%D9%A1",
    "/v1/workflows?limit=",
    "/v1/workflows?limit=1&limit=2",
    "/v1/workflows?trigger=%00",
    "/v1/workflows?trigger=",
    "/v1/workflows?cursor=forged",
    "/v1/workflows?cursor=WzEsMl0=",
    "/v1/workflows?cursor=WyIyMDI2LTAxLTAxIiwgIngiXQ==",
    "/v1/workflows?surprise=1",
    "/v1/executions?workflow_id=1",
    "/v1/executions?status=asleep",
    "/v1/executions?from=tomorrow",
    "/v1/executions?from=2026-01-01",
    "/v1/executions?to=0001-01-01T00:00:00%2B14:00",
    "/v1/events?environment_id=%7B00000000-0000-4000-8000-000000000001%7D",
    f"/v1/workflows/{NOBODY}?version=0",
    f"/v1/workflows/{NOBODY}?version=2147483648",
    f"/v1/executions/{NOBODY}?after=-1",
    "/v1/workflows?" + "&".join(f"p{n}=1" for n in range(500)),
]

YAMLS = [
    b"a: &x [1]\nb: *x\n",
    b"a: *x\n",
    b"a: !!python/object/apply:os.system [ls]\n",
    b"a: [1\n",
    b"a: !!binary aGk=\n",
    *(b"a: !!bool x\n", b"a: !!timestamp x\n", b"a: !!float ''\n", b"a: !!float _\n"),
    b"1: a\n",
    b"? [a]\n: b\n",
    b"\x00",
    b"\xff\xfe\xff",
    b"a: " + b"1" * 5_000,
    b"[" * 2_000,
    b"- a\n- b\n",
    b"",
]


@pytest.mark.parametrize("path", POSTS)
async def test_an_unreadable_body_is_refused_everywhere(client: Client, path: str) -> None:
    """Each kind of broken JSON is a 400 or 422 in the form of the route."""
    for body in UNREADABLE:
        async with client.post(
            path, data=body, headers={"Content-Type": "application/json"}
        ) as answer:
            refusal = await answer.json(content_type=None)
        assert answer.status in (400, 422), (body[:40], refusal)
        dialect = path.split("/")[1]
        if dialect in FIELDS:
            assert refusal.keys() == FIELDS[dialect]
        else:
            assert answer.content_type == "application/problem+json"
            assert refusal["errors"][0].keys() == {"pointer", "code", "detail"}


@pytest.mark.parametrize("path", POSTS)
async def test_a_body_at_the_limit_is_read_and_one_beyond_is_refused(
    client: Client, path: str
) -> None:
    """The limit counts bytes, with a length, without one, and after decompression."""
    around = len(b'{"event":"x","name":"x","config":{},"description":""}')
    fits = _padded(BODY_BYTES_MAX - around)
    assert len(fits) == BODY_BYTES_MAX
    headers = {"Content-Type": "application/json"}
    async with client.post(path, data=fits, headers=headers) as answer:
        assert answer.status != 413
    for beyond in (_padded(BODY_BYTES_MAX - around + 1), _padded(BODY_BYTES_MAX * 3)):
        for data in (beyond, _streamed(beyond)):
            async with client.post(path, data=data, headers=headers) as answer:
                assert answer.status == 413, await answer.text()
    bomb = gzip.compress(_padded(50_000_000))
    async with client.post(
        path, data=bomb, headers={**headers, "Content-Encoding": "gzip"}
    ) as answer:
        assert answer.status == 413
    async with client.post(
        path, data=b"no gzip", headers={**headers, "Content-Encoding": "gzip"}
    ) as answer:
        assert answer.status == 400


@pytest.mark.parametrize("path", POSTS)
async def test_another_content_type_is_refused(client: Client, path: str) -> None:
    """What is not said to be JSON is not guessed at."""
    for kind in ("", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        async with client.post(path, data=b"{}", headers={"Content-Type": kind}) as answer:
            assert answer.status == 415, kind


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *(("POST", path) for path in POSTS if path not in DATA),
        ("POST", "/v1/workflows/lint"),
        ("PUT", "/v1/actions/a"),
        ("PUT", "/v1/event-types/e"),
    ],
)
async def test_a_definition_has_no_key_twice(client: Client, method: str, path: str) -> None:
    """400 names it: which of the two was meant, nobody knows."""
    body = b'{"name": "n", "a": {"b": 1, "b": 2}}'
    async with client.request(method, path, data=body, headers=JSON) as answer:
        assert answer.status == 400, await answer.text()
        assert "'b' stands there twice." in await answer.text()


async def test_of_an_event_the_last_value_counts(client: Client) -> None:
    """As everywhere where machines write."""
    body = b'{"event": "e", "payload": {"b": 1, "b": 2}}'
    async with client.post("/v1/events", data=body, headers=JSON) as answer:
        assert answer.status == 202, await answer.text()


async def test_a_wrong_definition_is_refused_at_its_place(client: Client) -> None:
    """422, and one of the pointers is the place."""
    for change, place in DEFINITIONS:
        async with client.post("/v1/workflows", json={"name": "w", **change}) as answer:
            refusal = await answer.json(content_type=None)
        assert answer.status == 422, (change, refusal)
        assert place in [error["pointer"] for error in refusal["errors"]], (change, refusal)


async def test_a_cycle_of_many_steps_is_refused(client: Client) -> None:
    """The longest cycle that fits in a body is a short answer."""
    steps = [
        {"id": f"s{n}", "action": "x", "depends_on": [f"s{(n + 1) % 3_000}"]} for n in range(3_000)
    ]
    async with client.post("/v1/workflows", json={"name": "w", "steps": steps}) as answer:
        refusal = await answer.json(content_type=None)
    assert answer.status == 422
    assert {"TOO_MANY_STEPS", "CYCLE"} <= {error["code"] for error in refusal["errors"]}


async def test_what_is_no_event_is_refused_at_its_place(client: Client) -> None:
    """422 with the pointer."""
    for body, place in EVENTS:
        async with client.post("/v1/events", json=body) as answer:
            refusal = await answer.json(content_type=None)
        assert answer.status == 422, (body, refusal)
        assert refusal["errors"][0]["pointer"] == place


async def test_a_wrong_parameter_is_refused(client: Client) -> None:
    """400, and the pointer names the parameter."""
    for path in PARAMETERS:
        async with client.get(URL(path, encoded=True)) as answer:
            refusal = await answer.json(content_type=None)
        assert answer.status == 400, (path, refusal)
        assert refusal["errors"][0]["pointer"].startswith("/query/")


async def test_yaml_that_is_no_document_is_refused(client: Client) -> None:
    """Aliases, tags, broken and bottomless YAML are a 4xx."""
    for text, path in product(YAMLS, ("/v1/workflows", "/truto/workflow")):
        async with client.post(
            path, data=text, headers={"Content-Type": "application/yaml"}
        ) as answer:
            assert answer.status in (400, 422), await answer.text()


def _padded(size: int) -> bytes:
    # Between the parts, where it is no part of what is made of them.
    return b'{"event":"x","name":"x","config":{},"description":""' + b" " * size + b"}"


async def _streamed(body: bytes) -> AsyncIterator[bytes]:
    """Sent in chunks, without a length."""
    for start in range(0, len(body), 65_536):
        yield body[start : start + 65_536]
