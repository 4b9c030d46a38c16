"""Restate: invocations through its ingress; ``restate_service`` is served beside."""

import asyncio
import json

import aiohttp

from tests.benchmarks.peers.jobs.closed_loop import STEPS, Given, given, measure

JOURNALED = """
SELECT count(*) AS n FROM (
    SELECT i.id FROM sys_invocation i JOIN sys_journal j ON j.id = i.id
    WHERE i.status = 'completed' AND i.completion_result = 'success'
        AND j.entry_type = 'Command: Run'
    GROUP BY i.id HAVING count(*) = {steps}
)
"""


async def main(told: Given) -> None:
    """Measure it. ``address``: ingress, admin and service, with a space between."""
    ingress, admin, service = told.address.split()
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, raise_for_status=True) as http:
        await http.post(f"{admin}/deployments", json={"uri": service})

        async def one() -> None:
            async with http.post(f"{ingress}/peers/three_steps", json="4711") as answer:
                await answer.read()

        async def stored() -> int:
            accept, query = {"Accept": "application/json"}, JOURNALED.format(steps=STEPS)
            async with http.post(f"{admin}/query", json={"query": query}, headers=accept) as answer:
                return int(json.loads(await answer.read())["rows"][0]["n"])

        await measure(told, one, stored)


if __name__ == "__main__":
    asyncio.run(main(given()))
