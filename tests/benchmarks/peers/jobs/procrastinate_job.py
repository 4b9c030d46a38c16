"""procrastinate: three tasks, each defers the next when it is done, on Postgres."""
# mypy: disable-error-code="import-not-found,untyped-decorator"
# What this imports is in the peer's own environment, and only there.

import asyncio
from itertools import count

import psycopg
from procrastinate import App, PsycopgConnector

from tests.benchmarks.peers.jobs.closed_loop import STEPS, Given, given, measure

POOL = 20
COUNT = "SELECT count(*) FROM procrastinate_jobs WHERE status = 'succeeded'"


async def main(told: Given) -> None:
    """Measure it."""
    app = App(connector=PsycopgConnector(conninfo=told.dsn, min_size=4, max_size=POOL))
    waiting: dict[int, asyncio.Future[None]] = {}
    numbers = count()

    @app.task(name="step", pass_context=False)
    async def step(job: int, number: int) -> None:
        if number + 1 < STEPS:
            await step.defer_async(job=job, number=number + 1)
        else:
            waiting.pop(job).set_result(None)

    async def one() -> None:
        job = next(numbers)
        waiting[job] = asyncio.get_running_loop().create_future()
        done = waiting[job]
        await step.defer_async(job=job, number=0)
        await done

    async def stored() -> int:
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)
        async with await psycopg.AsyncConnection.connect(told.dsn) as conn:
            row = await (await conn.execute(COUNT)).fetchone()
            return int(row[0]) // STEPS if row else 0

    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        worker = asyncio.create_task(
            app.run_worker_async(
                concurrency=told.concurrency,
                install_signal_handlers=False,
                listen_notify=True,
                wait=True,
            )
        )
        await measure(told, one, stored)


if __name__ == "__main__":
    asyncio.run(main(given()))
