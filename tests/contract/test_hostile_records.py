"""Whatever is published where others may publish: it is a dead letter or goes its way."""

import pytest

from tests.contract.hostile_records import attack_records
from tests.contract.hostile_served import open_ground


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_no_record_breaks_anything(database: str) -> None:
    """No role stops, no trace is logged, letters name their place, and the good ones behind run."""
    async with open_ground(database) as ground:
        seen = await attack_records(ground, each=None)
    assert seen.wrong == {}
    assert seen.statuses.total() > 50_000
