"""The routes of decisions, of an event that matched more workflows than it may start."""

from collections.abc import Mapping
from typing import Any

import pytest

from services.api.events import list_decisions as listing
from services.api.resources import ApiResources
from shared.db.overflows import keep_overflow
from shared.domain.events import Event
from shared.domain.ids import WorkflowId, as_uuid
from shared.matching.decisions import Overflow
from tests.integration.api.conftest import Client
from tests.integration.api.test_decisions import arrive, got, register

MATCHED = ("MATCHED", "MATCHED", "TOO_MANY_MATCHES", "TOO_MANY_MATCHES")


async def overflowing(client: Client, resources: ApiResources) -> tuple[Event, dict[str, str]]:
    """An event that started two of four, and what became of each; a fifth does not match it."""
    ids = sorted([await register(client, "go") for _ in range(4)])
    other = await register(client, "go", filters={"payload.n": 2})
    [event] = await arrive(resources, "go", {"n": 1})
    first = as_uuid(ids[2])
    assert first is not None
    overflow = Overflow(started=2, matched=4, first_left_out=WorkflowId(first))
    async with resources.engine() as conn:
        await keep_overflow(conn, event, overflow)
    return event, {**dict(zip(ids, MATCHED, strict=True)), other: "FILTER_FALSE"}


def reasons(decisions: list[Mapping[str, Any]]) -> dict[str, str]:
    """The reason of each decision, by its workflow."""
    return {one["workflow_id"]: one["reason"] for one in decisions}


@pytest.mark.parametrize("at_once", [2, 100])
async def test_who_was_left_out_is_told_so(
    client: Client, resources: ApiResources, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    """On every page and by name, with how many matched; it starts nothing and is no near miss."""
    monkeypatch.setattr(listing, "_READ_AT_ONCE", at_once)
    event, expected = await overflowing(client, resources)
    path = f"/v1/events/{event.key}/decisions"
    page = await got(client, path)
    assert reasons(page["items"]) == expected
    left_out = [one for one in page["items"] if one["reason"] == "TOO_MANY_MATCHES"]
    for one in left_out:
        assert (one["is_match"], one["is_near_miss"], one["execution_id"]) == (False, False, None)
        assert "as 4 workflows did; the event starts 2" in one["detail"]
        [named] = (await got(client, path, workflow_id=one["workflow_id"]))["items"]
        assert named == one
    chosen = (await got(client, path, reason="TOO_MANY_MATCHES"))["items"]
    assert reasons(chosen) == {one["workflow_id"]: "TOO_MANY_MATCHES" for one in left_out}
    known = await got(client, f"/v1/events/{event.key}")
    assert reasons(known["decisions"]) == expected


async def test_another_event_is_none_of_it(client: Client, resources: ApiResources) -> None:
    """What is kept of one event says nothing of the next."""
    _, expected = await overflowing(client, resources)
    [event] = await arrive(resources, "go", {"n": 1})
    page = await got(client, f"/v1/events/{event.key}/decisions")
    started = {
        id_: "FILTER_FALSE" if r == "FILTER_FALSE" else "MATCHED" for id_, r in expected.items()
    }
    assert reasons(page["items"]) == started


async def test_a_replay_starts_who_was_left_out(client: Client, resources: ApiResources) -> None:
    """Nothing keeps it from being started by hand."""
    event, expected = await overflowing(client, resources)
    left_out = [id_ for id_, reason in expected.items() if reason == "TOO_MANY_MATCHES"]
    body = {"workflow_ids": left_out}
    async with client.post(f"/v1/events/{event.key}/replay", json=body) as answer:
        replayed = await answer.json()
    assert answer.status in {200, 202}, replayed
    assert [one["starts"] for one in replayed["workflows"]] == [1, 1]
