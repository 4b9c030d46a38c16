"""``turnout workflow export``."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import UUID

import click
import orjson

from services.api.http.yaml_documents import YAML_BYTES_MAX
from services.cli.client import Client, open_client
from services.cli.options import api_options, example
from services.cli.present import say, show_rows, write_json
from services.cli.workflow.files import (
    YAML,
    Written,
    parsed,
    read_definitions,
    text_of,
    write_file,
)
from services.cli.workflow.layout import merged_text, yaml_text
from services.cli.workflow.syncing import refused
from services.cli.workflow.words import forms_of, words_in, words_of
from shared.domain.errors import Rejected
from shared.domain.ids import EnvironmentId, WorkflowId, as_uuid, own_id
from shared.domain.workflows import Dialect
from shared.wire.strict_json import JsonLimits

_UNFIT: Final = re.compile(r"[^a-z0-9]+")
_UNFIT_OF_ID: Final = re.compile(r"[^a-z0-9_-]+")
_NAME_CHARS_MAX: Final = 64


@click.command(
    epilog=example(
        "turnout workflow export --all --dir workflows",
        "turnout workflow export 4a4de828-f4c9-4bea-8ef4-2d705aec43bc > order.yaml",
    )
)
@click.argument("workflow_id", type=click.UUID, required=False)
@click.option("--all", "is_all", is_flag=True, help="Every workflow but the archived ones.")
@click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write a file each there; those that are there keep their comments.",
)
@api_options
def export(
    workflow_id: UUID | None,
    *,
    is_all: bool,
    folder: Path | None,
    url: str,
    token: str | None,
    as_json: bool,
) -> None:
    """Write the workflow WORKFLOW_ID as YAML, or all of them, each as an author would.

    A workflow in the words of another system is written in these. A file that is of the workflow
    already, by its id, is changed where it differs, and nowhere else: also by the id that it has in
    another environment, which stays, and by which workflows of such files call it.
    """
    if is_all is (workflow_id is not None) or (is_all and folder is None):
        raise click.UsageError("Give one WORKFLOW_ID, or --all with a --dir.")
    fetched = asyncio.run(_fetch(workflow_id, url, token))
    if folder is None:
        _print(yaml_text(fetched[0].document).encode())
        return
    done = write_all(folder, fetched)
    if as_json:
        write_json(done)
    else:
        show_rows(("file", "what", "id"), [(one["file"], one["what"], one["id"]) for one in done])


def _print(text: bytes) -> None:
    click.echo(text, nl=False)  # in UTF-8, whatever the terminal is
    if len(text) > YAML_BYTES_MAX:
        say(f"A file of YAML has at most {YAML_BYTES_MAX:,} bytes: with --dir it is one of JSON.")


class Fetched(NamedTuple):
    """A workflow's document, and the environment that it is of."""

    environment_id: EnvironmentId
    document: dict[str, Any]


async def fetch_documents(client: Client, workflow_id: UUID | None) -> list[Fetched]:
    """One workflow, or all that there are, each as an author would write it."""
    if workflow_id is None:
        found = [one async for one in client.everything("v1/workflows")]
    else:
        found = [await client.get(f"v1/workflows/{workflow_id}")]
    return [
        Fetched(
            EnvironmentId(UUID(workflow["environment_id"])), await _in_own_words(client, workflow)
        )
        for workflow in found
    ]


def write_all(folder: Path, fetched: Sequence[Fetched]) -> list[dict[str, Any]]:
    """Write a file each, or change the one that is of it; what was done. Raises Rejected."""
    files = _files_of(folder)
    named = {id_: _names_in(id_, files) for id_ in {one.environment_id for one in fetched}}
    renamed = (_renamed(one.document, named[one.environment_id]) for one in fetched)
    return [_exported(folder, document, files) for document in renamed]


async def _fetch(workflow_id: UUID | None, url: str, token: str | None) -> list[Fetched]:
    async with open_client(url, token) as client:
        return await fetch_documents(client, workflow_id)


async def _in_own_words(client: Client, workflow: Mapping[str, Any]) -> dict[str, Any]:
    """In the words that it was registered in, as it can be changed in no others."""
    words = words_in(workflow["dialect"])
    if words.dialect is Dialect.NATIVE:
        return words.plain(workflow)
    shown = await client.get(words.place(words.one, workflow["id"]))
    return words.plain({**shown, **words.said(workflow)})


