"""What clients may do with workflows that an earlier release has written."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import orjson
import pytest

from shared.db.pool import Pool
from tests.integration.api.conftest import Client
from tests.integration.api.dialects.sixtyfour import Sixtyfour, block
from tests.integration.api.dialects.test_altostrat import ask, create
from tests.unit.dialects.altostrat_documents import flow, node

SIXTYFOUR: dict[str, Any] = {
    "workflow_name": "w",
    "workflow_description": "d",
    "workflow_definition": {
        "blocks": [block(1, "webhook", block_id="in"), block(2, "deduplicate", block_id="once")],
        "edges": [{"from_block_id": "in", "to_block_id": "once"}],
    },
}
ANSWERED: dict[str, Any] = {
    "name": "w",
    "description": "d",
    "status": "ready",
    "step": "complete",
    "problems": [],
    "created_at": "2026-01-01T00:00:00Z",
    "updated_at": "2026-01-01T00:00:00Z",
    "user_uuid": None,
    "org_id": "o",
    "last_run_date": None,
}
CREATE, UPDATE = "/workflows/create_workflow", "/workflows/update_workflow"
ONE = "/workflows/{workflow_id}"


async def written_before(pool: Pool, source: Mapping[str, Any], step: str) -> None:
    """Let a release before have written the only version there is, with another text in a step."""
    await pool.execute(
        "UPDATE workflow_versions SET source = $1::json, definition = jsonb_set("
        f"definition::jsonb, '{{steps,{step}}}', '\"(1)\"')::json",
        orjson.dumps(source).decode(),
    )


@pytest.mark.parametrize("said", [{}, ANSWERED])
async def test_an_unchanged_document_is_no_other_content(
    client: Client, pool: Pool, said: dict[str, Any]
) -> None:
    """Whatever else was kept beside it, and whatever it was translated to."""
    sixtyfour, asked = Sixtyfour(client), {"id": str(uuid4()), **SIXTYFOUR}
    made = await sixtyfour.ask("POST", CREATE, asked)
    await written_before(pool, {**asked, **said}, "1,input,src")
    assert await sixtyfour.ask("POST", CREATE, asked) == made
    assert await sixtyfour.ask("POST", CREATE, {**asked, **said}) == made
    for other in ({"workflow_name": "x"}, {"colour": "red"}, {"colour": None}):
        await sixtyfour.ask("POST", CREATE, {**asked, **other}, status=409)
    (told,) = await pool.fetch("SELECT version FROM workflows")
    assert told["version"] == 1


async def test_an_edit_translates_anew(client: Client, pool: Pool) -> None:
    """Also one that says what stands there already; what only answers say is kept no more."""
    sixtyfour, asked = Sixtyfour(client), {"id": str(uuid4()), **SIXTYFOUR}
    made = await sixtyfour.ask("POST", CREATE, asked)
    await written_before(pool, {**asked, **ANSWERED}, "1,input,src")
    which = {"workflow_id": made["id"]}
    await sixtyfour.ask("POST", UPDATE, {"workflow_name": "w"}, query=which)
    (last,) = await pool.fetch("SELECT * FROM workflow_versions WHERE version = 2")
    assert "$of" in last["definition"]
    assert orjson.loads(last["source"]).keys() == {*asked, "id"}


async def test_an_unchanged_document_may_run_though_it_would_be_a_draft_now(
    client: Client, pool: Pool
) -> None:
    """As what it needs was there when it was taken; a draft that would run is changed."""
    graph = {"blocks": [block(1, "webhook"), block(2, "find_email")], "edges": []}
    sixtyfour, asked = Sixtyfour(client), {**SIXTYFOUR, "workflow_definition": graph}
    asked["id"] = str(uuid4())
    draft = await sixtyfour.ask("POST", CREATE, asked)
    assert draft["status"] == "draft"
    await pool.execute("UPDATE workflow_versions SET lifecycle = 'ready'")
    assert (await sixtyfour.ask("POST", CREATE, asked))["status"] == "ready"
    again = {**asked, "workflow_definition": SIXTYFOUR["workflow_definition"], "id": str(uuid4())}
    ready = await sixtyfour.ask("POST", CREATE, again)
    await pool.execute("UPDATE workflow_versions SET lifecycle = 'draft'")
    assert ready["status"] == "ready"
    await sixtyfour.ask("POST", CREATE, again, status=409)


async def test_a_step_that_is_no_text_hinders_no_update(client: Client, pool: Pool) -> None:
    """It was taken once; it is as if it were left out, and goes with the next edit."""
    sixtyfour, asked = Sixtyfour(client), {"id": str(uuid4()), **SIXTYFOUR}
    made = await sixtyfour.ask("POST", CREATE, asked)
    await written_before(pool, {**asked, "step": 5}, "1,input,src")
    assert await sixtyfour.ask("GET", f"/workflows/{made['id']}", described_as=ONE) == made
    assert await sixtyfour.ask("POST", CREATE, asked) == made
    which = {"workflow_id": made["id"]}
    named = await sixtyfour.ask("POST", UPDATE, {"workflow_name": "x"}, query=which)
    assert (named["name"], named["step"]) == ("x", "complete")
    await sixtyfour.ask("POST", UPDATE, {"step": 5}, query=which, status=422)


def filtering(**fields: Any) -> dict[str, Any]:
    """A workflow of Altostrat's with a filter."""
    return flow(node("f", "array_filter", items="{{ start.sites }}", **fields))


