"""Altostrat's routes of workflows: the calls of its own documentation, word for word."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.integration.api.conftest import Client
from tests.integration.api.face import open_face
from tests.unit.dialects.altostrat_documents import SEED, flow, node

WORKFLOWS = "/altostrat/workflows"
DOCUMENTED = {
    "id": str,
    "name": str,
    "nodes": list,
    "edges": list,
    "is_active": bool,
    "created_at": str,
    "updated_at": str,
    "description": str,
    "schedule_type": str,
}


async def test_the_documented_request_is_answered_with_the_documented_fields(
    client: Client,
) -> None:
    """POST answers all that was sent and all that is documented; GET the same again."""
    created = await create(client, SEED)
    assert SEED.items() <= created.items()
    assert all(isinstance(created[name], kind) for name, kind in DOCUMENTED.items())
    assert created["id"].startswith("fl_")
    assert created["created_at"].endswith("Z")
    assert (created["next_run_at"], created["webhook_url"], created["schedule_value"]) == (
        *(None, None),
        None,
    )
    assert await ask(client, "GET", created["id"]) == (200, created)
    status, [listed] = await ask(client, "GET", "")
    assert (status, {**listed, "nodes": SEED["nodes"], "edges": SEED["edges"]}) == (200, created)


async def test_lists_are_of_this_system_in_pages(client: Client) -> None:
    """Workflows in other words are not there, under neither's routes."""
    made = [(await create(client, {**SEED, "name": f"w{n}"}))["id"] for n in range(3)]
    async with client.post("/v1/workflows", json={"name": "native"}) as answer:
        native = await answer.json()
    assert [one["id"] for one in (await ask(client, "GET", ""))[1]] == made
    _, second = await ask(client, "GET", "?page=2&per_page=2")
    assert [one["id"] for one in second] == made[2:]
    assert (await ask(client, "GET", "?page=3&per_page=2"))[1] == []
    assert (await ask(client, "GET", "?page=0"))[0] == 400
    assert (await ask(client, "GET", native["id"]))[0] == 404


async def test_put_changes_what_it_says_and_nothing_else(client: Client) -> None:
    """A partial change keeps the rest; a whole answer sent back changes nothing."""
    created = await create(client, SEED)
    path = created["id"]
    status, changed = await ask(client, "PUT", path, {"name": "Other", "schedule_type": "daily"})
    assert (status, changed["name"], changed["nodes"]) == (200, "Other", SEED["nodes"])
    assert changed["next_run_at"].endswith("T00:00:00.000000Z")
    _, again = await ask(client, "PUT", path, changed)
    assert again == changed
    _, off = await ask(client, "PUT", path, {"is_active": False})
    assert (off["is_active"], off["next_run_at"]) == (False, None)
    _, still = await ask(client, "PUT", path, {"description": None})
    assert (still["is_active"], still["description"]) == (False, None)
    assert (await ask(client, "PUT", path, {"nodes": []}))[0] == 422
    assert (await ask(client, "PUT", "fl_7", {}))[0] == 404


async def test_what_cannot_run_yet_is_a_draft(client: Client) -> None:
    """It is kept with what it lacks, is not active, and becomes so when it lacks nothing."""
    draft = await create(client, flow(node("a", "get_site", site="{{ start.site }}")))
    assert draft["is_active"] is False
    assert [(p["pointer"], p["code"]) for p in draft["problems"]] == [
        ("/nodes/1/data/componentId", "UNKNOWN_ACTION")
    ]
    assert (await ask(client, "GET", draft["id"]))[1] == draft
    async with client.put("/v1/actions/get_site", json={"transport": "worker"}):
        pass
    status, ready = await ask(client, "PUT", draft["id"], {"is_active": True})
    assert (status, ready["is_active"], "problems" in ready) == (200, True, False)
    broken = flow(node("a", "get_moon"))
    status, refusal = await ask(client, "PUT", draft["id"], {"nodes": broken["nodes"]})
    assert (status, [*refusal["errors"]]) == (422, ["nodes.1.data.componentId"])


