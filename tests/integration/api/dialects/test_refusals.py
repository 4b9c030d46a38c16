"""Every route of every system refuses what is wrong with its own status, and in its own shape."""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import orjson
from yarl import URL

from services.api.dialects.face import Face
from services.api.dialects.faces import FACES
from services.api.http.route import Route
from services.api.settings import ApiSettings
from shared.domain.principals import Scope
from tests.contract.hostile_cases import RICH
from tests.contract.hostile_served import unlike
from tests.integration.api.asking import OPERATOR, Asker
from tests.integration.api.conftest import Serve
from tests.integration.api.test_id_swap import BODIES, filled, unknown

Statuses = frozenset[int]

EVERY: Final = tuple((face, route) for face in FACES for route in face.routes)
JSON: Final = "application/json"
UNFIT: Final[Statuses] = frozenset({400, 422})
FOREIGN: Final[dict[str, Any]] = {
    "truto": {"workflowDefinition": [], "triggerEvent": "a", "subType": "b"},
    "altostrat": {"config": {"steps": []}},
    "sixtyfour": {"config": {"steps": []}},
    "thena": {"config": {"steps": []}},
    "transactionlink": {"config": {"steps": []}},
}
"""A document of another system's, for what takes documents."""
TAKES_ANY: Final = {
    "/altostrat/workflows/{flow_id}/execute",
    "/altostrat/workflows/sync/{flow_id}",
    "/altostrat/workflows/webhooks/whsec_{token}",
    "/altostrat/workflows/validate",
    "/sixtyfour/workflows/run",
    "/sixtyfour/workflows/cancel",
}
"""What takes any object, or tells faults in its answer."""
NEEDED: Final = {
    "/sixtyfour/workflows/update_workflow": "workflow_id",
    "/sixtyfour/workflows/delete_workflow": "workflow_id",
    "/sixtyfour/workflows/run": "workflow_id",
    "/sixtyfour/workflows/cancel": "job_id",
    "/thena/api/v1/workflows/executions": "workflowId",
}
"""The parameter that says what is meant."""
MALFORMED: Final = ("1", "%00", "%ED%A0%80", "..%2f..%2f", "'", "9" * 40, "fl_", "%F0%9F%8E%89")


class Wrong(NamedTuple):
    """A request with one thing wrong, and the statuses that say so."""

    what: str
    statuses: Statuses
    method: str
    path: str
    headers: dict[str, str]
    body: bytes | None


def nothing() -> dict[str, str]:
    """What stands for nothing in the paths of a system."""
    return unknown() | {"{token}": "A" * 43, "{block_id}": "b", "{instance_uid}": "NOBODY"}


def wrongs(face: Face, route: Route) -> Iterator[Wrong]:
    """Every way in which a request of a route is wrong, one at a time."""
    path, ids = filled(route, nothing()), nothing()
    if (name := NEEDED.get(route.path)) is not None:
        path = f"{path}?{name}={ids['workflows']}"
    body = fine(route)
    typed = {} if body is None else {"Content-Type": JSON}
    if route.query is not None:
        more = "&" if "?" in path else "?"
        code = frozenset({422 if face.prefix == "/sixtyfour/" else 400})
        for query in ("surprise=1", "environment_id=1"):
            yield Wrong(query, code, route.method, f"{path}{more}{query}", typed, body)
    if "{" in route.path and route.needs:
        yield Wrong("unknown id", frozenset({404, 422}), route.method, path, typed, body)
        for odd in MALFORMED:
            at = filled(route, dict.fromkeys(ids, odd))
            yield Wrong(odd, frozenset({404, 422}), route.method, at, typed, body)
    yield Wrong("method", frozenset({404, 405}), "PROPFIND", path, {}, None)
    beyond = f"{path.partition('?')[0]}/x/y/z"
    yield Wrong("no route", frozenset({404}), route.method, beyond, {}, None)
    if route.body is not None and route.needs:
        yield from wrong_bodies(face, route, path)


def wrong_bodies(face: Face, route: Route, path: str) -> Iterator[Wrong]:
    """Bodies that no route takes; one of something unknown may be told that first."""
    absent = frozenset({404}) if "{" in route.path or route.path in NEEDED else frozenset[int]()
    ask = (route.method, path)
    big = b'{"name":"' + b"x" * ApiSettings().body_bytes_max + b'"}'
    typed = {"Content-Type": JSON}
    for broken in (b"{", b"\xff", b'{"a":NaN}', b"[]", b"7", b'{"a":"\\u0000"}', b"[" * 2_000):
        yield Wrong(f"{broken[:9]!r}", UNFIT | absent, *ask, typed, broken)
    yield Wrong("too large", frozenset({413}) | absent, *ask, typed, big)
    for media in ("text/plain", "text/html", "application/x-www-form-urlencoded"):
        yield Wrong(media, frozenset({415}) | absent, *ask, {"Content-Type": media}, b"a=1")
    gzipped = {**typed, "Content-Encoding": "gzip", "Connection": "close"}
    yield Wrong("no gzip", frozenset({400}) | absent, *ask, gzipped, b"{}")
    if route.path not in TAKES_ANY:
        foreign = orjson.dumps(FOREIGN[face.prefix.strip("/")])
        yield Wrong("another's", UNFIT | absent, *ask, typed, foreign)


def fine(route: Route) -> bytes | None:
    """A body that the route takes."""
    at = (route.method, route.path)
    if route.body is None:
        return None
    return orjson.dumps(RICH.get(at, BODIES.get(at, {})))


async def refused(asker: Asker, face: Face, wrong: Wrong) -> str | None:
    """What is not right with the answer to a wrong request; None: nothing."""
    headers = dict(wrong.headers)
    if asker.secret is not None:
        headers["Authorization"] = f"Bearer {asker.secret}"
    url = URL(str(asker.client.make_url("/"))[:-1] + wrong.path, encoded=True)
    async with asker.client.session.request(
        wrong.method, url, data=wrong.body, headers=headers
    ) as answer:
        raw = await answer.read()
    if answer.status not in wrong.statuses:
        return f"{answer.status}, not {sorted(wrong.statuses)}: {raw[:300]!r}"
    if answer.content_type != face.form.media:
        return f"it is {answer.content_type}"
    return unlike(face.form, raw)


async def test_whatever_is_wrong_is_refused_in_the_systems_own_words(serve: Serve) -> None:
    """Parameters, ids, methods, bodies and media types, one at a time, on every route."""
    operator = Asker(await serve(OPERATOR), OPERATOR)
    asker = await operator.key(list(Scope))
    faults: list[str] = []
    for face, route in EVERY:
        for wrong in wrongs(face, route):
            fault = await refused(asker, face, wrong)
            if fault is not None:
                faults.append(f"{route.method} {route.path}, {wrong.what}: {fault}")
    assert not faults, "\n".join(faults)


async def test_who_may_not_is_told_so_in_the_systems_own_words(serve: Serve) -> None:
    """Without a login 401, without a scope 403, and the same for what is not there."""
    operator = Asker(await serve(OPERATOR), OPERATOR)
    nobody, worker = operator.having(None), await operator.key([Scope.WORK])
    forged = operator.having("tot_" + "A" * 43)
    for face, route in EVERY:
        if not route.needs:
            continue
        path = filled(route, nothing())
        for asker, status in ((nobody, 401), (forged, 401), (worker, 403)):
            wrong = Wrong("", frozenset({status}), route.method, path, {}, None)
            assert await refused(asker, face, wrong) is None, (route, status)
