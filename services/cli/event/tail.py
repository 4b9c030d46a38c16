"""``turnout event tail``."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final

import click

from services.cli.client import PAGE_MAX, Client, open_client
from services.cli.options import api_options, example
from services.cli.present import show_line, write_json_line

PAUSE_S: Final = 0.5
LAST_MAX: Final = 1_000


@click.command(epilog=example("turnout event tail --type integrated_account:connected --json"))
@click.option("--type", "type_", help="Only events of this type.")
@click.option("--count", type=click.IntRange(1), help="End after so many; else Ctrl-C ends it.")
@click.option("--last", type=click.IntRange(0, LAST_MAX), default=0, help="Show so many past ones.")
@api_options
def tail(
    *,
    type_: str | None,
    count: int | None,
    last: int,
    url: str,
    token: str | None,
    as_json: bool,
) -> None:
    """Show events as they are accepted, one a line."""

    async def follow() -> None:
        shown = 0
        async with open_client(url, token) as client:
            async for event in _events(client, last, type=type_):
                _show(event, as_json=as_json)
                shown += 1
                if shown == count:
                    return

    asyncio.run(follow())


async def _events(client: Client, last: int, **query: Any) -> AsyncIterator[dict[str, Any]]:
    """The last so many events, then each new one, in the order of arrival."""
    recent = await client.items("v1/events", max(last, PAGE_MAX), **query)
    for event in reversed(recent[:last]):
        yield event
    while True:
        await asyncio.sleep(PAUSE_S)
        seen = {event["key"] for event in recent}
        recent = await _back_to(client, seen, **query)
        for event in reversed(recent):
            if event["key"] not in seen:
                yield event


async def _back_to(client: Client, seen: set[str], **query: Any) -> list[dict[str, Any]]:
    """Events, the latest first, up to the page that has some of ``seen``."""
    # Events need not be committed in the order of their arrival: a page is looked at whole.
    recent: list[dict[str, Any]] = []
    async for page in client.pages("v1/events", PAGE_MAX, **query):
        recent += page
        if any(event["key"] in seen for event in page):
            break
    return recent


def _show(event: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        write_json_line(event)
    else:
        show_line(event["received_at"], event["event"], event["id"], event["key"])