async def test_a_workflow_that_others_call_is_not_deleted(client: Client) -> None:
    """409 names who does; without them it goes."""
    called = await create(client, {**SEED, "name": "called"})
    caller = await create(client, flow(node("a", "subflow", workflow_id=called["id"])))
    items = node("a", "iterator", items="{{ start.l }}", workflow_id=called["id"])
    loop = await create(client, flow(items, name="loop"))
    status, refusal = await ask(client, "DELETE", called["id"])
    assert (status, refusal.keys()) == (409, {"message"})
    assert "'w', 'loop'" in refusal["message"]
    for one in (caller, loop, called):
        assert (await ask(client, "DELETE", one["id"]))[0] == 204
        assert (await ask(client, "GET", one["id"]))[0] == 404
    cycle = flow(node("a", "subflow", workflow_id=called["id"]))
    assert (await create(client, cycle))["problems"][0]["code"] == "UNKNOWN_WORKFLOW"


@pytest.mark.parametrize(
    ("document", "errors"),
    [
        (SEED, []),
        ({}, ["name:", "authorization_id:", "nodes:", "edges:"]),
        (flow(node("a", "get_moon")), ["nodes.1.data.componentId:"]),
        (flow(node("a", "webhook", url="{{ x")), ["nodes.1.data.url:"]),
        ({"trigger_name": "a", "config": {}}, ["body: This is a document in the words of 'truto'"]),
    ],
)
async def test_validate_tells_every_fault(
    client: Client, document: dict[str, Any], errors: list[str]
) -> None:
    """200 whatever it is; nothing is kept."""
    status, told = await ask(client, "POST", "validate", document)
    assert (status, told["valid"]) == (200, not errors)
    assert all(any(said.startswith(start) for said in told["errors"]) for start in errors)
    assert (await ask(client, "GET", ""))[1] == []


async def test_what_others_may_start_and_whose_accounts(client: Client) -> None:
    """Lists that are not documented upstream, of what the workflows say."""
    await create(client, SEED)
    subflow = flow(name="sub")
    subflow["nodes"] = [node("start", "subflow_trigger")]
    made = await create(client, subflow)
    status, listed = await ask(client, "GET", "triggerable")
    assert (status, listed) == (
        200,
        [{"id": made["id"], "name": "sub", "description": None, "trigger_type": "subflow"}],
    )
    status, refused = await ask(client, "POST", f"{made['id']}/execute", {})
    assert (status, "run one that calls it" in refused["message"]) == (409, True)
    status, accounts = await ask(client, "GET", "authorizations")
    assert (status, [one["id"] for one in accounts]) == (200, ["auth_01H...", "auth_1"])


@pytest.mark.parametrize(
    ("node_", "context", "told"),
    [
        (
            node("a", "text_transform", template="Hi {{ n1.name }}"),
            {"n1": {"name": "Ann"}},
            {"status": "success", "output": "Hi Ann", "dry_run": False, "handle": None},
        ),
        (
            node("a", "number_condition", value="{{ trigger.n }}", operator=">", compare_to=1),
            {"trigger": {"n": 2}},
            {"output": {"result": True}, "handle": "true", "dry_run": False},
        ),
        (
            node("a", "number_condition", value="{{ trigger.n }}", operator=">", compare_to=1),
            {"trigger": {"n": "many"}},
            {"status": "error", "output": None},
        ),
        (
            node("a", "webhook", url="https://x/{{ context.id }}"),
            {"id": 7},
            {
                "dry_run": True,
                "output": {"url": "https://x/7", "method": "GET", "headers": {}},
            },
        ),
        (
            node("a", "switch", value="{{ x }}", cases=[{"id": "one", "value": "1"}]),
            {"x": 1},
            {"output": {"case": "one"}, "handle": "one"},
        ),
        (
            node("a", "send_webhook", m="{{ x }}"),
            {"x": 1},
            {"status": "success", "dry_run": True, "output": {"m": 1}},
        ),
        (
            node("a", "get_moon", m="{{ x }}"),
            {"x": 1},
            {"status": "error", "dry_run": False, "output": None},
        ),
    ],
)
async def test_a_node_is_tried_and_nothing_is_done(
    client: Client, node_: dict[str, Any], context: dict[str, Any], told: dict[str, Any]
) -> None:
    """What computes is computed; of what acts it is told what it would do."""
    asked = {"node": node_, "context": context, "authorization_id": "auth_1"}
    status, found = await ask(client, "POST", "test-node", asked)
    assert (status, told.items() <= found.items()) == (200, True), found


