"""What signs is kept under the key ring, and moves with it."""

from datetime import UTC, datetime

import pytest

from shared.db.pool import Pool
from shared.db.secrets import START, SecretUnreadable, count_keys
from shared.db.signing_secrets import list_sealed, rewrap_signing
from tests.integration.webhooks.stage import SECRET, subscribe
from tests.support.rings import ring


async def test_a_new_ring_key_takes_over_what_signs(pool: Pool) -> None:
    """Encrypted anew a few at a time, read by the new key alone, counted with all secrets."""
    made = [await subscribe(pool, "https://x.example/") for _ in range(5)]
    both, done, place = ring("k2", "k1"), 0, START
    async with pool.acquire() as conn:
        assert await count_keys(conn) == {"k1": 5}
        while True:
            async with conn.transaction():
                some = await rewrap_signing(conn, both, place, 2)
            if some.last is None:
                break
            done, place = done + len(some.done), some.last
        assert (done, await count_keys(conn)) == (5, {"k2": 5})
        for one in made:
            found = await list_sealed(conn, {one.id}, datetime.now(UTC))
            (key,) = (sealed.opened(ring("k2")) for sealed in found[one.id])
            assert key.value.get_secret_value() == SECRET


async def test_a_row_that_is_copied_elsewhere_does_not_decrypt(pool: Pool) -> None:
    """It is encrypted for its environment and id."""
    one = await subscribe(pool, "https://x.example/")
    for change in ("id = gen_random_uuid()", "environment_id = gen_random_uuid()"):
        async with pool.acquire() as conn:
            broken = conn.transaction()
            await broken.start()
            await conn.execute(f"UPDATE signing_secrets SET {change}")
            found = await list_sealed(conn, {one.id}, datetime.now(UTC))
            with pytest.raises(SecretUnreadable):
                found[one.id][0].opened(ring("k1"))
            await broken.rollback()
