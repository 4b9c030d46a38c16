"""What stands in the paths of Altostrat's routes, whose ids have a form of their own."""

from typing import Any
from uuid import uuid4

from services.api.dialects.altostrat.ids import written
from tests.integration.api.asking import Asker

ALTOSTRAT: dict[str, Any] = {
    "name": "theirs",
    "authorization_id": "auth_1",
    "nodes": [
        {"id": "start", "type": "manual_trigger"},
        {"id": "say", "type": "response"},
        {"id": "ask", "type": "form"},
    ],
    "edges": [{"source": "start", "target": "say"}, {"source": "say", "target": "ask"}],
}


async def altostrat_ids(asker: Asker) -> dict[str, str]:
    """Make one of everything of Altostrat's, whose ids have a form of their own."""
    _, flow = await asker.ask("POST", "/altostrat/workflows", ALTOSTRAT)
    _, run = await asker.ask("POST", f"/altostrat/workflows/{flow['id']}/execute")
    hidden = {"name": "theirs", "secret": "theirs"}
    _, secret = await asker.ask("POST", "/altostrat/workflows/vault", hidden)
    ids = {"{flow_id}": flow["id"], "{flow_run_id}": run["id"], "{vault_id}": secret["id"]}
    return {**ids, "{node_id}": "ask"}


def unknown_altostrat_ids() -> dict[str, str]:
    """Ids as they might be, and of nothing."""
    prefixes = {"{flow_id}": "fl_", "{flow_run_id}": "fl_run_", "{vault_id}": "vlt_"}
    return {"{node_id}": "ask"} | {name: written(p, uuid4()) for name, p in prefixes.items()}
