"""``turnout execution watch``."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Final
from uuid import UUID

import click
import orjson

from services.cli.client import Client, open_client
from services.cli.execution.attempts import get_whole, row
from services.cli.exits import Exit
from services.cli.options import api_options, example
from services.cli.present import say, show_line, write_json
from shared.domain.errors import NotFound, Unavailable
from shared.domain.executions import Status

PAUSE_S: Final = 0.25
ASK_AGAIN_S: Final = 1.0


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

    async def to_the_end() -> dict[str, Any]:
        async with asyncio.timeout(timeout), open_client(url, token) as client:
            shown = 0
            async with aclosing(_views(client, str(execution_id))) as views:
                async for found in views:
                    if not as_json:
                        for attempt in found["attempts"][shown:]:
                            show_line(*row(attempt))
                    shown = len(found["attempts"])
            return found

    try:
        ended = asyncio.run(to_the_end())
    except TimeoutError:
        raise Unavailable(f"Execution {execution_id} has not ended in {timeout:g} s.") from None
    if as_json:
        write_json(ended)
    else:
        show_line(ended["status"], ended["finished_at"])
    ctx.exit(Exit.OK if ended["status"] == Status.COMPLETED else Exit.FAILED)


async def _views(client: Client, execution_id: str) -> AsyncGenerator[dict[str, Any], None]:
    """The execution with its log so far, each time that it has grown; at last when it has ended."""
    found = await _found(client, execution_id)
    yield found
    if Status(found["status"]).is_terminal:
        return
    after = max(each["position"] for each in [*found["phases"], *found["attempts"]])
    try:
        stream = client.follow(f"v1/executions/{execution_id}/live", after=str(after))
        async with aclosing(stream) as events:
            async for event in events:
                told = orjson.loads(event.data or "{}")
                if event.name == "entry":
                    found["attempts"] += told["attempts"]
                    yield found
                elif event.name == "end":
                    yield await get_whole(client, execution_id)
                    return
    except Unavailable as fault:
        say(f"{fault.message} Asking every {ASK_AGAIN_S:g} s instead.")
    while not Status(found["status"]).is_terminal:
        await asyncio.sleep(ASK_AGAIN_S)
        found = await get_whole(client, execution_id)
        yield found


async def _found(client: Client, execution_id: str) -> dict[str, Any]:
    # An event is decided upon before its execution is written: it may be there in a moment.
    for _ in range(8):
        try:
            return await get_whole(client, execution_id)
        except NotFound:
            await asyncio.sleep(PAUSE_S)
    return await get_whole(client, execution_id)
