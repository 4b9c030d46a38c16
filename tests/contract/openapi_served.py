"""An API to ask by its document: one environment with something of everything, and an executor."""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from itertools import pairwise
from typing import Any, Final

from tests.contract.openapi_cases import Asked, Known, ask
from tests.integration.api.test_id_swap import BODIES, two_environments

_EVENT: Final = {"event": "go"}
_CRON: Final = {"kind": "cron", "value": "0 6 * * *"}
_AWAITED: Final = {"name": "w", "triggers": [{"event_name": "go"}]}
_SENT_TO: Final = "https://theirs.example/"

FIT: Final[Mapping[tuple[str, str], Any]] = {
    **BODIES,
    ("POST", "/v1/events"): _EVENT,
    ("POST", "/v1/events/batch"): [_EVENT],
    ("POST", "/v1/workflows/dry-run"): {"event": _EVENT, "document": _AWAITED},
    ("POST", "/v1/workflows/{id}/what-if"): {
        "from": "2026-11-22T10:00:00Z",
        "to": "2026-11-22T11:00:00Z",
        "document": _AWAITED,
    },
    ("POST", "/v1/schedules/preview"): _CRON,
    ("POST", "/v1/keys"): {"name": "k", "role": "viewer"},
    ("POST", "/v1/webhook-endpoints"): {"name": "n", "event_type": "go"},
    ("POST", "/v1/webhook-subscriptions"): {"name": "n", "url": _SENT_TO, "kinds": ["*"]},
    ("POST", "/v1/executions/bulk"): {"do": "suspend", "where": {}, "preview": True},
    ("POST", "/truto/webhook"): {"target_url": _SENT_TO},
}
"""Bodies that are taken, where few that are made by chance are."""


async def ask_served(
    database: str, *, cases: int, start: int = 0, tell: Callable[[int], None] = lambda _: None
) -> Asked:
    """Ask an API over ``database``, which is migrated and empty, as ``ask`` does."""
    async with two_environments(database) as (_, theirs, _mine):
        client, secret = theirs.asker.client, theirs.asker.secret
        assert secret is not None
        document: Any = await (await client.get("/openapi.json")).json()
        known = partial(known_of, theirs.ids)
        url = str(client.make_url("/"))
        return await asyncio.to_thread(
            ask, document, url, token=secret, known=known, cases=cases, start=start, tell=tell
        )


def known_of(ids: Mapping[str, str], method: str, path: str) -> Known:
    """What may stand in a path, and a body that is taken there."""
    return Known(known_in(ids, path), FIT.get((method, path)))


def known_in(ids: Mapping[str, str], path: str) -> dict[str, str]:
    """What may stand in a path, by the names there.

    ``ids`` has it by the path's first word with the name, by the name, or by the word before.
    Empty when there is something that nobody knows.
    """
    segments = path.split("/")
    found: dict[str, str] = {}
    for before, segment in pairwise(segments):
        if segment.startswith("{"):
            names = (f"{segments[1]} {segment}", segment, before)
            value = next((ids[name] for name in names if name in ids), None)
            if value is None:
                return {}
            found[segment.strip("{}")] = value
    return found
