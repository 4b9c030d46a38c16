"""What matchers read of the workflows that events may start."""

import json
from pathlib import Path
from typing import Any

from shared.db import migrate
from shared.db.live_workflows import list_changes, list_live
from shared.db.pool import Pool
from shared.domain.ids import DEFAULT_ENVIRONMENT
from shared.domain.workflows import Definition
from shared.runtime.sql import statements
from tests.integration.test_candidates import CROWD, NUMBERED, examined_by, put
from tests.unit.matching.build import AT, workflow

LIST = statements(Path(migrate.__file__).parent / "queries" / "live_workflows")["list_live"]
RICH: dict[str, Any] = {
    "name": "Rich",
    "triggers": [
        {"kind": "schedule", "schedule": {"kind": "cron", "value": "0 6 * * *"}},
        {"event_name": "order:placed"},
        {"kind": "manual"},
        {"event_name": "order:*", "id": "any"},
    ],
    # Numbers that parsers read in different ways, and texts that are not ASCII.
    "filters": {
        "payload.total": {"~gte": 100000000000000000001, "~lt": 1e23},
        "payload.ratio": {"~in": [-0.0, 1.0, 1, 0.1, 5e-324]},
        "payload.name": {"~contains": "Žofia \u2028"},
    },
    "run_if": "payload.total > 1e2",
    "annotations": [{"entity_type": "customer", "target_path": "payload.customer"}],
    "steps": [{"id": "one", "action": "transform", "input": {"lang": "jsonata", "src": "1"}}],
}
BARE: dict[str, Any] = {"name": "Bare", "steps": []}


async def test_they_are_those_of_the_whole_workflow(pool: Pool) -> None:
    """Read from the definition as it is stored, without its model."""
    saved = [
        workflow(number=n, definition=Definition.model_validate_json(json.dumps(flow)))
        for n, flow in enumerate((RICH, BARE), 1)
    ]
    async with pool.acquire() as conn:
        await put(conn, *saved)
        live = [each async for batch in list_live(conn) for each in batch]
        changed = [each.conditions for each in await list_changes(conn, after=0, limit=9)]
    expected = [each.conditions for each in saved]
    # As texts: 1 and 1.0 are told apart.
    assert repr(changed) == repr(live) == repr(expected)


async def test_a_later_batch_reads_no_more_than_an_early_one(pool: Pool) -> None:
    """Postgres begins both tables where the batch begins, also where it merges them."""
    async with pool.acquire() as conn:
        for statement in CROWD:
            await conn.execute(f"{NUMBERED} {statement}", DEFAULT_ENVIRONMENT, AT, 1, 5_000)
        await conn.execute("ANALYZE workflows, workflow_versions")
        for way in ("nestloop", "hashjoin"):
            await conn.execute(f"SET enable_{way} = off")
        ids = await conn.fetch("SELECT id FROM workflows ORDER BY id")
        early, late = [await examined_by(conn, LIST, ids[at]["id"], 100) for at in (0, -200)]
    assert max(early, late) < 500
