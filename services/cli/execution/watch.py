"""``turnout execution watch``."""

import asyncio
from typing import Any, Final
from uuid import UUID

import click

from services.cli.client import Client, open_client
from services.cli.execution.attempts import get_whole, row
from services.cli.exits import Exit
from services.cli.options import api_options, example
from services.cli.present import show_line, write_json
from shared.domain.errors import NotFound, Unavailable
from shared.domain.executions import Status

PAUSE_S: Final = 0.25


@click.command(epilog=example("turnout execution watch 0b0e2a3c-6a53-5b36-9f1c-1f0d3d6a9f10"))
@click.argument("execution_id", type=click.UUID)
@click.option("--timeout", type=click.FloatRange(0, min_open=True), help="Give up after seconds.")
@api_options
@click.pass_context
def watch(
    ctx: click.Context,
    *,
    execution_id: UUID,
    timeout: float | None,
    url: str,
    token: str | None,
    as_json: bool,
) -> None:
    """Show the attempts of EXECUTION_ID as they end, until it has ended.

    Ends with 0 when it is COMPLETED, else with 1; with 5 when the time is up.
    """

    async def follow() -> dict[str, Any]:
        async with asyncio.timeout(timeout), open_client(url, token) as client:
            return await _to_the_end(client, str(execution_id), as_json=as_json)

    try:
        ended = asyncio.run(follow())
    except TimeoutError:
        raise Unavailable(f"Execution {execution_id} has not ended in {timeout:g} s.") from None
    if as_json:
        write_json(ended)
    else:
        show_line(ended["status"], ended["finished_at"])
    ctx.exit(Exit.OK if ended["status"] == Status.COMPLETED else Exit.FAILED)


async def _to_the_end(client: Client, execution_id: str, *, as_json: bool) -> dict[str, Any]:
    shown = 0
    while True:
        found = await _found(client, execution_id)
        attempts = found["attempts"]
        if not as_json:
            for attempt in attempts[shown:]:
                show_line(*row(attempt))
        shown = len(attempts)
        if Status(found["status"]).is_terminal:
            return found
        await asyncio.sleep(PAUSE_S)


async def _found(client: Client, execution_id: str) -> dict[str, Any]:
    # An event is decided upon before its execution is written: it may be there in a moment.
    for _ in range(8):
        try:
            return await get_whole(client, execution_id)
        except NotFound:
            await asyncio.sleep(PAUSE_S)
    return await get_whole(client, execution_id)
