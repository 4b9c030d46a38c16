"""Asking about many past events in several calls."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from services.cli.client import open_client
from services.cli.workflow.syncing import Planned
from services.cli.workflow.what_if import what_if


def told(looked_at: int) -> dict[str, Any]:
    """What a call answers that has looked at so many events, with more to come."""
    nothing = {"count": 0, "reasons": {}, "sample": []}
    return {
        "looked_at": looked_at,
        "is_same": True,
        "span_s": 1.0,
        "matched": {"before": 0, "after": 0},
        "per_hour": None,
        "reasons": {"before": {}, "after": {}},
        **dict.fromkeys(("newly_matched", "no_longer_matched", "newly_failing"), nothing),
        "plans_compared": 0,
        "plans": [],
        "next_cursor": "more",
    }


@pytest.mark.parametrize(
    ("last", "answers", "limits"),
    [
        (500, [200, 0, 300], [500, 300, 300]),
        (2_500, [1_000, 1_000, 500], [1_000, 1_000, 500]),
        (None, [1_000, 400], [1_000, 1_000]),
    ],
)
async def test_no_more_events_are_looked_at_than_asked(
    last: int | None, answers: Sequence[int], limits: Sequence[int]
) -> None:
    """However few a call has looked at when its time is up, the next asks for the rest."""
    asked: list[int] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append((await request.json())["limit"])
        document = told(answers[len(asked) - 1])
        is_last = last is None and len(asked) == len(answers)
        return web.json_response({**document, "next_cursor": None} if is_last else document)

    app = web.Application()
    app.router.add_post("/v1/workflows/w/what-if", answer)
    plan = Planned(path=Path("w.yaml"), document={}, has_id=True)
    async with TestServer(app) as server, open_client(str(server.make_url("/")), None) as client:
        found = await what_if(client, plan, {"id": "w"}, None, last)
    assert (asked, found["looked_at"]) == (limits, sum(answers))
