"""What events, inputs and outputs hold is shown to those alone who may see it."""

from typing import Any

from services.api.http.payloads import HIDDEN
from shared.domain.principals import SCOPES_OF, Role, Scope
from tests.integration.api.asking import OPERATOR, Asker
from tests.support.house import House, open_house
from tests.support.served import open_api
from tests.support.works import transform, until

CANARY = "canary-4711"

FLOW: dict[str, Any] = {
    "name": "waits",
    "triggers": [{"event_name": "go"}],
    "policy": {
        "concurrency_key": {"lang": "jsonata", "src": "payload.word"},
        "concurrency_max": 1,
    },
    "steps": [
        transform("say", "payload.word"),
        {
            "id": "ask",
            "kind": "approval",
            "input": {"lang": "jsonata", "src": "payload.word"},
            "approval": {"message": "Go on?"},
        },
    ],
    "edges": [{"from": "say", "to": "ask"}],
}
FAILS = {**FLOW, "policy": {}, "steps": [transform("say", "$error(payload.word)")], "edges": []}
KEPT_OUT = {**FLOW, "filters": {"payload.word": "another"}}
SYNC = {
    **FLOW,
    "policy": {},
    "triggers": [{"kind": "api_sync"}],
    "steps": [transform("say", "payload.word")],
    "edges": [],
}
ASKED: dict[str, Any] = {
    "payload": {"word": CANARY},
    "parameters": {"word": CANARY},
    "metadata": {"word": CANARY},
    "ui_options": {"word": CANARY},
}


async def happened(house: House, operator: Asker) -> list[str]:
    """Paths to what events with the canary have led to, as soon as they have."""
    flows = [await house.register(flow) for flow in (FLOW, FAILS, KEPT_OUT, SYNC)]
    for id_, word in (("evt", CANARY), ("evt", f"{CANARY}, again"), ("evt-2", CANARY)):
        event = {"id": id_, "event": "go", "payload": {"word": word}, "source": "/shop"}
        assert (await operator.ask("POST", "/v1/events", event))[0] == 202
    pool = house.platform.pool
    await until(pool, "SELECT count(*) FROM event_conflicts", 1)
    await until(pool, "SELECT count(*) FROM executions WHERE status = 'FAILED'", 2)
    await until(pool, "SELECT count(*) FROM waits WHERE kind = 'approval'", 1)
    await until(pool, "SELECT count(*) FROM waits WHERE kind = 'turn'", 1)
    started = await operator.ask("POST", f"/v1/workflows/{flows[3].id}/executions", ASKED)
    assert (started[0], started[1]["result"]) == (200, CANARY)
    executions = (await operator.get("/v1/executions"))["items"]
    assert len(executions) == 5
    return [
        *("/v1/executions", "/v1/events", "/v1/waits", "/v1/schedules", "/v1/workflows"),
        *("/v1/events/evt?source=/shop", "/v1/audit", "/v1/keys", "/metrics"),
        *("/v1/events/evt/decisions?source=/shop", f"/v1/workflows/{flows[2].id}/near-misses"),
        *(f"/v1/executions/{execution['id']}" for execution in executions),
    ]


async def test_nobody_sees_payloads_without_the_scope(database: str) -> None:
    """The canary is in what the operator sees, and in nothing that any role sees."""
    async with open_house(database) as house, open_api(house, OPERATOR) as client:
        operator = Asker(client, OPERATOR)
        paths = await happened(house, operator)
        admin = await operator.key(SCOPES_OF[Role.ADMIN])
        seer = await operator.key([Scope.READ, Scope.PAYLOADS])
        shown = {path: str((await operator.ask("GET", path))[1]) for path in paths}
        hidden = {path: str((await admin.ask("GET", path))[1]) for path in paths}
        assert sum(CANARY in text for text in shown.values()) >= 8
        assert not [path for path, text in hidden.items() if CANARY in text]
        assert {path for path, text in shown.items() if CANARY in text} <= {
            path for path, text in hidden.items() if HIDDEN in text
        }
        explained = await admin.get("/v1/events/evt?source=/shop")
        assert explained["payload"] == explained["conflicts"][0]["record"] == HIDDEN
        assert HIDDEN in [decision["detail"] for decision in explained["decisions"]]
        for path in paths:
            if path.startswith("/v1/executions/"):
                status, answer = await admin.ask("GET", f"{path}/result")
                assert (status, "'payloads'" in answer["detail"]) == (403, True)
                assert (await seer.ask("GET", path))[1] == (await operator.ask("GET", path))[1]


async def test_changes_show_no_payloads_either(database: str) -> None:
    """Not in what a synchronous start, a decision or a cancellation is answered with."""
    async with open_house(database) as house, open_api(house, OPERATOR) as client:
        operator = Asker(client, OPERATOR)
        await happened(house, operator)
        asker = await operator.key(SCOPES_OF[Role.OPERATOR])
        flows = (await operator.get("/v1/workflows"))["items"]
        [sync] = [flow["id"] for flow in flows if flow["triggers"][0]["kind"] == "api_sync"]
        started = (await asker.ask("POST", f"/v1/workflows/{sync}/executions", ASKED))[1]
        assert started["result"] == HIDDEN
        [wait] = (await operator.get("/v1/waits?kind=approval"))["items"]
        path = f"/v1/executions/{wait['execution_id']}/steps/ask/decision"
        said = {"decision": "approve", "by": "ada", "comment": CANARY}
        status, ruled = await asker.ask("POST", path, said)
        assert (status, ruled["won"], ruled["answer"]["output"]) == (200, True, HIDDEN)
        late = await asker.ask("POST", path, {**said, "decision": "reject"})
        assert late[0] == 409
        again = await asker.ask("POST", f"/v1/executions/{wait['execution_id']}/rerun")
        assert again[0] == 202
        assert CANARY not in str((started, ruled, late, again))
