"""What the commands that start an execution share: their options, their call, their answer."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from services.cli.client import open_client
from services.cli.present import show_fields, write_json

F = TypeVar("F", bound=Callable[..., Any])


def start_options(command: F) -> F:
    """Add ``--key``, ``--expires-at`` and ``--expires-after``."""
    key = click.option("--key", help="Asked again under the same key, it starts once.")
    at = click.option("--expires-at", help="End it at this time, as 2026-11-22T10:00:00Z.")
    after = click.option(
        "--expires-after",
        type=click.FloatRange(0, min_open=True),
        help="End it after so many seconds.",
    )
    return key(at(after(command)))


def start(path: str, body: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    """Post ``body`` to ``path`` and show what was started.

    ``given`` are the values of ``start_options`` and ``api_options``.
    """
    expiry = {"expires_at": given["expires_at"], "expires_after_s": given["expires_after"]}
    document = {**body, **{name: value for name, value in expiry.items() if value is not None}}

    async def ask() -> Any:
        async with open_client(given["url"], given["token"]) as client:
            return (await client.call("POST", path, body=document, key=given["key"])).body

    started = asyncio.run(ask())
    if given["as_json"]:
        write_json(started)
    else:
        id_ = started["execution_id"]
        show_fields({"execution_id": id_, "next": f"turnout execution watch {id_}"})
