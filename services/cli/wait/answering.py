"""Answering a step that waits for a person, as ``approve``, ``reject`` and ``submit`` do."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote
from uuid import UUID, uuid4

import click

from services.cli.client import open_client
from services.cli.exits import Exit
from services.cli.options import api_options
from services.cli.present import say, write_json
from shared.domain.errors import Unavailable

F = TypeVar("F", bound=Callable[..., Any])


def answer_options(command: F) -> F:
    """Add EXECUTION_ID, STEP_ID, ``--by``, ``--id`` and the options of the API."""
    execution = click.argument("execution_id", type=click.UUID)
    step = click.argument("step_id")
    by = click.option("--by", required=True, help="Who answers.")
    id_ = click.option("--id", "decision_id", help="Sent again under the same id, it counts once.")
    return execution(step(by(id_(api_options(command)))))


def send_answer(
    execution_id: UUID, step_id: str, way: str, body: Mapping[str, Any], given: Mapping[str, Any]
) -> None:
    """Post ``body`` and tell whether it counts: ends with 1 when another answer did.

    ``given`` are the values of ``answer_options``. Raises Unavailable while that is not known.
    """
    path = f"v1/executions/{execution_id}/steps/{quote(step_id, safe='')}/{way}"
    # Under its id a repetition is the same answer, not another one that comes too late.
    document = {"by": given["by"], "decision_id": given["decision_id"] or str(uuid4()), **body}

    async def ask() -> Any:
        async with open_client(given["url"], given["token"]) as client:
            return (await client.call("POST", path, body=document)).body

    ruling = asyncio.run(ask())
    if given["as_json"]:
        write_json(ruling)
    if ruling["won"] is None:
        raise Unavailable(
            "It is sent, but not taken in yet. Ask again with --id "
            f"{ruling['decision_id']} whether it counts."
        )
    if not given["as_json"]:
        say("It counts." if ruling["won"] else "Another answer came first, or the end.")
    if not ruling["won"]:
        raise click.exceptions.Exit(Exit.FAILED)
