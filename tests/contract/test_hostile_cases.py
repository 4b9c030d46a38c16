"""Whatever is sent to whichever place of a route: it is taken, or refused in its place."""

import pytest

from tests.contract.hostile_served import attack, open_ground

EACH = 25


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_nothing_that_is_sent_breaks_anything(database: str) -> None:
    """No 5xx, no trace in answers or logs, all roles ready, and a good event runs afterwards."""
    async with open_ground(database) as ground:
        seen = await attack(ground, each=EACH)
    assert seen.wrong == {}
    assert {kind for kind, _ in seen.statuses} == {
        *("path", "query", "header", "document", "field", "name")
    }
    assert sum(n for (_, status), n in seen.statuses.items() if status < 300) > 100
