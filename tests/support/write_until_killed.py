"""A process that supervises a Postgres and reports each row it committed, until it is killed.

Arguments: the server's folder, and ``orphan`` where the system shall not end the server with us.
"""

import asyncio
import sys
from pathlib import Path

import asyncpg

from shared.embedded import launch
from shared.embedded.postgres import EmbeddedPostgres


async def main(folder: Path) -> None:
    """Print the address, then the number of each committed row."""
    async with EmbeddedPostgres(folder) as server:
        conn = await asyncpg.connect(server.dsn, timeout=10)
        await conn.execute("CREATE TABLE written (id int PRIMARY KEY)")
        sys.stdout.write(f"{server.dsn}\n")
        for number in range(1_000_000):
            await conn.execute("INSERT INTO written VALUES ($1)", number)
            sys.stdout.write(f"{number}\n")
            sys.stdout.flush()


def without_death_signal(folder: Path) -> None:
    """Do as on systems other than Linux."""
    text = Path(launch.__file__).read_text("utf-8")
    other = folder.with_name("launch.py")
    other.write_text(text.replace('sys.platform == "linux"', "False"), "utf-8")
    launch.__file__ = str(other)


if __name__ == "__main__":
    if sys.argv[2:] == ["orphan"]:
        without_death_signal(Path(sys.argv[1]))
    asyncio.run(main(Path(sys.argv[1])))
