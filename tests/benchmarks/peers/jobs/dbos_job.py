"""DBOS: a workflow of three steps, in its own event loop, on Postgres."""
# mypy: disable-error-code="import-not-found,untyped-decorator"
# What this imports is in the peer's own environment, and only there.

import asyncio

import psycopg
from dbos import DBOS, DBOSConfig

from tests.benchmarks.peers.jobs.closed_loop import STEPS, Given, given, measure

POOL = 20
COUNT = """
SELECT count(*) FROM (
    SELECT w.workflow_uuid FROM dbos.workflow_status w
    JOIN dbos.operation_outputs o USING (workflow_uuid)
    WHERE w.status = 'SUCCESS' GROUP BY 1 HAVING count(*) = %s
) AS done
"""


@DBOS.step()
async def step(number: int) -> dict[str, int | str]:
    """Compute next to nothing."""
    return {"id": "4711", "number": number}


@DBOS.workflow()
async def three_steps(id_: str) -> dict[str, int | str]:
    """The job."""
    found: dict[str, int | str] = {"id": id_}
    for number in range(STEPS):
        found = await step(number)
    return found


async def main(told: Given) -> None:
    """Measure it."""
    config = DBOSConfig(
        name="peers", system_database_url=told.dsn, sys_db_pool_size=POOL, log_level="ERROR"
    )
    DBOS(config=config)
    DBOS.launch()

    async def stored() -> int:
        async with await psycopg.AsyncConnection.connect(told.dsn) as conn:
            row = await (await conn.execute(COUNT, (STEPS,))).fetchone()
            return int(row[0]) if row else 0

    await measure(told, lambda: three_steps("4711"), stored)
    DBOS.destroy()


if __name__ == "__main__":
    asyncio.run(main(given()))
