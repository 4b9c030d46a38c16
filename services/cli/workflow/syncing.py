"""What files of workflows and the server have of each other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID

from services.cli.client import Client
from services.cli.present import tell_how_far
from services.cli.workflow.files import Written
from services.cli.workflow.words import FileWords, words_in, words_of
from shared.domain.errors import Conflict, Invalid, NotFound, Problem, Rejected
from shared.domain.ids import as_uuid
from shared.domain.workflows import Dialect, Lifecycle

Names = Mapping[tuple[Dialect, str], Sequence[str]]
"""The ids of workflows by their words and names."""


class Applied(StrEnum):
    """What applying a file did, or would do."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    ARCHIVED = "archived"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A file, and the workflow that it is of; None where there is none yet.

    ``document`` has the workflow's id where there is one; ``has_id``: it stands in the file.
    ``comparison`` is what the server says would change, ``etag`` the state that it was compared
    with.
    """

    path: Path
    document: Mapping[str, Any]
    has_id: bool
    workflow: Mapping[str, Any] | None = None
    comparison: Mapping[str, Any] | None = None
    etag: str | None = None

    @property
    def would(self) -> Applied:
        """What applying it would do."""
        if self.comparison is None:
            return Applied.CREATED
        return Applied.UNCHANGED if self.comparison["is_same"] else Applied.UPDATED

    @property
    def is_live(self) -> bool:
        """Whether there is a workflow, and something may start it."""
        there = self.workflow
        return there is not None and there["is_active"] and there["lifecycle"] == Lifecycle.READY

    @property
    def differences(self) -> Sequence[Mapping[str, Any]]:
        """Each place at which the file differs from the workflow that is there."""
        found: Sequence[Mapping[str, Any]] = (self.comparison or {}).get("differences", ())
        return found


async def planned(client: Client, written: Sequence[Written]) -> list[Planned]:
    """What each file would do. Raises Rejected, Invalid or Conflict, naming the file."""
    names, plans = await names_of(client, written), list[Planned]()
    for path, document in written:
        plans.append(await plan_one(client, names, path, document))
        tell_how_far(len(plans), len(written), "files compared")
    return plans


async def plan_one(
    client: Client, names: Names, path: Path, document: Mapping[str, Any]
) -> Planned:
    """What a file would do. Raises Rejected, Invalid or Conflict, naming it."""
    try:
        return await _planned(client, path, document, _with_id(document, names))
    except Rejected as error:
        raise refused(path, error) from None


async def apply_planned(
    client: Client, plan: Planned, *, force: bool
) -> tuple[Applied, Mapping[str, Any]]:
    """Send a file that differs; what that did, and the workflow in Turnout's own words.

    Unless it is forced, a workflow that has changed since it was compared is left alone. Raises
    Rejected, Invalid or Conflict, naming the file.
    """
    try:
        if plan.workflow is not None and plan.would is Applied.UNCHANGED:
            return Applied.UNCHANGED, plan.workflow
        headers = {} if force else _unchanged_since(plan)
        words = words_of(plan.document)
        send = _send if words.dialect is Dialect.NATIVE else _send_in_words
        return plan.would, await send(client, plan, words, headers)
    except Rejected as error:
        raise refused(plan.path, error) from None


async def check_planned(client: Client, plan: Planned) -> list[Problem]:
    """What would keep the workflow from running as a draft. Raises Invalid, naming the file.

    That has what it would be refused for: in words that know drafts, only while it is live.
    """
    if plan.would is Applied.UNCHANGED:
        return []
    try:
        found = (await client.call("POST", "v1/workflows/lint", body=plan.document)).body
    except Rejected as error:
        raise refused(plan.path, error) from None
    problems = [
        Problem(pointer=one["pointer"], code=one["code"], detail=one["detail"])
        for one in found["findings"]
        if one["severity"] == "error"
    ]
    if problems and (plan.is_live or not words_of(plan.document).keeps_drafts):
        raise refused(plan.path, Invalid(problems))
    return problems


def refused(path: Path, error: Rejected) -> Rejected:
    """The same error, naming the file."""
    message = f"{path} is refused: {error.message}"
    if isinstance(error, Invalid):
        return Invalid(error.problems, message)
    return type(error)(message)


async def names_of(client: Client, written: Sequence[Written]) -> Names:
    """The ids of the workflows there are, by words and name, where a file needs them."""
    needed = {
        (words.dialect, document.get(words.name_field))
        for words, document in ((words_of(document), document) for _, document in written)
        if words.uuid_in(document) is None and isinstance(document.get(words.name_field), str)
    }
    found: dict[tuple[Dialect, str], list[str]] = {}
    if needed:
        async for workflow in client.everything("v1/workflows"):
            named = words_in(workflow["dialect"]).dialect, workflow["name"]
            if named in needed:
                found.setdefault(named, []).append(workflow["id"])
    return found


def _with_id(document: Mapping[str, Any], names: Names) -> Mapping[str, Any]:
    """The document with the id of the workflow that has its name, if it says none."""
    words = words_of(document)
    name = document.get(words.name_field)
    ids = names.get((words.dialect, name), ()) if isinstance(name, str) else ()
    if words.uuid_in(document) is not None or not ids:
        return document
    if len(ids) > 1:
        raise Conflict(f"{len(ids)} workflows are called '{name}'; write the id of one into it.")
    return {words.id_field: words.write_id(UUID(ids[0])), **document}


async def _planned(
    client: Client, path: Path, written: Mapping[str, Any], document: Mapping[str, Any]
) -> Planned:
    words = words_of(document)
    plan = Planned(path=path, document=document, has_id=words.id_field in written)
    if words.id_field not in document:
        return plan
    query = {"environment_id": document.get("environment_id")}
    try:
        place = f"v1/workflows/{await _id_there(client, words, document)}"
        there = await client.call("GET", place, query=query)
    except NotFound:
        return plan
    own = UUID(there.body["id"])
    if as_uuid(str(words.uuid_in(document))) not in (None, own):  # it was given another elsewhere
        document = {**document, words.id_field: words.write_id(own)}
    compared = await client.call("POST", f"v1/workflows/{own}/diff", body=document)
    return replace(
        plan,
        document=document,
        workflow=there.body,
        comparison=compared.body,
        etag=there.headers.get("ETag"),
    )


async def _id_there(client: Client, words: FileWords, document: Mapping[str, Any]) -> str:
    """The workflow's id as a UUID; the server is asked what any other text stands for."""
    written = words.uuid_in(document)
    assert written is not None, "it is asked for documents with an id"
    if words.dialect is Dialect.NATIVE or as_uuid(written) is not None:
        return quote(written, safe="")
    found = words.uuid_in(await client.get(words.place(words.one, written)))
    assert found is not None, "an answer has its id"
    return found


