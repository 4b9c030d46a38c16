"""The log of one execution as it grows."""

import asyncio
from typing import Any
from uuid import uuid4

from services.api.http.payloads import HIDDEN
from shared.domain.principals import Scope
from tests.integration.api.asking import OPERATOR, Asker
from tests.integration.api.listening import Ear, document, open_all
from tests.support.works import all_ended, start, transform, until, workflow

ASK: dict[str, Any] = {"id": "ask", "kind": "approval", "approval": {"message": "Go on?"}}
CANARY = "canary-0816"


async def test_the_log_is_told_line_by_line_to_its_end(database: str) -> None:
    """Each line once and at once, as the execution's document has it, whatever is cut off."""
    async with asyncio.timeout(90), open_all(database, heartbeat_s=600) as (works, client):
        flow = await works.register(workflow(transform("say", "payload"), ASK, transform("b", "2")))
        [id_] = await start(works, flow, payload="x")
        ear, path = Ear(client, f"/v1/executions/{id_}/live"), f"/v1/executions/{id_}"
        await until(works.pool, "SELECT count(*) FROM waits", 1)
        async with ear.listening() as events:
            while ear.heard == [] or not waits(document(ear.heard[-1])):
                await anext(events)
            body = {"decision": "approve", "by": "me"}
            async with client.post(f"{path}/steps/ask/decision", json=body) as answer:
                assert answer.status == 200, await answer.text()
            await anext(events)
        while ear.heard[-1].name == "entry":
            assert [event.name for event in await ear.hear(1)] in (["entry"], ["end"])
        async with client.get(path) as answer:
            whole = await answer.json()
        *entries, end = [document(event) for event in ear.heard]
        assert [phase for entry in entries for phase in entry["phases"]] == whole["phases"]
        assert [attempt for entry in entries for attempt in entry["attempts"]] == whole["attempts"]
        assert [entry["position"] for entry in entries] == list(range(1, len(entries) + 1))
        assert (end["status"], end["id"]) == ("COMPLETED", str(id_))
        again = Ear(client, f"{path}/live?after={len(entries) - 1}")
        assert [event.id for event in await again.hear(9)] == [str(len(entries)), None]
        async with client.get(f"/v1/executions/{uuid4()}/live") as answer:
            assert answer.status == 404


async def test_its_payloads_are_hidden_and_it_is_nobody_elses(database: str) -> None:
    """As in its document; another environment is told what it is told of an id of nothing."""
    async with open_all(database, OPERATOR) as (works, client):
        operator = Asker(client, OPERATOR)
        reader = await operator.key([Scope.READ])
        theirs = await operator.key([Scope.READ], await operator.new_environment("theirs"))
        flow = await works.register(workflow(transform("say", "$error(payload)")))
        [id_] = await start(works, flow, payload=CANARY)
        await all_ended(works.pool, 1)
        path = f"/v1/executions/{id_}/live"
        texts: list[str] = []
        for secret in (reader.secret, OPERATOR):
            ear = Ear(client, path, secret)
            assert (await ear.hear(9))[-1].name == "end"
            texts.append("".join(str(event.data) for event in ear.heard))
        assert CANARY in texts[1]
        assert CANARY not in texts[0]
        assert HIDDEN in texts[0]
        assert (await theirs.ask("GET", path))[0] == 404


def waits(entry: Any) -> bool:
    """Whether a line of the log says that a step waits."""
    return any(attempt["status"] == "WAITING" for attempt in entry["attempts"])
