"""Executions as the API tells them, with all their attempts."""

from typing import Any

from services.cli.client import Client


async def get_whole(client: Client, execution_id: str) -> dict[str, Any]:
    """The execution with every attempt and phase, over as many pages as it takes."""
    whole: dict[str, Any] = {}
    after: int | None = None
    while True:
        page = await client.get(f"v1/executions/{execution_id}", after=after)
        after = page.pop("next_after")
        phases = whole.get("phases", []) + page["phases"]
        attempts = whole.get("attempts", []) + page["attempts"]
        whole = {**page, "phases": phases, "attempts": attempts}
        if after is None:
            return whole


def step_name(shown: dict[str, Any]) -> str:
    """The step of an attempt or a wait, with an iterator's item, or marked as what undoes it."""
    item = "" if shown["item"] is None else f"[{shown['item']}]"
    return f"{shown['step_id']}{item}{'!' if shown['compensates'] else ''}"


def row(attempt: dict[str, Any]) -> tuple[Any, ...]:
    """What a table says of an attempt: step, attempt, status, end, and what came of it."""
    came = attempt["output"] if attempt["error"] is None else attempt["error"]["message"]
    return (
        *(step_name(attempt), attempt["attempt"], attempt["status"], attempt["ended_at"]),
        came,
    )
