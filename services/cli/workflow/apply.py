"""``turnout workflow apply``."""

import asyncio
from enum import StrEnum
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from services.cli.client import Client, open_client
from services.cli.options import api_options, environment_named, example
from services.cli.present import say, show_rows, write_json
from services.cli.workflow.files import read_definition
from shared.domain.errors import Conflict, Invalid, NotFound
from shared.domain.ids import DEFAULT_ENVIRONMENT


class Applied(StrEnum):
    """What applying a file did."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@click.command(
    epilog=example(
        "turnout workflow apply examples/run-sync-job.json",
        "turnout workflow apply workflows/*.yaml --json",
    )
)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, dir_okay=False))
@api_options
def apply(files: tuple[Path, ...], *, url: str, token: str | None, as_json: bool) -> None:
    """Register the workflows in FILES, JSON or YAML, one a file.

    A file is Turnout's own definition, or the body of Truto's POST /workflow (it has 'config').
    With an 'id' it may be applied again and again; without one each time makes a new workflow.
    The first file that is refused ends the command; those before it stay applied.
    """
    applied = asyncio.run(_apply(files, url, token))
    if as_json:
        write_json(applied)
    else:
        show_rows(
            ("file", "what", "id", "state"),
            [(a["file"], a["applied"], a["id"], a["lifecycle"]) for a in applied],
        )
        here = environment_named() or str(DEFAULT_ENVIRONMENT)
        for each in applied:
            if (there := each["environment_id"]) != here:
                say(f"{each['file']} is in another environment: see it with --environment {there}")
            for trigger, address in each.get("webhook_urls", {}).items():
                say(f"{each['file']}: the address of '{trigger}', shown this once: {address}")


async def _apply(files: tuple[Path, ...], url: str, token: str | None) -> list[dict[str, Any]]:
    documents = [(path, read_definition(path)) for path in files]
    done = []
    async with open_client(url, token) as client:
        for path, document in documents:
            try:
                result, workflow = await apply_one(client, document)
            except Invalid as error:
                raise Invalid(error.problems, f"{path} is refused: {error.message}") from None
            except Conflict as error:
                raise Conflict(f"{path} is refused: {error.message}") from None
            done.append({"file": str(path), "applied": result, **workflow})
    return done


async def apply_one(client: Client, document: dict[str, Any]) -> tuple[Applied, dict[str, Any]]:
    """Register one document; what that did, and the workflow in Turnout's own words."""
    if "config" in document:
        return await _apply_truto(client, document)
    if "id" not in document:
        answer = await client.call("POST", "v1/workflows", body=document)
        return Applied.CREATED, answer.body
    path = f"v1/workflows/{quote(str(document['id']), safe='')}"
    before = await _find(client, path, document.get("environment_id"))
    answer = await client.call("PUT", path, body=document)
    if answer.status is HTTPStatus.CREATED:
        return Applied.CREATED, answer.body
    is_same = before is not None and before["updated_at"] == answer.body["updated_at"]
    return Applied.UNCHANGED if is_same else Applied.UPDATED, answer.body


async def _apply_truto(client: Client, document: dict[str, Any]) -> tuple[Applied, dict[str, Any]]:
    try:
        answer = await client.call("POST", "truto/workflow", body=document)
        is_new = answer.status is HTTPStatus.CREATED
        applied = Applied.CREATED if is_new else Applied.UNCHANGED
    except Conflict:
        path = f"truto/workflow/{quote(str(document['id']), safe='')}"
        answer = await client.call("PATCH", path, body=document)
        applied = Applied.UPDATED
    workflow = answer.body
    path = f"v1/workflows/{workflow['id']}"
    return applied, await client.get(path, environment_id=workflow["environment_id"])


async def _find(client: Client, path: str, environment_id: Any) -> Any:
    try:
        return await client.get(path, environment_id=environment_id)
    except NotFound:
        return None