def _unchanged_since(plan: Planned) -> dict[str, str]:
    if plan.workflow is None:
        return {"If-None-Match": "*"} if plan.has_id else {}
    return {} if plan.etag is None else {"If-Match": plan.etag}


async def _send(
    client: Client, plan: Planned, words: FileWords, headers: Mapping[str, str]
) -> Mapping[str, Any]:
    method, path = "POST", words.create
    if words.id_field in plan.document:
        method, path = words.change[0], words.place(words.change[1], plan.document[words.id_field])
    workflow: Mapping[str, Any] = (
        await client.call(method, path, body=plan.document, headers=headers)
    ).body
    return workflow


async def _send_in_words(
    client: Client, plan: Planned, words: FileWords, headers: Mapping[str, str]
) -> Mapping[str, Any]:
    """As ``_send``, where a change keeps the fields that are left out: they are sent as unsaid."""
    method, path, body = "POST", words.create, plan.document
    if plan.workflow is not None:
        method, path = words.change[0], words.place(words.change[1], plan.workflow["id"])
        query = {"environment_id": plan.document.get("environment_id")}
        answer = await client.call("GET", words.place(words.one, plan.workflow["id"]), query=query)
        gone = words.plain(answer.body).keys() - body.keys() - {words.id_field}
        body = {**{name: words.unsaid.get(name) for name in gone}, **body}
    elif plan.has_id and not words.names_freely and as_uuid(str(words.uuid_in(body))) is None:
        raise Rejected(
            f"'{body[words.id_field]}' is no id of a workflow; leave it out for a new one."
        )
    made = await client.call(method, path, body=body, headers=headers)
    place = f"v1/workflows/{words.uuid_in(made.body)}"
    environment_id = made.body.get("environment_id")
    workflow: Mapping[str, Any] = await client.get(place, environment_id=environment_id)
    return workflow
