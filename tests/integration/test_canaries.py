"""Secrets in every place that takes one: the receiver hears them, and no sink ever does."""

import asyncio
import logging
import re
import subprocess
from collections.abc import Iterator
from traceback import format_exception
from typing import Any
from urllib.parse import quote

import pytest
import structlog
from prometheus_client import generate_latest

from shared.embedded.binaries import find_binaries
from tests.integration.api.asking import OPERATOR
from tests.integration.cli.command import turnout
from tests.support.canaries import Canary, Told, leaks, receiver
from tests.support.rings import written
from tests.support.served import open_api
from tests.support.works import Works, open_works, until

HEARD_IN = ("header", "basic", "query", "path", "body", "text", "key", "item", "action", "job")
UNHEARD_IN = (
    *("host", "user", "method", "malformed", "task", "emitted", "computed", "child", "entity"),
    *("asked", "cast", "until", "turn", "result", "hook", "refused", "piped"),
)
ANSWERS = ("ok", "bad", "busy", "slow", "moved", "broken", "text")
MARK = re.compile(f"secret:[0-9a-f]{{32}}|{b'secret:'.hex()}(3[0-9]|6[1-6]){{32}}")
"""What stands for a secret within the process, and would let others ask for it."""


def step(id_: str, given: Any, lang: str = "placeholder", **more: Any) -> dict[str, Any]:
    """A step that stands alone, and may fail, twice."""
    return {
        "id": id_,
        "depends_on": [],
        "on_failure": "continue",
        "retry": {"max_attempts": 2, "initial_interval_s": 0.01},
        "timeout_s": 1.0 if id_.endswith("_slow") or id_.startswith("not_") else 20.0,
        "input": {"lang": lang, "src": given},
        **more,
    }


def requests(url: str) -> Iterator[dict[str, Any]]:
    """Steps that send, to each kind of answer."""
    for answer in ANSWERS:
        at = f"{url}/{answer}"
        given = {
            "url": f"{at}/{{{{secrets.path}}}}?k={{{{secrets.query}}}}",
            "method": "POST",
            "headers": {"Authorization": "Bearer {{secrets.header}}"},
            "json": {"a": ["{{secrets.body}}"]},
        }
        yield step(f"send_{answer}", given, action="http_request")
        source = (
            f'{{"url": "{at}", "method": "PUT", "body": "t " & secrets.text,'
            ' "headers": {"X-Key": secrets.basic}}'
        )
        yield step(f"text_{answer}", source, "jsonata", action="http_request")
        source = f'{{"url": "{at}", "method": "PUT", "json": {{secrets.key: 1}}}}'
        yield step(f"key_{answer}", source, "jsonata", action="http_request")
        yield step(f"act_{answer}", {"key": "{{secrets.action}}"}, action=f"act_{answer}")
    yield step("job", {"sync_job_id": "{{secrets.job}}"}, action="run_sync_job")
    unsent: dict[str, dict[str, Any]] = {
        "host": {"url": "http://{{secrets.host}}.invalid/"},
        "user": {"url": "http://a:{{secrets.user}}@127.0.0.1:1/"},
        "method": {"url": url, "method": "{{secrets.method}}"},
        "malformed": {"url": url, "headers": {"X": "{{secrets.malformed}}\n"}},
    }
    for name, src in unsent.items():
        yield step(f"not_{name}", src, action="http_request")


def others(child: str) -> Iterator[dict[str, Any]]:
    """Steps that send nothing, and must keep nothing."""
    yield step("task", {"key": "{{secrets.task}}"}, action="work") | {"timeout_s": 60.0}
    yield step("emit", {"type": "e", "payload": "{{secrets.emitted}}"}, action="emit_event")
    yield step("compute", ["{{secrets.computed}}"], action="transform")
    yield step("cast", "{{secrets.cast:int}}", action="transform")
    yield step("cast2", "$number(secrets.cast)", "jsonata", action="transform")
    yield step("cast3", "$error(secrets.cast)", "jsonata", action="transform")
    yield step("cut", "$substring(secrets.cast, 0, 44)", "jsonata", action="transform")
    yield step("until", {"until": "{{secrets.until}}"}, kind="sleep")
    yield step("ask", ["{{secrets.asked}}"], kind="form", form={"schema": True, "timeout_s": 0.5})
    yield step("child", ["{{secrets.child}}"], subworkflow={"workflow_id": child, "wait": False},
        kind="subworkflow")  # fmt: skip
    yield step("answer", {"it": "{{secrets.result}}"}, kind="respond")


