"""A whole Turnout to mean badly to: what it answers, and what its log says of it."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from types import GenericAlias
from typing import Any, Final

import orjson
import structlog
from pydantic import ConfigDict, TypeAdapter, ValidationError

from services.api.computing import Computing
from services.api.describe.openapi_parts import FORMS, NATIVE
from services.api.dialects.face import Form
from services.matcher.app import matcher
from services.matcher.settings import MatcherSettings
from services.trigger_ingest.app import trigger_ingest
from services.trigger_ingest.settings import IngestSettings
from shared.assembly.platform import Platform
from shared.domain.principals import Scope
from tests.contract.hostile_cases import SEED, Attack, attacks
from tests.integration.api.asking import OPERATOR, Asker
from tests.integration.api.test_id_swap import fill
from tests.support.house import settings_of
from tests.support.rings import ring
from tests.support.served import open_api
from tests.support.works import Roles, Works, open_works, transform, until

AT_ONCE: Final = 8
WITHIN_S: Final = 60
SHOWN_CHARS_MAX: Final = 600
GOOD: Final = "at:last"
_STEPS: Final = [transform("say", "payload")]


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as it came; ``media`` is its type, empty when it has none."""

    status: int
    media: str
    body: bytes


@dataclass(slots=True)
class Seen:
    """How many requests of a kind had which status, and the first of each fault."""

    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    wrong: dict[tuple[str, str, str], str] = field(default_factory=dict)

    def note(self, kind: str, place: str, fault: str, shown: str) -> None:
        """Keep a fault, unless there is one like it."""
        self.wrong.setdefault((kind, place, fault), shown[:SHOWN_CHARS_MAX])


@dataclass(frozen=True, slots=True)
class Ground:
    """Everything there is, with one thing of each kind."""

    works: Works
    asker: Asker
    ids: dict[str, str]


@asynccontextmanager
async def open_ground(
    database: str,
    others: Callable[[Platform], Roles] = lambda _: (),
    computing: Computing | None = None,
) -> AsyncIterator[Ground]:
    """Every role on an event's way, an API, and an environment that somebody may do anything in."""

    def before(platform: Platform) -> Roles:
        given = settings_of(database, member="one")
        return (
            ("trigger-ingest", trigger_ingest(platform, IngestSettings(**given))),
            ("matcher", matcher(platform, MatcherSettings(**given))),
            *others(platform),
        )

    async with (
        open_works(database, before=before, keyring=ring("k1")) as works,
        open_api(works, OPERATOR, computing=computing) as client,
    ):
        operator = Asker(client, OPERATOR)
        own = await operator.new_environment("hostile")
        asker = await operator.key(list(Scope), own)
        ids = await fill(works, asker, own)
        hooked = {"name": "hook", "triggers": [{"id": "hook", "kind": "webhook"}], "steps": _STEPS}
        _, flow = await asker.ask("POST", "/v1/workflows", hooked)
        ids["hooks"] = str(flow["webhook_url"]).rpartition("/")[2]
        yield Ground(works, asker, ids)


async def attack(
    ground: Ground,
    *,
    each: int | None,
    start: int = SEED,
    tell: Callable[[int], None] = lambda _: None,
) -> Seen:
    """Ask everything, ``AT_ONCE`` at a time; at the end a good event is to go its way."""
    seen = Seen()
    with logged(seen):
        waiting = iter(attacks(ground.ids, each, start))
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(_ask_all(ground, waiting, seen, tell))
        await still_works(ground)
    return seen


async def still_works(ground: Ground) -> None:
    """A good event runs its workflow, and every role is ready."""
    asker = ground.asker
    body = {"name": "good", "triggers": [{"event_name": GOOD}], "steps": _STEPS}
    status, flow = await asker.ask("POST", "/v1/workflows", body)
    async with asyncio.timeout(WITHIN_S):  # what was asked last may still be computed
        while status == HTTPStatus.SERVICE_UNAVAILABLE:
            await asyncio.sleep(0.1)
            status, flow = await asker.ask("POST", "/v1/workflows", body)
    assert status == 201, flow
    assert (await asker.ask("POST", "/v1/events", {"event": GOOD, "payload": 1}))[0] == 202
    ended = f"workflow_id = '{flow['id']}' AND status = 'COMPLETED'"
    question = f"SELECT count(*) FROM executions WHERE {ended}"
    await until(ground.works.pool, question, 1, within_s=WITHIN_S)
    assert ground.works.platform.health.is_ready, ground.works.platform.health.roles


