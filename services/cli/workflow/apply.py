"""``turnout workflow apply``."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import click

from services.cli.client import Client, open_client
from services.cli.exits import Denied, Exit, show_error
from services.cli.options import api_options, environment_named, example
from services.cli.present import say, show_rows, tell_how_far, write_json
from services.cli.workflow.files import Written, read_definitions, write_id
from services.cli.workflow.syncing import (
    Applied,
    Planned,
    apply_planned,
    check_planned,
    names_of,
    plan_one,
    planned,
)
from services.cli.workflow.words import words_of
from shared.domain.errors import Rejected, TurnoutError
from shared.domain.ids import DEFAULT_ENVIRONMENT
from shared.domain.workflows import Lifecycle


@click.command(
    epilog=example(
        "turnout workflow apply examples/run-sync-job.json",
        "turnout workflow apply workflows/ --dry-run",
    )
)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option("--prune", is_flag=True, help="Archive the workflows that no file is of.")
@click.option("--force", is_flag=True, help="Also where somebody changes it at the same time.")
@click.option(
    "--events", type=click.IntRange(0, 1_000), default=100, show_default=True,
    help="Warn of conditions by the last so many events; without the scope 'payloads', by none.",
)  # fmt: skip
@api_options
def apply(
    files: tuple[Path, ...],
    *,
    dry_run: bool,
    prune: bool,
    force: bool,
    events: int,
    url: str,
    token: str | None,
    as_json: bool,
) -> None:
    """Register the workflows in FILES, JSON or YAML, one a file; of a folder, all its files.

    A file is Turnout's own definition, or one in the words of Truto, Altostrat, Sixtyfour or Thena.
    Without an 'id' (of Thena's: a 'uid') it is of the workflow that has its name; where there is
    none, one is made, and its id is written into the file. What does not differ is not sent. The
    first file that is refused ends the command; those before it stay applied. --dry-run tells of
    each file that would be refused.
    """
    written = read_definitions(files)

    done: list[dict[str, Any]] = []

    async def run() -> None:
        async with open_client(url, token) as client:
            if dry_run:
                done.extend(await _foreseen(client, written))
            else:
                for plan in await planned(client, written):
                    await _apply_one(client, plan, done, force=force)
                    if done[-1]["applied"] is not Applied.UNCHANGED:
                        await _say_what_is_odd(client, plan, events)
                    tell_how_far(len(done), len(written), "files applied")
            if prune and not _is_refused(done):
                await _prune(client, done, dry_run=dry_run)

    try:
        asyncio.run(run())
    except (TurnoutError, KeyboardInterrupt):
        if done:  # addresses of webhooks are told once
            _tell(done, as_json=as_json, is_dry=dry_run)
        raise
    _tell(done, as_json=as_json, is_dry=dry_run)
    if _is_refused(done):
        raise click.exceptions.Exit(Exit.REJECTED)


async def _foreseen(client: Client, written: Sequence[Written]) -> list[dict[str, Any]]:
    """What would be done with each file; one that would be refused holds up no other."""
    names = await names_of(client, written)
    done: list[dict[str, Any]] = []
    for path, document in written:
        words = words_of(document)
        new = {"id": words.uuid_in(document), "name": document.get(words.name_field)}
        try:
            plan = await plan_one(client, names, path, document)
            problems = await check_planned(client, plan)
        except Rejected as error:
            show_error(error)
            done.append({"file": str(path), "applied": Applied.REFUSED, **new})
            continue
        state = {"lifecycle": Lifecycle.DRAFT} if problems else {}
        for one in problems:
            say(f"{path}: {one.pointer}: {one.detail} ({one.code})")
        done.append({"file": str(path), "applied": plan.would, **(plan.workflow or new), **state})
    return done


def _is_refused(done: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the command would have ended at one of them."""
    return any(one["applied"] is Applied.REFUSED for one in done)


async def _apply_one(
    client: Client, plan: Planned, done: list[dict[str, Any]], *, force: bool
) -> None:
    """What it did is in ``done`` also where something after it is refused."""
    applied, workflow = await apply_planned(client, plan, force=force)
    done.append({"file": str(plan.path), "applied": applied, **workflow})
    if not plan.has_id:
        words = words_of(plan.document)
        write_id(plan.path, words.write_id(UUID(workflow["id"])), words.id_field)


async def _say_what_is_odd(client: Client, plan: Planned, events: int) -> None:
    for one in await _findings(client, plan, events):
        if one["severity"] != "info":  # what keeps a draft from running is an error
            seen = f"; see event {one['event_key']}" if one["event_key"] else ""
            say(f"{plan.path}: {one['pointer']}: {one['detail']} ({one['code']}{seen})")


async def _findings(client: Client, plan: Planned, events: int) -> list[dict[str, Any]]:
    query, path = {"events": events}, "v1/workflows/lint"
    try:
        answer = await client.call("POST", path, query=query, body=plan.document)
    except Denied:  # who may register workflows need not see what is in events
        answer = await client.call("POST", path, body=plan.document)
    found: list[dict[str, Any]] = answer.body["findings"]
    return found


async def _prune(client: Client, done: list[dict[str, Any]], *, dry_run: bool) -> None:
    kept = {one["id"] for one in done if one["id"] is not None}
    async for workflow in client.everything("v1/workflows"):
        if workflow["id"] in kept:
            continue
        if not dry_run:
            path = f"v1/workflows/{workflow['id']}/archive"
            workflow = (await client.call("POST", path)).body  # noqa: PLW2901 - as it is now
        done.append({"file": None, "applied": Applied.ARCHIVED, **workflow})


def _tell(done: list[dict[str, Any]], *, as_json: bool, is_dry: bool) -> None:
    if as_json:
        write_json(done)
    else:
        _show(done, is_dry=is_dry)


def _show(done: list[dict[str, Any]], *, is_dry: bool) -> None:
    rows = [(a["file"], a["applied"], a["id"], a["name"], a.get("lifecycle")) for a in done]
    title = "What would be done" if is_dry else None
    show_rows(("file", "what", "id", "name", "state"), rows, title=title)
    here = environment_named() or str(DEFAULT_ENVIRONMENT)
    for each in done:
        if (there := each.get("environment_id", here)) != here:
            say(f"{each['file']} is in another environment: see it with --environment {there}")
        for trigger, address in each.get("webhook_urls", {}).items():
            say(f"{each['file']}: the address of '{trigger}', shown this once: {address}")
