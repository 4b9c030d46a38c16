"""What lint and explanations take a while for is done beside the event loop, and is bounded."""

import asyncio
import threading
from collections.abc import Callable, Generator
from typing import Any

import pytest

from services.api.events import explain_event, list_decisions
from services.api.http import yaml_documents
from services.api.resources import ApiResources
from services.api.workflows import lint_workflow
from shared.db import candidates
from shared.db.pool import Connection
from shared.domain.events import Event
from shared.matching import lint_patterns, lint_watched
from tests.integration.api.asking import Asker
from tests.integration.api.conftest import Client
from tests.integration.api.test_decisions import arrive, got, register

TYPE = "order:placed"


class Watch:
    """Lets functions of modules tell which threads have called them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self.called: dict[str, list[threading.Thread]] = {}

    def add(self, module: Any, name: str) -> None:
        """Watch one from now on."""
        original: Callable[..., Any] = getattr(module, name)
        called = self.called.setdefault(name, [])

        def told(*given: Any, **more: Any) -> Any:
            called.append(threading.current_thread())
            return original(*given, **more)

        self._monkeypatch.setattr(module, name, told)


async def test_definitions_are_read_beside_the_loop(
    client: Client, resources: ApiResources, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There may be a hundred for one event, of a quarter of a megabyte each."""
    for _ in range(3):
        await register(client, TYPE)
    [event] = await arrive(resources, TYPE, {"n": 1})
    for path in (f"/v1/events/{event.key}", f"/v1/events/{event.key}/decisions"):
        watch = Watch(monkeypatch)
        watch.add(candidates, "workflow_of")
        await got(client, path)
        assert len(watch.called["workflow_of"]) == 3
        assert threading.main_thread() not in watch.called["workflow_of"]


@pytest.mark.parametrize(("module", "below"), [(explain_event, ""), (list_decisions, "/decisions")])
async def test_candidates_are_looked_for_in_time(
    client: Client,
    resources: ApiResources,
    monkeypatch: pytest.MonkeyPatch,
    module: Any,
    below: str,
) -> None:
    """The statement that finds them ends, however many there are."""
    limits: list[str] = []

    async def told(conn: Connection, event: Event, **more: Any) -> Any:
        limits.append(await conn.fetchval("SELECT current_setting('statement_timeout')"))
        return await candidates.list_candidates(conn, event, **more)

    monkeypatch.setattr(module, "list_candidates", told)
    [event] = await arrive(resources, TYPE, {"n": 1})
    await got(client, f"/v1/events/{event.key}{below}")
    assert limits == ["5s"]


async def test_lint_looks_for_nothing_on_the_loop(
    client: Client, resources: ApiResources, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither in the definition nor in what events have said of it."""
    await arrive(resources, TYPE, {"n": 1})
    flow = {"name": "w", "triggers": [{"event_name": TYPE}], "run_if": "payload.a = payload.b"}
    watch = Watch(monkeypatch)
    for module, name in (
        (lint_patterns, "patterns_in"),
        (lint_watched, "comparisons_in"),
        (lint_watched, "paths_read"),
        (lint_watched, "path_findings"),
    ):
        watch.add(module, name)
    status, found = await Asker(client).ask("POST", "/v1/workflows/lint?events=1", flow)
    assert status == 200, found
    assert [one["code"] for one in found["findings"]] == ["UNSEEN_PATH"] * 2
    assert all(watch.called.values())
    assert threading.main_thread() not in {one for each in watch.called.values() for one in each}


async def test_the_gravest_findings_are_told(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of more than an answer has, whichever were found first."""
    conditions = ["true", "true", "false", "true", "false"]
    steps = [
        {"id": f"s{n}", "action": "transform", "run_if": one} for n, one in enumerate(conditions)
    ]
    for most, codes in (
        (1_000, ["NEVER_RUNS"] * 2 + ["ALWAYS_TRUE"] * 3),
        (3, ["NEVER_RUNS"] * 2 + ["ALWAYS_TRUE"]),
        (1, ["NEVER_RUNS"]),
    ):
        monkeypatch.setattr(lint_workflow, "FINDINGS_MAX", most)
        flow = {"name": "w", "triggers": [{"event_name": TYPE}], "steps": steps}
        status, found = await Asker(client).ask("POST", "/v1/workflows/lint", flow)
        assert status == 200, found
        assert [one["code"] for one in found["findings"]] == codes


async def test_yaml_is_read_in_turn_and_in_parts(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is slow to read: however many documents there are, one part is read at a time."""
    inside, most, parts = 0, 0, 0
    read = yaml_documents._CoreLoader.read  # noqa: SLF001 - what each document goes through

    def told(loader: Any) -> Generator[None, None, Any]:
        nonlocal inside, most, parts
        reading = read(loader)
        while True:
            inside, parts = inside + 1, parts + 1
            most = max(most, inside)
            try:
                next(reading)
            except StopIteration as end:
                return end.value
            finally:
                inside -= 1
            yield

    monkeypatch.setattr(yaml_documents._CoreLoader, "read", told)  # noqa: SLF001 - likewise
    names = ", ".join(f"e{n}" for n in range(4_000))
    flow = f"{{name: w, description: a, triggers: [{names}]}}"

    async def ask() -> int:
        headers = {"Content-Type": "application/yaml"}
        async with client.post("/v1/workflows/validate", data=flow, headers=headers) as answer:
            return answer.status

    assert set(await asyncio.gather(*(ask() for _ in range(6)))) <= {200, 422}
    assert (most, parts > 6 * 8) == (1, True)