async def _ask_all(
    ground: Ground, waiting: Iterator[Attack], seen: Seen, tell: Callable[[int], None]
) -> None:
    for one in waiting:
        asked = written(one, ground.asker.secret or "")
        reply = await _ask(ground, asked)
        place = f"{one.route.method} {one.route.path}"
        seen.statuses[one.kind, 0 if reply is None else reply.status] += 1
        fault = fault_of(one, reply)
        if fault is not None:
            body = b"" if reply is None else reply.body
            seen.note(one.kind, place, fault, f"{asked[:400]!r}: {body[:200]!r}")
        tell(seen.statuses.total())


def fault_of(one: Attack, reply: Reply | None) -> str | None:
    """What is wrong with an answer; None: nothing."""
    if reply is None:
        return "no answer"
    if reply.status >= 500 or b"Traceback" in reply.body:
        return f"a {reply.status}"
    return None if reply.status < 400 else _fault_of_refusal(one, reply)


def unlike(form: Form, refusal: bytes) -> str | None:
    """Why a refusal is not as its system's are; None: it is."""
    listed: Any = GenericAlias(list, form.kind)
    kind = TypeAdapter[Any](listed, config=ConfigDict(extra="forbid", strict=True))
    try:
        kind.validate_json(b"[%b]" % refusal)
    except ValidationError as error:
        return f"a refusal of another shape: {error}"
    return None


def _fault_of_refusal(one: Attack, reply: Reply) -> str | None:
    form = next((f for prefix, f in FORMS.items() if one.route.path.startswith(prefix)), NATIVE)
    if reply.media != form.media:
        # What is no HTTP, or longer than HTTP may be, is refused before any of us sees it.
        is_http = one.kind in ("document", "field", "name")
        return f"a {reply.status} of {reply.media}" if is_http or reply.status != 400 else None
    fault = unlike(form, reply.body)
    if fault is not None or form is not NATIVE:
        return fault
    errors = orjson.loads(reply.body).get("errors", [])
    if reply.status in (400, 422) and not errors:
        return f"a {reply.status} that names no place"
    is_placed = all(error["pointer"][:1] in ("", "/") for error in errors)
    return None if is_placed else "a pointer that is none"


def written(one: Attack, secret: str) -> bytes:
    """A request as it is sent."""
    lines = [f"{one.route.method} {one.path} HTTP/1.1".encode(), b"Host: turnout.test"]
    lines += [f"Authorization: Bearer {secret}".encode(), b"Connection: close"]
    lines += [name.encode() + b": " + value for name, value in one.headers]
    lines += [] if one.body is None else [b"Content-Length: %d" % len(one.body)]
    return b"\r\n".join((*lines, b"", one.body or b""))


async def _ask(ground: Ground, asked: bytes) -> Reply | None:
    """The answer; None: there was none that is HTTP. Of a stream only the head is read."""
    async with asyncio.timeout(WITHIN_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", ground.asker.client.port)
        try:
            writer.write(asked)
            head = await reader.readuntil(b"\r\n\r\n")
            lines = head.decode("latin-1").split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
            media = headers.get("content-type", "").partition(";")[0]
            body = b"" if media == "text/event-stream" else await reader.read()
            return Reply(int(lines[0].split()[1]), media, body)
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


@contextmanager
def logged(seen: Seen) -> Iterator[None]:
    """Takes note of each error, stack trace and interrupted role in the log meanwhile."""
    handler = _Errors(seen)
    logging.getLogger().addHandler(handler)
    try:
        with structlog.testing.capture_logs() as entries:
            yield
    finally:
        logging.getLogger().removeHandler(handler)
    for entry in _bad(entries):
        seen.note("log", str(entry["event"]), str(entry.get("reason", "")), str(entry))


def _bad(entries: Iterable[Any]) -> Iterator[Any]:
    for entry in entries:
        is_bad = entry["log_level"] in ("error", "critical") or entry.get("exc_info")
        if is_bad or entry["event"] in ("role_interrupted", "request_unavailable"):
            yield entry


class _Errors(logging.Handler):
    def __init__(self, seen: Seen) -> None:
        super().__init__(logging.WARNING)
        self._seen = seen

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info or record.levelno >= logging.ERROR:
            told = f"{record.getMessage()} {record.exc_info and record.exc_info[1]!r}"
            self._seen.note("log", record.name, record.getMessage(), told)
