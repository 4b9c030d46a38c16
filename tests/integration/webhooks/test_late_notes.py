"""Who comes back after its claim has ended, and another has the delivery, notes nothing."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import orjson

from shared.db.pool import Pool
from shared.db.webhook_deliveries import (
    Attempted,
    Tried,
    Wanted,
    add_deliveries,
    claim_deliveries,
    note_attempts,
)
from shared.domain.ids import ExecutionId
from shared.domain.subscriptions import DeliveryStatus
from tests.integration.webhooks.stage import ENVIRONMENT, phase, subscribe

STATE = "SELECT status, attempts, tries, next_at FROM webhook_deliveries"


async def test_a_note_on_what_another_has_claimed_changes_nothing(pool: Pool) -> None:
    """Else a delivery that was seen through would come again, or one that failed be forgotten."""
    now = datetime.now(UTC)
    later = now + timedelta(minutes=1)
    one = await subscribe(pool, "http://127.0.0.1:1/")
    wanted = Wanted(
        id=uuid4(),
        environment_id=ENVIRONMENT,
        subscription_id=one.id,
        kind="execution.completed",
        execution_id=ExecutionId(uuid4()),
        record=orjson.dumps(phase()),
    )
    tried = Tried(at=now, duration_ms=1, status=500, error=None, answer=None)
    async with pool.acquire() as conn:
        await add_deliveries(conn, [wanted], now)
        [frozen] = await claim_deliveries(conn, {one.id: 1}, now, later)
        assert await claim_deliveries(conn, {one.id: 1}, now, later) == []
        [heir] = await claim_deliveries(conn, {one.id: 1}, later, later + timedelta(minutes=1))
        before = await conn.fetchrow(STATE)
        for status in (DeliveryStatus.DELIVERED, DeliveryStatus.FAILED):
            assert await note_attempts(conn, [Attempted(frozen, tried, status, None)]) == {}
        assert await conn.fetchrow(STATE) == before
        noted = await note_attempts(conn, [Attempted(heir, tried, DeliveryStatus.DELIVERED, None)])
        assert set(noted) == {wanted.id}
        row = await conn.fetchrow(STATE)
    assert row is not None
    assert (row["status"], row["attempts"]) == ("DELIVERED", 1)