def _files_of(folder: Path) -> dict[str, Written]:
    """The files of a folder by the ids in them."""
    if not folder.is_dir() or not any(folder.iterdir()):
        return {}
    found = read_definitions([folder])
    ids = [words_of(one.document).uuid_in(one.document) for one in found]
    return {id_: one for id_, one in zip(ids, found, strict=True) if id_ is not None}


def _names_in(environment_id: EnvironmentId, files: Mapping[str, Written]) -> dict[str, str]:
    """The ids that files have, by those that the environment would have in their place."""
    names: dict[str, str] = {}
    for given in filter(None, map(as_uuid, files)):
        own = own_id(environment_id, WorkflowId(given))
        names |= zip(forms_of(own), forms_of(given), strict=True)
    return names


def _renamed(node: Any, names: Mapping[str, str]) -> Any:
    """With other texts in the place of those that are ``names``; no other text is like these."""
    match node:
        case dict():
            return {name: _renamed(value, names) for name, value in node.items()}
        case list():
            return [_renamed(item, names) for item in node]
        case str():
            return names.get(node, node)
        case _:
            return node


def _exported(
    folder: Path, document: Mapping[str, Any], files: dict[str, Written]
) -> dict[str, Any]:
    words = words_of(document)
    id_ = words.uuid_in(document)
    assert id_ is not None, "whatever the server has has an id"
    there = files.get(id_)
    if there is None:
        path, text = _new_file(folder, document)
    else:
        path, text = there.path, _changed_text(there, document)
    what = "created" if there is None else "unchanged"
    if there is None or text.encode() != path.read_bytes():
        what = "created" if there is None else "updated"
        write_file(path, text.encode())
    files[id_] = Written(path, dict(document))
    return {"file": str(path), "what": what, "id": document[words.id_field]}


def _new_file(folder: Path, document: Mapping[str, Any]) -> tuple[Path, str]:
    """A file that is not there yet, and its text: in JSON where YAML is too large to be read."""
    text, suffix = yaml_text(document), ".yaml"
    if len(text.encode()) > YAML_BYTES_MAX:
        text, suffix = _json_text(document), ".json"
    return _free_path(folder, document, suffix), text


def _json_text(document: Mapping[str, Any]) -> str:
    """In lines, unless these make it too large to be read."""
    raw = orjson.dumps(document, option=orjson.OPT_INDENT_2)
    if len(raw) >= JsonLimits().body_bytes_max:
        raw = orjson.dumps(document)
    return raw.decode() + "\n"


def _changed_text(there: Written, document: Mapping[str, Any]) -> str:
    """The file's text, meaning what the document says. Raises Rejected where it cannot be."""
    try:
        return _changed(there, document)
    except Rejected as error:
        raise refused(there.path, error) from None


def _changed(there: Written, document: Mapping[str, Any]) -> str:
    plain = words_of(document).plain
    old = plain(there.document)
    mark, text = text_of(there.path.read_bytes())
    if old == document:
        return mark + text
    if there.path.suffix not in YAML:
        return _json_text(document)
    text = merged_text(text, old, document)
    if plain(parsed(there.path, text.encode())) != document:
        raise Rejected("it cannot be changed in place; move it away, and export once more.")
    return mark + text


def _free_path(folder: Path, document: Mapping[str, Any], suffix: str) -> Path:
    words = words_of(document)
    name = document.get("key") or document.get(words.name_field) or "workflow"
    stem = _UNFIT.sub("-", str(name).lower()).strip("-")[:_NAME_CHARS_MAX] or "workflow"
    id_ = str(document[words.id_field]).lower()
    more = ("", f"-{id_[:8]}", f"-{id_}", *(f"-{id_}-{number}" for number in range(2, 100)))
    paths = (folder / f"{stem}{_UNFIT_OF_ID.sub('-', end)}{suffix}" for end in more)
    free = next((path for path in paths if not path.exists()), None)
    if free is None:
        raise Rejected(f"{folder} has too many files called {stem}; move some away.")
    return free
