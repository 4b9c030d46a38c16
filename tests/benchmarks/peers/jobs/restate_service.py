"""Restate's side of the job: a handler of three durable steps; hypercorn serves ``app``."""
# mypy: disable-error-code="import-not-found,untyped-decorator"
# What this imports is in the peer's own environment, and only there.

import restate
from restate import Context

from tests.benchmarks.peers.jobs.closed_loop import STEPS

service = restate.Service("peers")


@service.handler()
async def three_steps(ctx: Context, id_: str) -> dict[str, int | str]:
    """The job."""
    found: dict[str, int | str] = {"id": id_}
    for number in range(STEPS):
        found = await ctx.run_typed(f"step {number}", step, number=number)
    return found


async def step(number: int) -> dict[str, int | str]:
    """Compute next to nothing."""
    return {"id": "4711", "number": number}


app = restate.app(services=[service])
