"""Writes shared/db/schema.sql: ``python -m tests.migration.dump`` after adding a migration."""

import asyncio
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from shared.db import migrate
from shared.embedded.binaries import find_binaries
from shared.embedded.postgres import EmbeddedPostgres

SCHEMA = Path(migrate.__file__).with_name("schema.sql")
TITLE = (
    "-- The whole schema: the sum of migrations/. Written by python -m tests.migration.dump.\n\n"
)
# The session's settings and the dump's own comments: they differ between versions of pg_dump.
NOISE = re.compile(
    r"^(SET \w+ = .*;|SELECT pg_catalog\.set_config.*|\\(un)?restrict .*"
    r"|--|-- (Name:|Dumped|PostgreSQL database dump).*)\n",
    re.MULTILINE,
)


def dump(dsn: str) -> str:
    """The schema of a database as SQL, without what the migration tool keeps; needs pg_dump."""
    said = subprocess.run(
        [
            find_binaries() / "pg_dump",
            f"--dbname={dsn}",
            "--schema-only",
            "--no-owner",
            f"--exclude-schema={migrate.HISTORY_SCHEMA}",
        ],
        capture_output=True,
        text=True,
        timeout=110,
        check=True,
    )
    return TITLE + re.sub(r"\n{2,}", "\n\n", NOISE.sub("", said.stdout)).strip() + "\n"


async def write_schema() -> None:
    """Build a database from the migrations and write its dump to ``SCHEMA``."""
    with TemporaryDirectory() as folder:
        async with EmbeddedPostgres(Path(folder)) as server:
            await migrate.migrate(server.dsn)
            text = await asyncio.to_thread(dump, server.dsn)
    SCHEMA.write_text(text, "utf-8")


if __name__ == "__main__":
    asyncio.run(write_schema())
    sys.stdout.write(f"wrote {SCHEMA}\n")
