"""Sixtyfour's routes of results: links to files, and the files."""

from secrets import token_bytes
from typing import Annotated, Any, Final

from aiohttp import web
from pydantic import Field
from yarl import URL

from services.api.dialects.sixtyfour.documents import ResultFile
from services.api.dialects.sixtyfour.files import KEY_BYTES, LINK_S, FileFormat, Link, write_rows
from services.api.dialects.sixtyfour.read_run import see_run, text_in
from services.api.dialects.sixtyfour.runs import BlockRows, results_of
from services.api.http.bodies import answer
from services.api.http.parameters import uuid_in_path
from services.api.http.problems import BAD_PARAMETER, Forbidden
from services.api.http.query_strings import InEnvironment, Text, Whole
from services.api.http.route import OPEN, READ_PAYLOADS, Media, Route, query_of
from services.api.login.auth import environment_of
from services.api.resources import RESOURCES
from shared.db.history import Execution
from shared.db.sixtyfour import find_link_key, keep_link_key
from shared.domain.errors import NotFound
from shared.domain.ids import ExecutionId
from shared.wire.envelope import stamp
from shared.wire.lineage import read_asked
from shared.wire.strict_json import invalid

INLINE_BYTES_MAX: Final = 65_536
"""Rows of so many bytes of JSON are also in the answer itself."""

_MEDIA: Final = {FileFormat.CSV: "text/csv", FileFormat.JSON: "application/json"}
_BUCKET: Final = "turnout"
_SECONDS_MAX: Final = 2**40


class ResultsQuery(InEnvironment):
    """How the files are written."""

    format: FileFormat = FileFormat.CSV


class LinkQuery(InEnvironment):
    """What makes a link count."""

    expires: Annotated[Whole, Field(ge=0, le=_SECONDS_MAX)]
    signature: Text


async def list_results(request: web.Request) -> web.Response:
    """The files that a run came to, one for each block whose rows no other has worked on.

    None while it is under way; 400 for JSON that the run was not asked to save.
    """
    resources, environment_id = request.app[RESOURCES], await environment_of(request)
    form = query_of(request, ResultsQuery).format
    run_id = ExecutionId(uuid_in_path(request, "run_id"))
    async with resources.tenant(environment_id) as conn:
        seen = await see_run(resources, conn, run_id)
        if form is FileFormat.JSON and not _saves_json(seen.execution):
            detail = "The run was not started with save_json=true: ask for format=csv."
            raise invalid("", BAD_PARAMETER, detail)
        key = await keep_link_key(conn, environment_id, token_bytes(KEY_BYTES))
    expires = int(resources.clock.now().timestamp()) + LINK_S
    documents: list[ResultFile] = []
    for made in results_of(seen):
        link = Link(
            environment_id=environment_id,
            run_id=run_id,
            step_id=made.step_id,
            format=form,
            expires=expires,
        )
        documents.append(_document(made, form, str(request.url.join(_address(link, key)))))
    return answer(documents)


async def fetch_csv(request: web.Request) -> web.Response:
    """The rows of a block, with the names of the columns first."""
    return await _fetched(request, FileFormat.CSV)


async def fetch_json(request: web.Request) -> web.Response:
    """The rows of a block, a list of objects."""
    return await _fetched(request, FileFormat.JSON)


async def _fetched(request: web.Request, form: FileFormat) -> web.Response:
    """A file. Raises Forbidden for a link that does not count, or no longer."""
    resources, environment_id = request.app[RESOURCES], await environment_of(request)
    query, step_id = query_of(request, LinkQuery), text_in(request, "block_id")
    link = Link(
        environment_id=environment_id,
        run_id=ExecutionId(uuid_in_path(request, "run_id")),
        step_id=step_id,
        format=form,
        expires=query.expires,
    )
    async with resources.tenant(environment_id) as conn:
        key = await find_link_key(conn, environment_id)
        is_signed = key is not None and link.is_signed(key, query.signature)
        if not is_signed or query.expires < resources.clock.now().timestamp():
            raise Forbidden("The link does not count, or no longer: ask for the results again.")
        seen = await see_run(resources, conn, link.run_id)
    found = next((made for made in results_of(seen) if made.step_id == step_id), None)
    if found is None:
        raise NotFound("There is no such file.")
    named = f'attachment; filename="{_filename(found, form)}"'
    return web.Response(
        body=write_rows(found.rows, form),
        content_type=_MEDIA[form],
        charset="utf-8" if form is FileFormat.CSV else None,
        headers={"Content-Disposition": named, "Cache-Control": "private, no-store"},
    )


def _document(made: BlockRows, form: FileFormat, url: str) -> ResultFile:
    is_small = len(write_rows(made.rows, FileFormat.JSON)) <= INLINE_BYTES_MAX
    return {
        "filename": _filename(made, form),
        "storage_bucket": _BUCKET,
        "row_count": len(made.rows),
        "block_number": made.block.sequence_number,
        "created_at": stamp(made.at),
        "message": None,
        "content_type": _MEDIA[form],
        "download_url": url,
        "download_expires_in_seconds": LINK_S,
        "results": made.rows if is_small else None,
    }


def _address(link: Link, key: bytes) -> URL:
    path = f"/sixtyfour/workflows/runs/{link.run_id}/files/{link.format}/{link.step_id}"
    said = {
        "environment_id": str(link.environment_id),
        "expires": str(link.expires),
        "signature": link.signed(key),
    }
    return URL(path).with_query(said)


def _filename(made: BlockRows, form: FileFormat) -> str:
    return f"block-{made.block.sequence_number}.{form}"


def _saves_json(execution: Execution) -> bool:
    asked = read_asked(execution.lineage or {})
    return bool(asked and asked.metadata and asked.metadata.get("save_json"))


_FILES: Final = "/sixtyfour/workflows/runs/{run_id}/files"

ROUTES: Final = (
    Route(
        *("GET", "/sixtyfour/workflows/runs/{run_id}/results/download-links", list_results),
        needs=READ_PAYLOADS,
        query=ResultsQuery,
        answers={200: list[ResultFile]},
    ),
    Route(
        *("GET", f"{_FILES}/csv/{{block_id}}", fetch_csv, OPEN),
        query=LinkQuery,
        answers={200: Media("text/csv")},
    ),
    Route(
        *("GET", f"{_FILES}/json/{{block_id}}", fetch_json, OPEN),
        query=LinkQuery,
        answers={200: list[dict[str, Any]]},
    ),
)
