"""One environment's key with another's ids: the answer is that of an id that never existed."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import orjson

from services.api.http.route import Route
from services.api.routes import ROUTES
from shared.db.tenancy import become_tenant
from shared.domain.ids import EnvironmentId
from shared.domain.principals import Scope
from shared.domain.short_ids import from_short_id, short_id
from tests.integration.api.altostrat_ids import altostrat_ids, unknown_altostrat_ids
from tests.integration.api.asking import OPERATOR, Asker
from tests.integration.api.dialects.sixtyfour import fill_sixtyfour
from tests.integration.api.rows import archived, buried
from tests.integration.tenant_rows import ROWS
from tests.support.served import open_api
from tests.support.works import Works, open_works, until

NAME = "0c1a6d8e-5f0a-4bb0-9a57-3f6b1f0b8a11"
ID = re.compile(
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?<=_)[0-9a-z]{26}|\b[0-9A-HJKMNP-TV-Z]{26}\b"
)

FLOW: dict[str, Any] = {
    "name": "theirs",
    "triggers": [
        {"id": "hook", "kind": "webhook"},
        {"id": "daily", "kind": "schedule", "schedule": {"kind": "cron", "value": "0 6 * * *"}},
    ],
    "steps": [
        {"id": "ask", "kind": "approval", "approval": {"message": "Go on?"}},
        {"id": "form", "kind": "form", "form": {"schema": True}, "depends_on": []},
        {"id": "work", "action": NAME, "depends_on": []},
        {"id": "note", "kind": "respond", "depends_on": ["ask", "form", "work"]},
    ],
}

# What stands for the {id} and its like after a word of the path, in the order of the path.
WORDS = (
    *(
        "workflows",
        "workflow",
        "workflow-run",
        "actions",
        "event-types",
        "events",
        "executions",
        "schedules",
    ),
    *("tasks", "environments", "keys", "dead-letters", "secrets", "webhook-endpoints"),
    *("webhook-subscriptions", "webhook-deliveries", "webhook", "parameters"),
)

JOB = "/sixtyfour/workflows/interactive/{job_id}"

BODIES: Mapping[tuple[str, str], Any] = {
    ("PUT", "/v1/workflows/{id}"): {"name": "mine"},
    ("POST", "/v1/workflows/{id}/diff"): {"name": "mine"},
    ("POST", "/v1/workflows/{id}/dry-run"): {"event": {"event": "go"}},
    ("POST", "/v1/workflows/{id}/what-if"): {"document": {"name": "w"}},
    ("PUT", "/v1/actions/{name}"): {"transport": "worker"},
    ("POST", "/v1/events/{id}/replay"): {"workflow_ids": [NAME]},
    ("PUT", "/v1/event-types/{name}"): {},
    ("PUT", "/v1/secrets/{name}"): {"value": "mine"},
    ("PUT", "/v1/webhook-endpoints/{id}"): {"name": "mine", "event_type": "go"},
    ("POST", "/v1/executions/{id}/steps/{step_id}/decision"): {"decision": "reject", "by": "me"},
    ("POST", "/v1/executions/{id}/steps/{step_id}/submission"): {"data": 1, "by": "me"},
    ("POST", "/v1/schedules/{id}/backfill"): {"from": "2026-11-22T10:00:00Z"},
    ("POST", "/v1/webhook-subscriptions/{id}/replay"): {"since": "2026-11-22T10:00:00Z"},
    ("POST", "/v1/tasks/{task_id}/fail"): {"message": "no"},
    ("PUT", "/transactionlink/parameters/{parameters_id}"): {"parameters": {}},
    ("POST", f"{JOB}/add-block"): {"block_name": "a", "specs": {}, "parent_block_id": "a"},
    ("POST", f"{JOB}/save"): {"block_id": "a", "workflow_name": "w"},
}
"""Of routes that take no empty one."""

MADE = {
    ("PUT", "/v1/workflows/{id}"): 201,  # under an id of its own: see test_given_ids.py
    ("PUT", "/v1/actions/{name}"): 201,  # a name is an environment's own
    ("PUT", "/v1/event-types/{name}"): 201,
    ("PUT", "/v1/secrets/{name}"): 201,
    ("POST", "/v1/signing-secrets/{form}/roll"): 201,
    ("GET", f"{JOB}/output"): 422,  # which block it is about is asked first
}
"""What makes a thing that is not there: no 404."""

OF_ONE = "/thena/api/v1/workflows/executions"  # a list of what an id in its query is of

EXECUTIONS = 6
AT_REST = """
SELECT count(*) FROM executions WHERE finished_at IS NOT NULL OR status = 'WAITING'
"""

SENT = """
SELECT count(*) FROM bus_records AS r JOIN bus_topics AS t USING (topic_id)
WHERE t.name IN ('turnout.commands', 'turnout.task-results')
"""


@dataclass(frozen=True, slots=True)
class Theirs:
    """An environment with one of everything: its id, who may do anything there, and the ids."""

    environment_id: str
    asker: Asker
    ids: Mapping[str, str]


def filled(route: Route, ids: Mapping[str, str]) -> str:
    """The route's path with ``ids`` in it. KeyError: nobody has said what stands there."""
    parts: list[str] = []
    for part in route.path.split("/"):
        stands_for = part.startswith("{")
        names = (f"{parts[1]} {part}", part, parts[-1]) if stands_for else ()
        parts.append(ids[next(name for name in names if name in ids)] if stands_for else part)
    return "/".join(parts)


