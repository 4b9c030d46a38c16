"""``turnout execution bulk``."""

import asyncio
from collections import Counter
from typing import Any, Final
from uuid import UUID, uuid4

import click

from services.cli.client import Client, open_client
from services.cli.execution.which import where, which_options
from services.cli.onward import onward
from services.cli.options import api_options, example
from services.cli.present import counted, say, show_rows, write_json

DEEDS: Final = ("cancel", "suspend", "resume", "retry", "rerun")


@click.command(
    epilog=example(
        "turnout execution bulk cancel --status running --from 2026-11-22T10:00:00Z",
        "turnout execution bulk retry --status failed --workflow"
        " 0b0e2a3c-6a53-5b36-9f1c-1f0d3d6a9f10 --yes",
    )
)
@click.argument("deed", metavar="DEED", type=click.Choice(DEEDS))
@which_options
@click.option(
    "--id", "ids", type=click.UUID, multiple=True,
    help="Instead of conditions; may be given more than once.",
)  # fmt: skip
@click.option("--all", "is_all", is_flag=True, help="Without any condition.")
@click.option("--reason", help="Kept with the executions that are cancelled.")
@click.option("--bulk-id", type=click.UUID, help="Go on with what was begun under this id.")
@click.option("--yes", is_flag=True, help="Do it; without this they are only counted.")
@api_options
def bulk(deed: str, *, url: str, token: str | None, as_json: bool, **given: Any) -> None:
    """Do DEED to many executions: cancel, suspend, resume, retry or rerun them.

    What cannot be done to one of them is left, and counted with its reason. Under the same id none
    is retried or rerun twice.
    """
    bulk_id: UUID = given["bulk_id"] or uuid4()
    body = {
        "do": deed,
        **_meant(given),
        "reason": given["reason"],
        "bulk_id": str(bulk_id),
        "preview": not given["yes"],
    }

    async def run() -> Any:
        async with open_client(url, token) as client:
            return await _done(client, body)

    if given["yes"]:
        say(f"To go on after a fault add: --bulk-id {bulk_id}")
    told = asyncio.run(run())
    if as_json:
        write_json(told)
        return
    show_rows(("status", "executions"), sorted(told["by_status"].items()))
    if not given["yes"]:
        say(f"Nothing was done. Add --yes to {deed} {counted(told['matched'], 'execution')}.")
        return
    if told["left"]:
        columns = ("reason", "status", "count", "detail")
        show_rows(columns, [[one[name] for name in columns] for one in told["left"]], title="left")
    say(f"Done to {told['done']} of {told['matched']}.")


def _meant(given: dict[str, Any]) -> dict[str, Any]:
    """The executions that are meant, as the body names them. Raises click's UsageError."""
    conditions = {name: str(value) for name, value in where(given).items() if value is not None}
    ways = [bool(given["ids"]), bool(conditions), given["is_all"]]
    if ways.count(True) != 1:
        raise click.UsageError("Say which: by conditions, by --id, or --all.")
    return {"ids": [str(id_) for id_ in given["ids"]]} if given["ids"] else {"where": conditions}


async def _done(client: Client, body: dict[str, Any]) -> Any:
    """The answers to all calls in one; between them it says how far it is."""
    total: Any = None
    async for told in onward(client, "v1/executions/bulk", body):
        total = told if total is None else _sum(total, told)
        if told["next_cursor"] is not None:
            say(f"{counted(total['matched'], 'execution')} looked at …")
    return total


def _sum(total: Any, told: Any) -> Any:
    left: dict[tuple[str, str], Any] = {}
    for one in (*total["left"], *told["left"]):
        known = left.setdefault((one["reason"], str(one["status"])), {**one, "count": 0})
        known["count"] += one["count"]
    return {
        **told,
        "matched": total["matched"] + told["matched"],
        "by_status": dict(Counter(total["by_status"]) + Counter(told["by_status"])),
        "done": total["done"] + told["done"],
        "left": list(left.values()),
        "sample": total["sample"] or told["sample"],
    }