IS_UP = {"conditions": [{"field": "state", "operator": "equals", "value": "up"}]}
REFUSED_NOW = (
    {**IS_UP, "mode": "keep"},
    {**IS_UP, "logic": "none"},
    {"conditions": [{"field": "state", "operator": "equals"}]},
)


@pytest.mark.parametrize("fields", REFUSED_NOW)
async def test_what_runs_is_switched_and_renamed_though_its_nodes_would_be_refused_now(
    client: Client, pool: Pool, fields: dict[str, Any]
) -> None:
    """They stay what they are, and what is made of them, until they are changed."""
    path = (await create(client, filtering(**IS_UP)))["id"]
    await written_before(pool, filtering(**fields), "1,input,src")
    _, live = await ask(client, "GET", path)
    assert (live["is_active"], live["nodes"][1]["data"]) == (
        True,
        filtering(**fields)["nodes"][1]["data"],
    )
    assert await ask(client, "PUT", path, live) == (200, live)
    for change in ({"is_active": False}, {"name": "New"}, {"is_active": True}, {"name": "Newer"}):
        status, changed = await ask(client, "PUT", path, change)
        assert status == 200, changed
        assert changed.items() >= {**change, "nodes": live["nodes"], "edges": live["edges"]}.items()
    status, changed = await ask(client, "PUT", path, {**live, "is_active": False})
    assert (status, changed["is_active"], changed["name"]) == (200, False, "w")
    kept = await pool.fetch(
        "SELECT definition->'steps'->1->'input'->>'src' s FROM workflow_versions"
    )
    assert {row["s"] for row in kept} == {"(1)"}
    longer = [*live["nodes"], node("t", "response", body=1)]
    for name, graph in (("nodes", longer), ("edges", live["edges"][:0])):
        status, _ = await ask(client, "PUT", path, {name: graph})
        assert status == 422
    status, refusal = await ask(client, "PUT", path, {"schedule_type": "cron"})
    (place,) = refusal["errors"].keys() - {"schedule_value"}
    assert (status, place.startswith("nodes.1.data")) == (422, True)
    status, mended = await ask(client, "PUT", path, {"nodes": filtering(**IS_UP)["nodes"]})
    assert (status, mended["nodes"]) == (200, filtering(**IS_UP)["nodes"])


async def test_a_draft_is_read_anew(client: Client, pool: Pool) -> None:
    """It does not run: whoever changes it hears what is refused."""
    path = (await create(client, filtering(**IS_UP)))["id"]
    await written_before(pool, filtering(**REFUSED_NOW[0]), "1,input,src")
    await pool.execute("UPDATE workflow_versions SET lifecycle = 'draft'")
    status, refusal = await ask(client, "PUT", path, {"name": "New"})
    assert (status, [*refusal["errors"]]) == (422, ["nodes.1.data.mode"])