def looped(url: str) -> dict[str, Any]:
    """A step that sends an item, with a secret, for each item."""
    given = {"url": f"{url}/bad", "method": "POST", "json": ["{{secrets.item}}", "{{item}}"]}
    body = {
        "action": "http_request",
        "input": {"lang": "placeholder", "src": given},
        "timeout_s": 20.0,
    }
    items = {"lang": "placeholder", "src": ["{{secrets.item}}"]}
    return step("loop", None, kind="iterator", iterator={"items": items, "body": body})


async def set_up(told: Told, canaries: dict[str, Canary], url: str) -> tuple[str, str]:
    """Put secrets, register actions and workflows; the id of a workflow and a webhook's token."""
    for canary in canaries.values():
        key = {"Idempotency-Key": canary.name}
        made = await told.ask("PUT", f"/v1/secrets/{canary.name}", {"value": canary.value}, **key)
        assert made["version"] == 1
    refused = canaries["refused"].value
    for body in ({"value": [refused]}, {"value": refused * 5_000}, {"value": "x", "more": refused}):
        await told.ask("PUT", "/v1/secrets/refused", body)
    await told.ask("PUT", "/v1/secrets/refused", f'{{"value": "{refused}'.encode())
    throttle = {
        "limit": 1_000,
        "ttl_s": 60.0,
        "key": {"lang": "jsonata", "src": "input.key"},
    }
    for answer in ANSWERS:
        spec = {"transport": "http", "url": f"{url}/{answer}", "throttle": throttle,
            "output_schema": {"properties": {"said": {"maxItems": 1}}}}  # fmt: skip
        made = await told.ask("PUT", f"/v1/actions/act_{answer}", spec)
        assert made["name"] == f"act_{answer}", made
    await told.ask("PUT", "/v1/actions/work", {"transport": "worker"})
    child = await told.ask("POST", "/v1/workflows", {"name": "child",
        "steps": [step("say", "{{payload}}", action="transform")]})  # fmt: skip
    auth = {"header": "X-Shared", "secret": "hook"}
    flow = {
        "name": "canaries",
        "triggers": [{"id": "hook", "kind": "webhook", "webhook": {"auth": auth}}],
        "policy": {"concurrency_key": {"lang": "placeholder", "src": "{{secrets.turn}}"}},
        "annotations": [{"entity_type": "thing", "target_path": "thing",
            "required_fields": {"id": {"lang": "placeholder", "src": "{{secrets.entity}}"}}}],
        "steps": [*requests(url), *others(child["id"]), looped(url)],
    }  # fmt: skip
    started = {**flow, "triggers": [{"event_name": "go"}]}
    asked = {"event": {"event": "go", "payload": {}}, "document": started}
    foreseen = await told.ask("POST", "/v1/workflows/dry-run", asked)
    assert len(foreseen["steps"]) >= len(flow["steps"]), foreseen
    made = await told.ask("POST", "/v1/workflows", flow)
    assert "id" in made, made
    return child["id"], made["webhook_url"].rpartition("/")[2]


async def run_all(told: Told, works: Works, canaries: dict[str, Canary], hook: str) -> None:
    """Start the workflow as a sender does who knows the secret, and one who nearly does."""
    secret = canaries["hook"].value
    for shown in (f"{secret}x", secret):
        await told.ask("POST", f"/v1/hooks/{hook}", {}, **{"X-Shared": shown})
    await until(works.pool, "SELECT count(*) FROM waits WHERE kind = 'task'", 1)
    polled = await told.ask("POST", "/v1/tasks/poll", {"actions": ["work"]})
    id_ = quote(polled["items"][0]["task_id"], safe="")
    await told.ask("POST", f"/v1/tasks/{id_}/complete", {"output": polled})
    await until(
        works.pool,
        "SELECT count(*) > 1 AND bool_and(finished_at IS NOT NULL) FROM executions",
        within_s=60,
    )


