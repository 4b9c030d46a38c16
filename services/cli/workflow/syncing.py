"""What files of workflows and the server have of each other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from services.cli.client import Client
from services.cli.workflow.canonical import is_truto
from services.cli.workflow.files import Written
from shared.domain.errors import Conflict, Invalid, NotFound, Problem, Rejected

WORKFLOWS_MAX: Final = 10_000


class Applied(StrEnum):
    """What applying a file did, or would do."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    ARCHIVED = "archived"


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
    def differences(self) -> Sequence[Mapping[str, Any]]:
        """Each place at which the file differs from the workflow that is there."""
        found: Sequence[Mapping[str, Any]] = (self.comparison or {}).get("differences", ())
        return found


async def planned(client: Client, written: Sequence[Written]) -> list[Planned]:
    """What each file would do. Raises Rejected, Invalid or Conflict, naming the file."""
    names = await _names(client, written)
    found = []
    for path, document in written:
        try:
            found.append(await _planned(client, path, document, _with_id(document, names)))
        except Rejected as error:
            raise refused(path, error) from None
    return found


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
        send = _send_truto if is_truto(plan.document) else _send
        return plan.would, await send(client, plan, headers)
    except Rejected as error:
        raise refused(plan.path, error) from None


async def check_planned(client: Client, plan: Planned) -> None:
    """Raise Invalid, naming the file, with what it would be refused for."""
    if plan.would is Applied.UNCHANGED:
        return
    try:
        found = (await client.call("POST", "v1/workflows/lint", body=plan.document)).body
    except Rejected as error:
        raise refused(plan.path, error) from None
    problems = [
        Problem(pointer=one["pointer"], code=one["code"], detail=one["detail"])
        for one in found["findings"]
        if one["severity"] == "error"
    ]
    if problems:
        raise refused(plan.path, Invalid(problems))


def refused(path: Path, error: Rejected) -> Rejected:
    """The same error, naming the file."""
    message = f"{path} is refused: {error.message}"
    if isinstance(error, Invalid):
        return Invalid(error.problems, message)
    return type(error)(message)


async def _names(client: Client, written: Sequence[Written]) -> Mapping[str, Sequence[str]]:
    """The ids of the workflows there are, by name, where a file needs them."""
    found: dict[str, list[str]] = {}
    if any("id" not in document for _, document in written):
        for workflow in await client.items("v1/workflows", WORKFLOWS_MAX):
            found.setdefault(workflow["name"], []).append(workflow["id"])
    return found


def _with_id(document: Mapping[str, Any], names: Mapping[str, Sequence[str]]) -> Mapping[str, Any]:
    """The document with the id of the workflow that has its name, if it says none."""
    name = document.get("label" if is_truto(document) else "name")
    ids = names.get(name, ()) if isinstance(name, str) else ()
    if "id" in document or not ids:
        return document
    if len(ids) > 1:
        raise Conflict(f"{len(ids)} workflows are called '{name}'; write the id of one into it.")
    return {"id": ids[0], **document}


async def _planned(
    client: Client, path: Path, written: Mapping[str, Any], document: Mapping[str, Any]
) -> Planned:
    plan = Planned(path=path, document=document, has_id="id" in written)
    if "id" not in document:
        return plan
    place = f"v1/workflows/{_quoted(document)}"
    query = {"environment_id": document.get("environment_id")}
    try:
        there = await client.call("GET", place, query=query)
    except NotFound:
        return plan
    compared = await client.call("POST", f"{place}/diff", body=document)
    return replace(
        plan, workflow=there.body, comparison=compared.body, etag=there.headers.get("ETag")
    )


def _unchanged_since(plan: Planned) -> dict[str, str]:
    if plan.workflow is None:
        return {"If-None-Match": "*"} if "id" in plan.document else {}
    return {} if plan.etag is None else {"If-Match": plan.etag}


async def _send(client: Client, plan: Planned, headers: Mapping[str, str]) -> Mapping[str, Any]:
    method, path = "POST", "v1/workflows"
    if "id" in plan.document:
        method, path = "PUT", f"{path}/{_quoted(plan.document)}"
    workflow: Mapping[str, Any] = (
        await client.call(method, path, body=plan.document, headers=headers)
    ).body
    return workflow


async def _send_truto(
    client: Client, plan: Planned, headers: Mapping[str, str]
) -> Mapping[str, Any]:
    method, path = "POST", "truto/workflow"
    if plan.workflow is not None:
        method, path = "PATCH", f"{path}/{_quoted(plan.document)}"
    answer = await client.call(method, path, body=plan.document, headers=headers)
    place, environment_id = f"v1/workflows/{answer.body['id']}", answer.body["environment_id"]
    workflow: Mapping[str, Any] = await client.get(place, environment_id=environment_id)
    return workflow


def _quoted(document: Mapping[str, Any]) -> str:
    return quote(str(document["id"]), safe="")
