"""Checks of what Turnout speaks to: Postgres, the bus, the API."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from services.cli.client import open_client
from services.cli.doctor.findings import Finding, State
from services.cli.process.running import check_schema
from shared.assembly.settings import ProcessSettings
from shared.bus.kafka import open_kafka_bus
from shared.bus.local import open_local_bus
from shared.bus.protocol import Bus
from shared.db.pool import open_pool, translated
from shared.db.secrets import count_keys
from shared.domain.errors import Rejected, TurnoutError
from shared.embedded.binaries import OLDEST_MAJOR
from shared.runtime.clock import Clock
from shared.runtime.keyring import KeyRing
from shared.runtime.sql import statements

WITHIN_S: Final = 15
SKEW_WARN_S: Final = 1.0
SKEW_FAIL_S: Final = 30.0

_SQL: Final = statements(Path(__file__).with_name("queries"))


async def checked(
    name: str,
    check: Callable[[], Awaitable[Sequence[Finding]]],
    *,
    to_do: str = "See that it runs.",
) -> list[Finding]:
    """What ``check`` finds; an error of ours, or no end in 15 s, is a finding called ``name``.

    ``to_do`` is said where the error says nothing of that.
    """
    try:
        async with asyncio.timeout(WITHIN_S):
            return list(await check())
    except TurnoutError as error:
        first, _, rest = error.message.partition(". ")
        return [Finding(check=name, state=State.FAIL, found=first, to_do=rest or to_do)]
    except TimeoutError:
        said = f"no answer in {WITHIN_S} s"
        return [Finding(check=name, state=State.FAIL, found=said, to_do=to_do)]


async def check_postgres(settings: ProcessSettings, clock: Clock) -> list[Finding]:
    """The server's version, and its clock against ours. Raises Unavailable."""
    async with open_pool(settings.postgres) as pool:
        with translated():
            async with pool.acquire() as conn:
                version = conn.get_server_version()
                asked = clock.monotonic()
                theirs = await conn.fetchval(_SQL["get_time"])
                took_s = clock.monotonic() - asked
    skew_s = abs((clock.now() - theirs).total_seconds()) - took_s
    is_old = version.major < OLDEST_MAJOR
    return [
        Finding(
            check="postgres",
            state=State.FAIL if is_old else State.OK,
            found=f"version {version.major}.{version.minor} answers in {took_s * 1000:.0f} ms",
            to_do=f"Use version {OLDEST_MAJOR} or newer." if is_old else None,
        ),
        _clock(max(0.0, skew_s)),
    ]


async def check_schema_is_current(settings: ProcessSettings) -> list[Finding]:
    """Whether the database is at this program's revision. Raises Conflict, Unavailable."""
    if await check_schema(settings.database_url.get_secret_value()):
        return [Finding(check="schema", state=State.OK, found="current")]
    return [
        Finding(
            check="schema",
            state=State.WARN,
            found="newer than this program",
            to_do="Run the program of the version that migrated it.",
        )
    ]


async def check_secrets(settings: ProcessSettings, ring: KeyRing) -> list[Finding]:
    """Whether each secret is under a key of the ring. Raises Unavailable."""
    async with open_pool(settings.postgres) as pool:
        with translated():
            async with pool.acquire() as conn:
                counts = await count_keys(conn)
    lost = {id_: count for id_, count in counts.items() if id_ not in ring.ids}
    if not lost:
        found = f"{sum(counts.values())} stored, each under a key of the ring"
        return [Finding(check="secrets", state=State.OK, found=found)]
    listed = ", ".join(f"'{id_}' ({count})" for id_, count in lost.items())
    return [
        Finding(
            check="secrets",
            state=State.WARN,
            found=f"under keys that the ring lacks: {listed}",
            to_do="Give TURNOUT_KEYRING those keys, or set the secrets anew.",
        )
    ]


async def check_bus(settings: ProcessSettings, clock: Clock) -> list[Finding]:
    """That the bus answers and has the topics. Raises Unavailable."""
    kind = "kept in Postgres" if settings.kafka_settings is None else "Kafka"
    async with open_bus(settings, clock) as bus:
        await bus.check()
        found, missing = [], []
        for topic in settings.topics.all:
            try:
                found.append(f"{topic} ({await bus.partitions(topic)})")
            except Rejected:
                missing.append(topic)
    topics = Finding(check="topics", state=State.OK, found=", ".join(found) + " partitions")
    if missing:
        topics = Finding(
            check="topics",
            state=State.WARN,
            found=f"missing: {', '.join(missing)}",
            to_do="Any role that starts makes them.",
        )
    return [Finding(check="bus", state=State.OK, found=f"{kind}; it answers"), topics]


async def check_api(url: str, token: str | None) -> list[Finding]:
    """That the API is ready and takes the token. Raises as the client does."""
    async with open_client(url, token, patience_s=0) as client:
        await client.get("readyz")
        await client.get("v1/workflows", limit=1)
    return [Finding(check="api", state=State.OK, found=f"ready at {url}")]


@asynccontextmanager
async def open_bus(settings: ProcessSettings, clock: Clock) -> AsyncIterator[Bus]:
    """The bus as it is; no topic is made. Raises Unavailable."""
    # What its client would write of a broker that is not there is in the error.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    if (kafka := settings.kafka_settings) is not None:
        async with open_kafka_bus(kafka) as bus:
            yield bus
        return
    async with open_pool(settings.postgres) as pool, open_local_bus(pool, clock) as local:
        yield local


def _clock(skew_s: float) -> Finding:
    state = State.OK
    if skew_s > SKEW_WARN_S:
        state = State.FAIL if skew_s > SKEW_FAIL_S else State.WARN
    return Finding(
        check="clock",
        state=state,
        found=f"{skew_s:.3f} s from Postgres' clock",
        to_do=None if state is State.OK else "Keep both by NTP: timers and order depend on it.",
    )