def commands(told: Told, piped: str) -> str:
    """What the command line says, to a value in its standard input among others."""
    env = {"TURNOUT_URL": str(told.client.make_url("")), "TURNOUT_TOKEN": OPERATOR}
    said = [
        turnout(*words, given=given, env=env)
        for words, given in (
            (("secret", "set", "piped"), piped),
            (("secret", "list", "--json"), ""),
            (("secret", "set", "BAD NAME"), piped),
            (("audit", "--json"), ""),
        )
    ]
    return "".join(done.out + done.err for done in said)


def dumped(dsn: str) -> str:
    """Every row of every table, as pg_dump writes it."""
    pg_dump = str(find_binaries() / "pg_dump")
    command = [pg_dump, f"--dbname={dsn}", "--data-only", "--column-inserts"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout


async def records(works: Works) -> str:
    """Every record of every topic, as it was published."""
    rows = await works.pool.fetch("SELECT key, value, headers FROM bus_records")
    return "\n".join((part or b"").decode(errors="replace") for row in rows for part in row)


def logged(lines: list[Any], caplog: pytest.LogCaptureFixture) -> str:
    """Every line of the logs at any level, with its error's traceback."""
    errors = [line["exc_info"] for line in lines if isinstance(line.get("exc_info"), Exception)]
    traced = [part for error in errors for part in format_exception(error)]
    return "\n".join([*map(str, lines), *traced, caplog.text])


async def planted(told: Told, works: Works, workflow_id: str, canary: Canary) -> None:
    """Have an event carry the canary as data, which is kept and shown."""
    path, body = f"/v1/workflows/{workflow_id}/executions", {"payload": canary.value}
    started = await told.ask("POST", path, body)
    await until(works.pool, "SELECT count(finished_at) = 3 FROM executions")
    await told.ask("GET", f"/v1/executions/{started['execution_id']}")


async def seen(told: Told, works: Works, database: str) -> dict[str, str]:
    """What can be read in answers, topics and tables."""
    return {
        "answers": "\n".join(told.answers),
        "topics": await records(works),
        "tables": dumped(database),
    }


async def test_no_sink_ever_holds_a_secret(database: str, caplog: pytest.LogCaptureFixture) -> None:
    """Logs, topics, tables, answers, metrics, errors and the command line: none has any of one.

    The search itself is shown to find: what an event carries as data is in tables, topics and
    answers.
    """
    caplog.set_level(logging.DEBUG)
    # Ours is off; that of the receiver is its own.
    caplog.set_level(logging.CRITICAL, logger="aiohttp.access")
    canaries, data = [Canary(name) for name in (*HEARD_IN, *UNHEARD_IN)], Canary("data")
    with structlog.testing.capture_logs() as lines:
        async with (
            receiver() as (echo, url),
            open_works(
                database,
                keyring=written("k1"),
                run_sync_job={"url": f"{url}/bad"},
                resolvers={"thing": {"url": f"{url}/ok"}},
            ) as works,
            open_api(works, OPERATOR) as client,
        ):
            told, by_name = Told(client, OPERATOR), {canary.name: canary for canary in canaries}
            child, hook = await set_up(told, by_name, url)
            await run_all(told, works, by_name, hook)
            said = await asyncio.to_thread(commands, told, by_name["piped"].value)
            assert await told.see_all() > 100
            metrics = generate_latest(works.platform.registry).decode()
            sinks = await seen(told, works, database)
            await planted(told, works, child, data)
            found = leaks([data], await seen(told, works, database))
    sinks |= {"metrics": metrics, "commands": said, "logs": logged(list(lines), caplog)}
    heard = "\n".join(echo.heard)
    assert {name for name, _ in leaks(canaries, {"receiver": heard})} == set(HEARD_IN)
    assert leaks([*canaries, data], sinks) == []
    assert [name for name, text in {**sinks, "receiver": heard}.items() if MARK.search(text)] == []
    assert found == [("data", "answers"), ("data", "topics"), ("data", "tables")]