def unknown() -> dict[str, str]:
    """Ids as they might be, and of nothing."""
    ids = {word: str(uuid4()) for word in WORDS}
    named = {"{step_id}": "ask", "{trigger_id}": "hook", "{execution_id}": str(uuid4())}
    named["{key_id}"] = str(uuid4())
    for name in ("{workflow_id}", "{run_id}", "{job_id}"):
        ids[f"sixtyfour {name}"] = str(uuid4())
    for name in ("{workflow_uid}", "{instance_uid}"):
        ids[f"thena {name}"] = short_id(uuid4())
    named |= unknown_altostrat_ids()
    return {**ids, "tasks": f"{uuid4()}:work:1", "{form}": "truto", **named}


def told(document: Any) -> str:
    """The words of an answer, without what differs from one request, or one id, to the next."""
    shown = (
        {k: v for k, v in document.items() if k != "request_id"}
        if isinstance(document, dict)
        else document
    )
    return ID.sub("…", orjson.dumps(shown).decode())


@asynccontextmanager
async def two_environments(database: str) -> AsyncIterator[tuple[Works, Theirs, Asker]]:
    """One that has something of everything, and somebody of another."""
    async with open_works(database) as works, open_api(works, OPERATOR) as client:
        operator = Asker(client, OPERATOR)
        made = [await operator.new_environment(name) for name in ("theirs", "mine")]
        theirs, mine = [await operator.key(list(Scope), one) for one in made]
        yield works, Theirs(made[0], theirs, await fill(works, theirs, made[0])), mine


async def webhooks_of(asker: Asker) -> dict[str, str]:
    """One of everything that webhooks have."""
    place = {"name": "x", "event_type": "go"}
    _, endpoint = await asker.ask("POST", "/v1/webhook-endpoints", place)
    hook = {"name": "theirs", "url": "https://theirs.example/", "kinds": ["*"]}
    _, told = await asker.ask("POST", "/v1/webhook-subscriptions", hook)
    _, sent = await asker.ask("POST", f"/v1/webhook-subscriptions/{told['id']}/test")
    await asker.ask("POST", "/v1/signing-secrets/standard/roll")
    truto = {"target_url": "https://theirs.example/"}
    _, truto_hook = await asker.ask("POST", "/truto/webhook", truto)
    return {
        "webhook-endpoints": endpoint["id"],
        "webhook-subscriptions": told["id"],
        "webhook-deliveries": sent["id"],
        "webhook": truto_hook["id"],
        "{form}": "standard",
    }


async def fill(works: Works, asker: Asker, environment_id: str) -> dict[str, str]:
    """Make one of everything; gives what stands for it in a path. Nothing of it is under way."""
    ids = await _filled(works, asker, environment_id)
    await until(works.pool, AT_REST, EXECUTIONS)
    return ids


