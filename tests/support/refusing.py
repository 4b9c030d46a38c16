"""A Postgres that refuses what is written, with an error of its own choice, for a while."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from tests.support.postgres import connected

_FAULT: Final = """
    CREATE OR REPLACE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
    BEGIN
        IF nextval('public.faults') <= {times} THEN
            RAISE EXCEPTION 'refused by a test' USING ERRCODE = '{sqlstate}';
        END IF;
        RETURN NULL;
    END $$
"""
_NO_FAULT: Final = """
    CREATE OR REPLACE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN RETURN NULL; END'
"""
_TABLES: Final = """
    SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace
    AND relkind IN ('r', 'p') AND NOT relispartition ORDER BY relname
"""
_ALWAYS: Final = 2**62


class Refusing:
    """What writes to some tables of a database may be refused by."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn

    @asynccontextmanager
    async def with_error(self, sqlstate: str, *, times: int = _ALWAYS) -> AsyncIterator[None]:
        """Refuse the next ``times`` statements that write, or all of them, in the body."""
        async with connected(self._dsn) as conn:
            await conn.execute("DROP SEQUENCE IF EXISTS faults; CREATE SEQUENCE faults")
            await conn.execute(_FAULT.format(sqlstate=sqlstate, times=times))
            try:
                yield
            finally:
                await conn.execute(_NO_FAULT)


async def lay(dsn: str, tables: Sequence[str] = ()) -> Refusing:
    """Get it ready, before anybody writes there; for all tables unless some are named."""
    async with connected(dsn) as conn:
        await conn.execute(_NO_FAULT)
        for table in tables or [row["relname"] for row in await conn.fetch(_TABLES)]:
            await conn.execute(
                f"CREATE TRIGGER fault BEFORE INSERT OR UPDATE OR DELETE ON {table}"
                " FOR EACH STATEMENT EXECUTE FUNCTION fault()"
            )
    return Refusing(dsn)
