"""``turnout live``."""

import asyncio
from contextlib import aclosing
from typing import Any
from uuid import UUID

import click
import orjson

from services.cli.client import open_client
from services.cli.execution.attempts import step_name
from services.cli.options import api_options, example
from services.cli.present import say, show_line, write_json_line
from shared.client.server_sent import ServerSent


@click.command(epilog=example("turnout live --kind executions --json"))
@click.option("--workflow", type=click.UUID, help="Only of this workflow.")
@click.option("--execution", type=click.UUID, help="Only of this execution.")
@click.option("--kind", type=click.Choice(["executions", "steps"]), help="Only these.")
@click.option("--after", help="Go on after the record with this id.")
@click.option("--count", type=click.IntRange(1), help="End after so many; else Ctrl-C ends it.")
@api_options
def live(
    *,
    workflow: UUID | None,
    execution: UUID | None,
    kind: str | None,
    after: str | None,
    count: int | None,
    url: str,
    token: str | None,
    as_json: bool,
) -> None:
    """Show what happens in executions as it happens, one record a line.

    A lost connection is opened again where it was left.
    """

    async def listen() -> None:
        left = count
        async with open_client(url, token) as client:
            query = {"workflow_id": workflow, "execution_id": execution, "kinds": kind}
            async with aclosing(client.follow_patiently("v1/live", after=after, **query)) as events:
                async for event in events:
                    shown = _show(event, as_json=as_json)
                    left = left and left - shown
                    if left == 0:
                        return

    asyncio.run(listen())


def _show(event: ServerSent, *, as_json: bool) -> bool:
    """Whether it was a record; what else is said is for people alone."""
    document = orjson.loads(event.data or "{}")
    if event.name not in ("execution", "step"):
        say(document["detail"])
        return False
    if as_json:
        write_json_line({"id": event.id, "kind": event.name, **document})
    else:
        show_line(*_words(document))
    return True


def _words(document: dict[str, Any]) -> tuple[Any, ...]:
    id_, error = document["execution_id"], document["error"]
    said = None if error is None else error["message"]
    if "phase" in document:
        return document["at"], id_, document["phase"], said
    return (
        *(document["ended_at"], id_, step_name(document)),
        *(document["attempt"], document["status"], said),
    )
