"""Events that a name with a star names, behind many that it does not."""

from typing import Any

import pytest

from services.api.events import near_misses
from shared.db import events as archive
from tests.integration.api.face import open_face
from tests.integration.api.test_replay import arrived
from tests.support.works import transform, workflow

FLOW: dict[str, Any] = {
    **workflow(transform("say", "1")),
    "triggers": [{"event_name": "order:*"}, {"event_name": "gone"}],
    "run_if": "payload.N > 3",
}


async def test_they_are_found(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Near misses and lint look on until there are none left, or as many as are asked for."""
    monkeypatch.setattr(archive, "NAMED_LOOKED_AT_MAX", 5)
    async with open_face(database) as face:
        flow = await face.works.register(FLOW)
        await arrived(face.works, 1, name="g", type="gone")
        orders = await arrived(face.works, 12, type="order:a", since_s=1)
        await arrived(face.works, 11, name="x", type="x", since_s=20)
        path = f"workflows/{flow.id}/near-misses"
        for last, expected in ((1_000, 13), (13, 13), (7, 7)):
            told = await face.get(f"{path}?last={last}")
            assert (told["events"], told["is_complete"]) == (expected, True)
            assert told["near_misses"][0]["event_key"] == str(orders[-1].key)
        for events, expected in ((1_000, 13), (11, 11)):
            found = await face.post(f"workflows/lint?events={events}", FLOW, status=200)
            [unseen] = [one for one in found["findings"] if one["code"] == "UNSEEN_PATH"]
            assert f"the last {expected} events" in unseen["detail"]


async def test_looking_for_them_ends_in_time(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also before one is found; the answer says so."""
    monkeypatch.setattr(archive, "NAMED_LOOKED_AT_MAX", 5)
    monkeypatch.setattr(near_misses, "WITHIN_S", 0.0)
    async with open_face(database) as face:
        flow = await face.works.register(FLOW)
        await arrived(face.works, 2, type="order:a")
        await arrived(face.works, 6, name="x", type="x", since_s=10)
        told = await face.get(f"workflows/{flow.id}/near-misses")
        assert (told["events"], told["is_complete"]) == (0, False)