async def _filled(works: Works, asker: Asker, environment_id: str) -> dict[str, str]:
    await asker.ask("PUT", f"/v1/actions/{NAME}", {"transport": "worker"})
    await asker.ask("PUT", f"/v1/event-types/{NAME}", {})
    await asker.ask("PUT", f"/v1/secrets/{NAME}", {"value": "theirs"})
    _, flow = await asker.ask("POST", "/v1/workflows", FLOW)
    _, truto = await asker.ask("POST", "/truto/workflow", {"config": {}})
    _, key = await asker.ask("POST", "/v1/keys", {"name": "spare", "scopes": ["read"]})
    _, started = await asker.ask("POST", f"/v1/workflows/{flow['id']}/executions")
    await until(works.pool, "SELECT count(*) FROM waits", 3)
    _, polled = await asker.ask("POST", "/v1/tasks/poll", {"actions": [NAME]})
    run = {"workflowDefinitionId": truto["id"], "locale": "en", "parameters": {}}
    _, ran = await asker.ask("POST", "/transactionlink/workflows", run)
    _, kept = await asker.ask("POST", "/transactionlink/parameters", {"parameters": {}})
    await until(works.pool, "SELECT count(*) FROM executions WHERE status = 'COMPLETED'", 1)
    return {
        **await altostrat_ids(asker),
        "workflows": flow["id"],
        "workflow": truto["id"],
        "workflow-run": ran["id"],
        "actions": NAME,
        "event-types": NAME,
        "events": await archived(works, EnvironmentId(UUID(environment_id))),
        "executions": started["execution_id"],
        "schedules": (await asker.get("/v1/schedules"))["items"][0]["id"],
        "tasks": polled["items"][0]["task_id"],
        "environments": environment_id,
        "keys": key["id"],
        "secrets": NAME,
        "parameters": kept["id"],
        "dead-letters": await buried(works, EnvironmentId(UUID(environment_id))),
        **await webhooks_of(asker),
        **await fill_sixtyfour(asker),
        **await fill_thena(works, asker),
        "{step_id}": "ask",
        "{trigger_id}": "hook",
        "{execution_id}": ran["id"],
    }


async def fill_thena(works: Works, asker: Asker) -> dict[str, str]:
    """As ``fill``, of Thena's own."""
    flow = {"name": "w", "workflowDefinition": []}
    _, made = await asker.ask("POST", "/thena/api/v1/workflows", flow)
    path = f"/v1/workflows/{from_short_id(made['uid'])}/executions"
    _, started = await asker.ask("POST", path)
    id_ = UUID(started["execution_id"])
    await until(works.pool, f"SELECT count(finished_at) FROM executions WHERE id = '{id_}'", 1)
    return {"thena {workflow_uid}": made["uid"], "thena {instance_uid}": short_id(id_)}


async def standing(works: Works, environment_id: str) -> list[Any]:
    """Every row that an environment has, and how much its executions were told."""
    rows: list[Any] = [await works.pool.fetchval(SENT)]
    async with works.pool.acquire() as conn, conn.transaction():
        await become_tenant(conn, EnvironmentId(UUID(environment_id)))
        for table in ROWS:
            # Which keys were used is noted a little later.
            found = await conn.fetch(
                f"SELECT (to_jsonb(t) - 'last_used_at')::text AS row FROM {table} AS t ORDER BY 1"
            )
            rows += [(table, row["row"]) for row in found]
    return rows


async def test_ids_of_another_environment_are_ids_of_nothing(database: str) -> None:
    """On every route, with nothing changed; their own key finds what the id is of."""
    async with two_environments(database) as (works, theirs, mine):
        before = await standing(works, theirs.environment_id)
        routes = [route for route in ROUTES if "{" in route.path and route.needs]
        answers: dict[Route, str] = {}
        for route in sorted(routes, key=lambda route: (route.method, route.path) in MADE):
            at, nothing = (route.method, route.path), unknown()
            body = BODIES.get(at, {} if route.method != "GET" else None)
            status, document = await mine.ask(route.method, filled(route, theirs.ids), body)
            assert status == MADE.get(at, 404), (at, document)
            if at in MADE:
                continue
            answers[route] = told(document)
            _, document = await mine.ask(route.method, filled(route, nothing), body)
            assert answers[route] == told(document), at
        assert await standing(works, theirs.environment_id) == before
        # What ends a thing comes last; a workflow takes its schedules with it.
        for route in sorted(answers, key=lambda r: ("workflow" in r.path, r.method == "DELETE")):
            path, body = filled(route, theirs.ids), BODIES.get((route.method, route.path), {})
            status, document = await theirs.asker.ask(route.method, path, body)
            assert status not in (401, 403, 500), (path, document)
            assert told(document) != answers[route], f"{path} is nothing to them either"


async def test_lists_show_nothing_of_another_environment(database: str) -> None:
    """Of no list does another environment's key get anything that is theirs."""
    async with two_environments(database) as (_, theirs, mine):
        seen = set()
        for route in ROUTES:
            if route.method != "GET" or "{" in route.path or not route.needs:
                continue
            if route.path == OF_ONE:
                of_one = f"{OF_ONE}?workflowId={theirs.ids['thena {workflow_uid}']}"
                assert (await mine.ask("GET", of_one))[0] == 404
                assert len(await theirs.asker.get(of_one)) == 1
                continue
            shown = str(await mine.get(route.path))
            assert not any(id_ in shown for name, id_ in theirs.ids.items() if name in WORDS), route
            found = str(await theirs.asker.get(route.path))
            seen |= {name for name, id_ in theirs.ids.items() if id_ in found}
        assert seen >= set(WORDS) - {"tasks", "webhook-deliveries"}
