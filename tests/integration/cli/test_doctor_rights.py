"""``turnout doctor`` and ``turnout db`` as a user of the database without Turnout's roles."""

from collections.abc import AsyncIterator
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
import pytest_asyncio

from tests.integration.cli.command import turnout
from tests.support.postgres import execute

pytestmark = pytest.mark.xdist_group("cli")


@pytest_asyncio.fixture
async def stranger(postgres: str, database: str) -> AsyncIterator[str]:
    """A migrated database, as a user who was granted nothing."""
    name = f"login_{uuid4().hex}"
    await execute(postgres, f"CREATE ROLE {name} LOGIN PASSWORD '{name}'")
    parts = urlsplit(database)
    place = parts.netloc.rpartition("@")[2]
    yield parts._replace(netloc=f"{name}:{name}@{place}").geturl()
    await execute(postgres, f"DROP ROLE {name}")


async def test_who_may_not_read_the_history_is_told_what_to_grant(stranger: str) -> None:
    """By the doctor as a finding, by the other commands as a refusal; never by a traceback."""
    env = {"DATABASE_URL": stranger, "TURNOUT_URL": "http://127.0.0.1:1"}
    found = turnout("doctor", "--json", env=env)
    assert (found.code, found.err) == (1, "")
    (schema,) = [finding for finding in found.json if finding["check"] == "schema"]
    assert schema["state"] == "fail"
    assert "GRANT turnout_engine, turnout_tenant TO" in schema["to_do"]
    for command in ("status", "migrate"):
        done = turnout("db", command, env=env)
        assert (done.code, done.out) == (4, "")
        assert "may not read which migrations it has" in done.err
