"""Whom an event leaves out, through the whole house: put off, explained, and accounted for."""

from typing import Any, Final
from uuid import UUID

import pytest

from services.api.events import explain_event as explaining
from services.matcher import late
from shared.domain.ids import DEFAULT_ENVIRONMENT
from tests.integration.test_isolation import A_LITTLE_S, HERE, HOSTILE, PAYLOAD, decided, value
from tests.integration.test_loop_guard import resources
from tests.support.conserved import PASSED, looked_at
from tests.support.eventually import eventually
from tests.support.house import House, open_house, settings_of
from tests.support.works import NOTE, until, workflow

GOOD: Final = (1, 8, 14, 15, 16)
SLOW: Final = (*range(2, 8), *range(9, 14))


async def registered(house: House) -> None:
    """Workflows by their numbers: those that match, and more than there is time for between."""
    for number in (*reversed(GOOD), *SLOW):
        more: dict[str, Any] = {"name": str(number)}
        if number in SLOW:
            more["run_if"] = HOSTILE
        await house.register({**workflow(NOTE), **more}, id=UUID(int=number))
    live = len(GOOD) + len(SLOW)
    await eventually(lambda: value(house, "turnout_workflows_live") == live)


@pytest.mark.timeout(180)
async def test_what_is_put_off_counts_on(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a late event the first matches start; the API and the conservation check know who not."""
    monkeypatch.setattr(late, "SLICE_S", A_LITTLE_S)
    monkeypatch.setattr(explaining, "WITHIN_S", 60.0)
    more = {"matches_max": 2, "quarantine_after": 1_000}
    async with open_house(database, **more) as house:
        await registered(house)
        await house.send("go", PAYLOAD, id="e", source="/s")
        await eventually(lambda: value(house, "turnout_events_late_total", environment=HERE) == 1)
        pool = house.platform.pool
        await until(pool, "SELECT count(*) FROM late_events", 0)
        await eventually(lambda: house.phases().count("completed") == 2)
        assert decided(house, "RUN_IF_ERROR") == len(SLOW)
        assert decided(house, "TOO_MANY_MATCHES") == 3
        started = await pool.fetch("SELECT workflow_id FROM executions ORDER BY workflow_id")
        assert [row["workflow_id"].int for row in started] == [1, 8]
        key = str(await pool.fetchval("SELECT key FROM events"))
        told = await explaining.explain_event(
            resources(house), DEFAULT_ENVIRONMENT, explaining.Named(key), None
        )
        by_reason = {
            int(one.workflow_name): one.explained.decision.reason.value for one in told.decisions
        }
        assert by_reason == {
            **dict.fromkeys(SLOW, "RUN_IF_ERROR"),
            **dict.fromkeys(GOOD[:2], "MATCHED"),
            **dict.fromkeys(GOOD[2:], "TOO_MANY_MATCHES"),
        }
        details = [one.explained.detail or "" for one in told.decisions]
        assert sum("as 5 workflows did; the event starts 2" in each for each in details) == 3
        await until(pool, PASSED)
        # Else what is missing might be the doing of a change, and nobody could tell.
        await pool.execute(
            "UPDATE workflow_changes SET changed_at = changed_at - interval '1 hour'"
        )
        report = await looked_at(pool, house.platform.bus, settings_of(database, **more))
        assert list(report.findings.values()) == []