async def test_a_node_that_could_not_run_says_what_validate_says(client: Client) -> None:
    """An action that there is not, until there is; a template that is broken."""
    for tried, registered in (
        (node("a", "get_moon"), {"transport": "worker"}),
        (node("a", "text_transform", template="{{ x | moonlit }}"), None),
    ):
        asked = {"node": tried, "authorization_id": "auth_1"}
        status, found = await ask(client, "POST", "test-node", asked)
        _, validity = await ask(client, "POST", "validate", flow(tried))
        assert (status, found["status"]) == (200, "error")
        assert [said.partition(": ")[2] for said in validity["errors"]] == [found["error"]]
        if registered is not None:
            async with client.put("/v1/actions/get_moon", json=registered):
                pass
            _, found = await ask(client, "POST", "test-node", asked)
            assert (found["status"], found["dry_run"], found["error"]) == ("success", True, None)


async def test_a_node_that_cannot_be_read_is_refused(client: Client) -> None:
    """422 at its place."""
    asked = {"node": node("a", "delay", duration="x")}
    status, refusal = await ask(client, "POST", "test-node", asked)
    assert (status, [*refusal["errors"]]) == (422, ["node.data.duration"])


async def test_the_address_of_a_webhook_is_shown_again(database: str) -> None:
    """By every GET, while it is the same; the database has it sealed only."""
    async with open_face(database) as face:
        asked = flow(name="hooked")
        asked["nodes"] = [node("start", "webhook_trigger")]
        created = await create(face.client, asked)
        url = created["webhook_url"]
        assert "/altostrat/workflows/webhooks/whsec_" in url
        assert (await ask(face.client, "GET", created["id"]))[1]["webhook_url"] == url
        assert (await ask(face.client, "GET", ""))[1][0]["webhook_url"] == url
        for off in (False, True):
            _, changed = await ask(face.client, "PUT", created["id"], {"is_active": off})
            assert changed["webhook_url"] == url
        kept = await face.works.pool.fetchrow("SELECT * FROM altostrat_addresses")
        assert kept is not None
        assert url.rpartition("_")[2].encode() not in kept["ciphertext"]
        native = (await face.get("workflows"))["items"][0]["id"]
        await face.post(f"workflows/{native}/triggers/webhook/rotate", status=200)
        again = (await ask(face.client, "GET", created["id"]))[1]["webhook_url"]
        assert again not in (None, url)
        older = (kept["nonce"], kept["ciphertext"])
        await face.works.pool.execute(
            "UPDATE altostrat_addresses SET nonce = $1, ciphertext = $2", *older
        )
        assert (await ask(face.client, "GET", created["id"]))[1]["webhook_url"] is None
        await face.works.pool.execute("UPDATE altostrat_addresses SET key_id = 'gone'")
        assert (await ask(face.client, "GET", created["id"]))[1]["webhook_url"] is None


async def test_without_a_key_ring_an_address_is_told_once(client: Client) -> None:
    """As natively: there is nothing to seal it with."""
    asked = flow()
    asked["nodes"] = [node("start", "webhook_trigger")]
    created = await create(client, asked)
    assert created["webhook_url"]
    assert (await ask(client, "GET", created["id"]))[1]["webhook_url"] is None


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "nothing/at/all", 404),
        ("GET", "runs/fl_run_7", 404),
        ("GET", "runs/fl_run_00000000000000000000000000", 404),
        ("GET", "vault/vlt_00000000000000000000000000", 404),
        ("PATCH", "", 405),
        ("POST", "webhooks/whsec_nobody", 404),
        ("POST", "webhooks/nobody", 404),
        ("GET", "?surprise=1", 400),
    ],
)
async def test_refusals_have_laravels_form(
    client: Client, method: str, path: str, status: int
) -> None:
    """Whatever is refused says so in a message, beside which each field may have its faults."""
    got, refusal = await ask(client, method, path)
    assert (got, {"message"} <= refusal.keys() <= {"message", "errors"}) == (status, True)


async def ask(client: Client, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    """What a path below the workflows is answered with."""
    slash = "/" if path and not path.startswith("?") else ""
    async with client.request(method, f"{WORKFLOWS}{slash}{path}", json=body) as answer:
        return answer.status, await answer.json() if answer.status != 204 else None


async def create(client: Client, document: Mapping[str, Any]) -> dict[str, Any]:
    """A workflow that is kept."""
    status, created = await ask(client, "POST", "", document)
    assert status == 201, created
    made: dict[str, Any] = created
    return made
