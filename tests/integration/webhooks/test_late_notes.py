"""A delivery is one process' at a time: who comes back after its claim has ended notes nothing."""

import asyncio
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
from shared.domain.subscriptions import DeliveryStatus, Subscription
from tests.integration.webhooks.stage import ENVIRONMENT, phase, subscribe

STATE = "SELECT status, attempts, tries, next_at FROM webhook_deliveries"


def wanted_by(subscription: Subscription) -> Wanted:
    """A delivery to be made."""
    return Wanted(
        id=uuid4(),
        environment_id=ENVIRONMENT,
        subscription_id=subscription.id,
        kind="execution.completed",
        execution_id=ExecutionId(uuid4()),
        record=orjson.dumps(phase()),
    )


async def test_what_another_is_claiming_is_passed_over(pool: Pool) -> None:
    """It is claimed once, and nobody waits for the other to be through."""
    now = datetime.now(UTC)
    later = now + timedelta(minutes=1)
    one = await subscribe(pool, "http://127.0.0.1:1/")
    async with pool.acquire() as conn, pool.acquire() as other:
        await add_deliveries(conn, [wanted_by(one)], now)
        async with conn.transaction(), asyncio.timeout(30):
            assert len(await claim_deliveries(conn, {one.id: 1}, now, later)) == 1
            assert await claim_deliveries(other, {one.id: 1}, now, later) == []


async def test_a_note_on_what_another_has_claimed_changes_nothing(pool: Pool) -> None:
    """Else a delivery that was seen through would come again, or one that failed be forgotten."""
    now = datetime.now(UTC)
    later = now + timedelta(minutes=1)
    one = await subscribe(pool, "http://127.0.0.1:1/")
    wanted = wanted_by(one)
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
