"""Where the executor finds secrets: stored ones of each environment, before configured ones."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

import pytest
import pytest_asyncio
import structlog
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from services.executor import stored_secrets
from services.executor.call import Call
from services.executor.metrics import ExecutorMetrics
from services.executor.secrets import send_with_secrets
from services.executor.stored_secrets import KNOWN_S, ConfiguredSecrets, StoredSecrets
from shared.db.pool import Pool
from shared.db.secrets import (
    START,
    Place,
    SecretUnreadable,
    count_keys,
    delete_secret,
    put_secret,
    rewrap_some,
)
from shared.domain.ids import DEFAULT_ENVIRONMENT, EnvironmentId
from shared.domain.outcomes import Completed, ErrorKind, Failed, Outcome
from shared.expr.secrets import SecretMarks
from shared.runtime.clock import SystemClock
from shared.runtime.environment_names import EnvironmentNames
from shared.runtime.keyring import KeyRing
from tests.support.rings import ring
from tests.unit.executor.calls import call as a_call

MINE, OTHER = DEFAULT_ENVIRONMENT, EnvironmentId(UUID(int=9))
CONFIGURED = {"a": SecretStr("configured a"), "b": SecretStr("configured b")}
NOW = datetime(2026, 11, 22, tzinfo=UTC)


class Still(SystemClock):
    """A stopwatch that a test moves."""

    by_s = 0.0

    def monotonic(self) -> float:
        return self.by_s


class Vault:
    """The secrets of a database, seen by an executor with the key ``k1``."""

    def __init__(self, pool: Pool) -> None:
        self.pool, self.clock = pool, Still()
        self.registry = CollectorRegistry()
        self.metrics = ExecutorMetrics(self.registry, EnvironmentNames())
        self.source = self.seen_with(ring("k1"))

    def seen_with(self, own: KeyRing) -> StoredSecrets:
        """As an executor with another ring sees them."""
        return StoredSecrets(
            self.pool,
            own,
            self.clock,
            configured=ConfiguredSecrets(MINE, CONFIGURED),
            unreadable=self.metrics.secrets_unreadable,
        )

    async def put(self, place: Place, value: str) -> None:
        """Store a value under ``k1``, and let time pass until it is seen."""
        async with self.pool.acquire() as conn:
            await put_secret(conn, ring("k1"), place, value, now=NOW, by="me")
        self.clock.by_s += KNOWN_S


@pytest_asyncio.fixture
async def vault(pool: Pool) -> Vault:
    """Nothing is stored yet."""
    return Vault(pool)


async def test_what_is_stored_goes_before_what_is_configured(vault: Vault) -> None:
    """The configured ones of the default environment count where none has their name."""
    source = vault.source
    assert await source.names(MINE) == {"a", "b"}
    assert await source.names(OTHER) == frozenset()
    await vault.put((MINE, "a"), "stored a")
    await vault.put((MINE, "c"), "stored c")
    await vault.put((OTHER, "a"), "another's a")
    assert await source.names(MINE) == {"a", "b", "c"}
    asked = ["a", "b", "c", "d"]
    assert await source.get(MINE, asked) == {
        "a": "stored a",
        "b": "configured b",
        "c": "stored c",
    }
    assert await source.get(OTHER, asked) == {"a": "another's a"}


async def test_a_change_is_seen_after_five_seconds(vault: Vault) -> None:
    """Until then what was read counts, unless somebody asks for now; many at once read once."""
    source = vault.source
    await vault.put((MINE, "a"), "one")
    asked = await asyncio.gather(*(source.get(MINE, ["a"]) for _ in range(100)))
    assert asked == [{"a": "one"}] * 100
    async with vault.pool.acquire() as conn:
        await put_secret(conn, ring("k1"), (MINE, "a"), "two", now=NOW, by="me")
        await put_secret(conn, ring("k1"), (MINE, "c"), "new", now=NOW, by="me")
    vault.clock.by_s += KNOWN_S - 1
    assert await source.get(MINE, ["a"]) == {"a": "one"}
    assert "c" not in await source.names(MINE)
    assert "c" in await source.names_now(MINE)
    assert await source.get(MINE, ["a", "c"]) == {"a": "two", "c": "new"}
    async with vault.pool.acquire() as conn:
        await put_secret(conn, ring("k1"), (MINE, "a"), "three", now=NOW, by="me")
    vault.clock.by_s += KNOWN_S
    assert await source.get(MINE, ["a", "c"]) == {"a": "three", "c": "new"}
    async with vault.pool.acquire() as conn:
        await delete_secret(conn, (MINE, "a"))
    vault.clock.by_s += KNOWN_S
    assert await source.get(MINE, ["a"]) == {"a": "configured a"}


async def test_what_cannot_be_decrypted_fails_the_attempt(vault: Vault) -> None:
    """No configured one stands in for it; the step says which, the log why, a metric how often."""
    await vault.put((MINE, "a"), "swordfish")
    marks, done = SecretMarks("nonce"), list[Call]()

    async def act(call: Call) -> Outcome:
        done.append(call)
        return Completed()

    for source, reason in (
        (vault.seen_with(ring("k2")), "no key 'k1'"),
        (vault.seen_with(KeyRing()), "no key 'k1'"),
        (vault.seen_with(KeyRing({"k1": bytes(32)})), "'k1' has not sealed it"),
    ):
        with structlog.testing.capture_logs() as logged:
            given = {"key": marks.scope(await source.names(MINE))["a"]}
            outcome = await send_with_secrets(act, a_call(given), marks, source)
        assert isinstance(outcome, Failed)
        assert (outcome.error.kind, outcome.error.retryable) == (ErrorKind.UNREACHABLE, True)
        assert outcome.error.message == (
            "The secret 'a' cannot be read; the log of Turnout says why."
        )
        assert outcome.input == {"key": "{{secrets.a}}"}
        assert [line["event"] for line in logged] == ["secret_unreadable"]
        assert reason in logged[0]["reason"]
        assert await source.get(MINE, ["b"]) == {"b": "configured b"}
    assert done == []
    labels = {"environment": str(MINE)}
    assert vault.registry.get_sample_value("turnout_secrets_unreadable_total", labels) == 3


@pytest.mark.parametrize(
    ("bound", "most", "kept"),
    [("ENVIRONMENTS_MAX", 3, 3), ("BYTES_MAX", 250, 2), ("BYTES_MAX", 99, 0)],
)
async def test_what_is_kept_is_bounded(
    vault: Vault, monkeypatch: pytest.MonkeyPatch, bound: str, most: int, kept: int
) -> None:
    """In environments and in bytes; what was dropped is read again, as it stands by then."""
    monkeypatch.setattr(stored_secrets, bound, most)
    source, environments = vault.source, [EnvironmentId(UUID(int=n)) for n in range(1, 9)]
    for environment_id in environments:
        await vault.put((environment_id, "a"), "o" * 100)
    for environment_id in environments:
        assert await source.get(environment_id, ["a"]) == {"a": "o" * 100}
    for environment_id in environments:
        await vault.put((environment_id, "a"), "n" * 100)
        vault.clock.by_s -= KNOWN_S  # as if it had been put at once
    found = [await source.get(environment_id, ["a"]) for environment_id in environments[::-1]]
    assert found == [{"a": "o" * 100}] * kept + [{"a": "n" * 100}] * (len(found) - kept)
    assert "nnn" not in repr(vars(source))


async def test_a_rotation_may_be_broken_off_and_goes_on(vault: Vault) -> None:
    """Each secret is encrypted by the new key once; its version, time and value stay."""
    places = [(EnvironmentId(UUID(int=n % 3)), f"s{n}") for n in range(10)]
    for place in places:
        await vault.put(place, f"value of {place[1]}")
    both, stated = ring("k2", "k1"), "SELECT environment_id, name, version, updated_at FROM secrets"
    before = await vault.pool.fetch(f"{stated} ORDER BY 1, 2")
    async with vault.pool.acquire() as conn:
        async with conn.transaction():
            first = await rewrap_some(conn, both, START, 4)
        assert await count_keys(conn) == {"k1": 6, "k2": 4}
        broken = conn.transaction()
        await broken.start()
        assert first.last is not None
        await rewrap_some(conn, both, first.last, 4)
        await broken.rollback()
        assert await count_keys(conn) == {"k1": 6, "k2": 4}
        done, place = [len(first.done)], START
        while True:
            async with conn.transaction():
                some = await rewrap_some(conn, both, place, 4)
            if some.last is None:
                break
            done.append(len(some.done))
            place = some.last
        assert done == [4, 4, 2]
        assert await count_keys(conn) == {"k2": 10}
    assert await vault.pool.fetch(f"{stated} ORDER BY 1, 2") == before
    alone = vault.seen_with(ring("k2"))
    for environment_id, name in places:
        assert await alone.get(environment_id, [name]) == {name: f"value of {name}"}


async def test_a_rotation_leaves_what_it_cannot_read(vault: Vault) -> None:
    """It goes past such a secret, and tells of it."""
    for name in ("a", "b", "c"):
        await vault.put((OTHER, name), name)
    await vault.pool.execute("UPDATE secrets SET ciphertext = '' WHERE name = 'b'")
    async with vault.pool.acquire() as conn, conn.transaction():
        some = await rewrap_some(conn, ring("k2", "k1"), START, 10)
        assert await count_keys(conn) == {"k1": 1, "k2": 2}
    assert (list(some.done), list(some.failed)) == (
        [(OTHER, "a"), (OTHER, "c")],
        [(OTHER, "b")],
    )
    with pytest.raises(SecretUnreadable):
        await vault.seen_with(ring("k2", "k1")).get(OTHER, ["b"])
