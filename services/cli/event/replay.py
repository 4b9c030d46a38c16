"""``turnout event replay``."""

import asyncio
from collections import Counter
from typing import Any, Final
from uuid import UUID, uuid4

import click

from services.cli.client import Client, open_client
from services.cli.conditions import condition
from services.cli.onward import onward
from services.cli.options import api_options, example
from services.cli.present import counted, say, show_rows, tallied, write_json

_COUNTED: Final = ("workflow_name", "workflow_id", "matched", "already_started", "starts")


@click.command(
    epilog=example(
        "turnout event replay --workflow 0b0e2a3c-6a53-5b36-9f1c-1f0d3d6a9f10"
        " --from 2026-11-22T00:00:00Z --to 2026-11-22T12:00:00Z",
        "turnout event replay --workflow 0b0e2a3c-6a53-5b36-9f1c-1f0d3d6a9f10 --event"
        " 6f6c2f1e-5f0b-5f5d-9a58-6d0c5a3f0c01 --again --yes",
    )
)
@click.option(
    "--workflow", "workflows", type=click.UUID, multiple=True, required=True,
    help="Who decides anew, active or not; may be given more than once.",
)  # fmt: skip
@click.option("--event", type=click.UUID, help="Only the event of this key, whenever it arrived.")
@click.option("--from", "from_", help="Arrived at this time or later, as 2026-11-22T10:00:00Z.")
@click.option("--to", help="Arrived before this time.")
@click.option("--type", "type_", help="Only events of this type.")
@click.option("--source", help="Only those of this publisher.")
@click.option("--subject", help="Only those about this.")
@click.option(
    "--payload", "payloads", metavar="FIELD=VALUE", multiple=True,
    help="What the payload holds, as order.id=42; JSON, or else a text.",
)  # fmt: skip
@click.option("--again", is_flag=True, help="Once more, also what was started before.")
@click.option("--replay-id", type=click.UUID, help="Go on with the replay that had this id.")
@click.option("--yes", is_flag=True, help="Do it; without this it is only counted.")
@api_options
def replay(*, url: str, token: str | None, as_json: bool, **given: Any) -> None:
    """Have workflows, as they are now, decide anew on events that arrived in a span of time.

    What an event had started before is not started once more, unless --again says so; and that is
    done once for a replay, however often it is asked for under its id.
    """
    replay_id: UUID = given["replay_id"] or uuid4()
    path, body = _asked(given, replay_id)

    async def run() -> Any:
        async with open_client(url, token) as client:
            return await _replayed(client, path, body)

    if given["yes"]:
        say(f"To go on after a fault add: --replay-id {replay_id}")
    told = asyncio.run(run())
    if as_json:
        write_json(told)
        return
    show_rows(
        ("workflow", "id", "matched", "started before", "starts", "decided"),
        [
            [*(one[field] for field in _COUNTED), tallied(one["reasons"])]
            for one in told["workflows"]
        ],
        title=f"{told['events']:,} of {counted(told['looked_at'], 'event')}",
    )
    if not given["yes"]:
        say("Nothing was started. Add --yes to do it.")


def _asked(given: dict[str, Any], replay_id: UUID) -> tuple[str, dict[str, Any]]:
    """The path and the body of the request. Raises click's UsageError."""
    body: dict[str, Any] = {
        "workflow_ids": [str(id_) for id_ in given["workflows"]],
        "again": given["again"],
        "replay_id": str(replay_id),
        "preview": not given["yes"],
    }
    span = {
        "from": given["from_"],
        "to": given["to"],
        "type": given["type_"],
        "source": given["source"],
        "subject": given["subject"],
        "payload": condition(given["payloads"], "--payload"),
    }
    if given["event"] is not None:
        if any(value is not None for value in span.values()):
            raise click.UsageError("With --event no other events can be chosen.")
        return f"v1/events/{given['event']}/replay", body
    if span["from"] is None or span["to"] is None:
        raise click.UsageError("Say --from and --to, or one --event.")
    return "v1/events/replay", {**body, **span}


async def _replayed(client: Client, path: str, body: dict[str, Any]) -> Any:
    """The answers to all calls in one; between them it says how far it is."""
    total: Any = None
    async for told in onward(client, path, body):
        total = told if total is None else _sum(total, told)
        if told["next_cursor"] is not None:
            starts = sum(one["starts"] for one in total["workflows"])
            looked_at = counted(total["looked_at"], "event")
            begun = counted(starts, "execution starts", "executions start")
            say(f"{looked_at} looked at, {begun} …")
    return total


def _sum(total: Any, told: Any) -> Any:
    counts = ("matched", "already_started", "starts")
    workflows = [
        {
            **new,
            **{name: old[name] + new[name] for name in counts},
            "reasons": dict(Counter(old["reasons"]) + Counter(new["reasons"])),
        }
        for old, new in zip(total["workflows"], told["workflows"], strict=True)
    ]
    return {
        **told,
        "looked_at": total["looked_at"] + told["looked_at"],
        "events": total["events"] + told["events"],
        "workflows": workflows,
        "sample": total["sample"] or told["sample"],
    }
