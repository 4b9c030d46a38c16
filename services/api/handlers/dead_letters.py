"""The native routes of dead letters: what could not be used, to be tried again or let go."""

from base64 import b64encode
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, Final

from aiohttp import web
from pydantic import Field

from services.api.events.retry_letters import discard_letters, retry_letter, retry_letters
from services.api.http.pages import page_of
from services.api.http.parameters import id_in_path
from services.api.http.payloads import Payload, answer_to
from services.api.http.query_strings import Moment, SpanQuery, Text
from services.api.http.route import OPERATE, READ, Body, Route, body_of, query_of
from services.api.login.auth import caller_of, environment_of
from services.api.resources import RESOURCES, ApiResources
from shared.db.dead_letters import (
    Contents,
    KeptLetter,
    LetterFilter,
    absent,
    get_letter,
    list_contents,
    list_letters,
)
from shared.domain.principals import Caller
from shared.domain.values import Strict
from shared.wire.documents.dead_letters import (
    LetterDocument,
    LettersDocument,
    WholeLetterDocument,
)
from shared.wire.documents.parts import Page
from shared.wire.envelope import stamp

AT_ONCE_MAX: Final = 1_000


class LettersQuery(SpanQuery):
    """Which letters to list."""

    reason: Text | None = None
    topic: Text | None = None


class LettersRequest(Strict):
    """Which letters are meant; with ``preview`` nothing happens to them."""

    reason: Annotated[str, Field(min_length=1, max_length=256)] | None = None
    topic: Annotated[str, Field(min_length=1, max_length=256)] | None = None
    from_at: Moment | None = Field(None, alias="from")
    before_at: Moment | None = Field(None, alias="to")
    limit: int = Field(AT_ONCE_MAX, ge=1, le=AT_ONCE_MAX)
    preview: bool = False


async def list_all(request: web.Request) -> web.Response:
    """A page of dead letters, the latest first; of each environment the last 10,000 are kept."""
    query = query_of(request, LettersQuery)
    which = LetterFilter(
        environment_id=await environment_of(request),
        reason=query.reason,
        topic=query.topic,
        from_at=query.from_at,
        before_at=query.before_at,
    )
    async with request.app[RESOURCES].tenant(which.environment_id) as conn:
        found = await list_letters(conn, which, before=query.cursor, limit=query.limit + 1)
    page = page_of(found, query.limit, _document, lambda one: (one.at, one.id))
    return answer_to(request, page)


async def get(request: web.Request) -> web.Response:
    """A dead letter with what its record held, as far as that was kept."""
    letter_id, environment_id = id_in_path(request), await environment_of(request)
    async with request.app[RESOURCES].tenant(environment_id) as conn:
        kept = await get_letter(conn, environment_id, letter_id)
        held = await list_contents(conn, environment_id, [letter_id])
    if letter_id not in held:
        raise absent(letter_id)
    return answer_to(request, _whole(kept, held[letter_id]))


async def retry(request: web.Request) -> web.Response:
    """Publish the record again, where it stood.

    202 once it is durable; the letter is gone. If the record still cannot be used it becomes
    another letter. 409 for one that was too large to be kept whole.
    """
    kept, caller = await _found(request), await caller_of(request)
    await retry_letter(request.app[RESOURCES], caller, kept)
    return answer_to(request, _document(kept), status=202)


async def discard(request: web.Request) -> web.Response:
    """Let a letter go; its topic keeps it for as long as its retention says."""
    kept, caller = await _found(request), await caller_of(request)
    if not await discard_letters(request.app[RESOURCES], caller, [kept]):
        raise absent(kept.id)
    return web.Response(status=204)


async def retry_many(request: web.Request) -> web.Response:
    """Publish the records of many letters again, the latest first; or only say how many."""
    return await _many(request, retry_letters)


async def discard_many(request: web.Request) -> web.Response:
    """Let many letters go, the latest first; or only say how many."""
    return await _many(request, discard_letters)


Deed = Callable[[ApiResources, Caller, Sequence[KeptLetter]], Awaitable[int]]


async def _many(request: web.Request, deed: Deed) -> web.Response:
    asked, caller = await body_of(request, LettersRequest), await caller_of(request)
    resources = request.app[RESOURCES]
    which = LetterFilter(
        environment_id=caller.environment_id,
        reason=asked.reason,
        topic=asked.topic,
        from_at=asked.from_at,
        before_at=asked.before_at,
    )
    async with resources.tenant(caller.environment_id) as conn:
        found = await list_letters(conn, which, limit=asked.limit + 1)
    meant = found[: asked.limit]
    done = 0 if asked.preview else await deed(resources, caller, meant)
    document: LettersDocument = {
        "preview": asked.preview,
        "matched": len(meant),
        "done": done,
        "left": 0 if asked.preview else len(meant) - done,
        "more": len(found) > asked.limit,
    }
    return answer_to(request, document)


async def _found(request: web.Request) -> KeptLetter:
    letter_id, environment_id = id_in_path(request), await environment_of(request)
    async with request.app[RESOURCES].tenant(environment_id) as conn:
        return await get_letter(conn, environment_id, letter_id)


def _document(kept: KeptLetter) -> LetterDocument:
    return {
        "id": str(kept.id),
        "environment_id": str(kept.environment_id),
        "at": stamp(kept.at),
        "reason": kept.reason,
        "detail": Payload(kept.detail),
        "pointer": kept.pointer,
        "topic": kept.topic,
        "partition": kept.partition,
        "offset": kept.offset,
        "value_bytes": kept.value_bytes,
        "is_whole": kept.is_whole,
    }


def _whole(kept: KeptLetter, held: Contents) -> WholeLetterDocument:
    text, encoded = _shown(held.value)
    return {
        **_document(kept),
        "key": Payload(None if held.key is None else _text(held.key)),
        "value": Payload(text),
        "value_base64": Payload(encoded),
        "headers": Payload([[name, _text(value)] for name, value in held.headers]),
    }


def _shown(value: bytes | None) -> tuple[Any, Any]:
    """A value as a text, or, where it is none, in base64."""
    if value is None:
        return None, None
    try:
        return value.decode(), None
    except UnicodeDecodeError:
        return None, b64encode(value).decode()


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")


_MANY: Final = Body(model=LettersRequest)

ROUTES: Final = (
    Route(
        *("GET", "/v1/dead-letters", list_all, READ),
        query=LettersQuery,
        answers={200: Page[LetterDocument]},
    ),
    Route(
        *("POST", "/v1/dead-letters/retry", retry_many, OPERATE),
        body=_MANY,
        answers={200: LettersDocument},
    ),
    Route(
        *("POST", "/v1/dead-letters/discard", discard_many, OPERATE),
        body=_MANY,
        answers={200: LettersDocument},
    ),
    Route("GET", "/v1/dead-letters/{id}", get, READ, answers={200: WholeLetterDocument}),
    Route(*("POST", "/v1/dead-letters/{id}/retry", retry, OPERATE), answers={202: LetterDocument}),
    Route("DELETE", "/v1/dead-letters/{id}", discard, OPERATE, answers={204: None}),
)
