"""Records that mean badly, for each topic that others publish to."""

from collections.abc import Callable, Iterator, Sequence
from itertools import cycle
from random import Random
from typing import Any, Final
from uuid import UUID, uuid4

import orjson

from shared.bus.protocol import Headers, Record
from shared.domain.ids import ExecutionId, StepId
from shared.domain.outcomes import ErrorKind, StepError
from shared.domain.signals import Arrived, Decided, Submitted, TaskEnded, Told
from shared.domain.workflows import Workflow
from shared.wire.topics import Topics
from tests.contract.hostile_cases import CLOUD_EVENT, SEED, put, within
from tests.contract.hostile_served import WITHIN_S, Ground, Seen, logged, still_works
from tests.support.corpora import documents, texts, values
from tests.support.works import (
    NOTE,
    cancel_command,
    signal_command,
    start_command,
    start_in,
    until,
    workflow,
)

AT_ONCE: Final = 200
WAITING: Final = 300
PLAIN: Final = {
    "event": "never",
    "id": "1",
    "payload": {"a": {"b": [1, "x"]}},
    "environment_id": "00000000-0000-4000-8000-000000000001",
    "created_at": "2026-11-22T10:00:00Z",
    "source": "/s",
    "subject": "s",
}
HEADERS: Final = (
    *("ce_id", "ce_type", "ce_source", "ce_subject", "ce_time", "ce_specversion", "ce_any"),
    *("ce_environmentid", "ce_turnoutdepth", "ce_turnoutroot", "content-type", "traceparent"),
)
BAD_LETTERS: Final = """
SELECT count(*) FROM dead_letters WHERE reason = '' OR (pointer <> '' AND pointer NOT LIKE '/%')
"""

_FAULT: Final = StepError(kind=ErrorKind.REMOTE, message="m", retryable=True, retry_after_s=1)

Made = Callable[[Any, Any], Record]


async def attack_records(ground: Ground, *, each: int | None, start: int = SEED) -> Seen:
    """Publish everything; then a good record in each partition of each topic is to go its way."""
    seen, works = Seen(), ground.works
    flow = await works.register(workflow(NOTE))
    waiting = await _waiting(ground)
    with logged(seen):
        sent: list[Record] = []
        for kind, record in hostile(works.platform.topics, flow, waiting, each, start):
            seen.statuses[kind, 0] += 1
            sent.append(record)
            if len(sent) == AT_ONCE:
                await works.platform.bus.publish(sent)
                sent = []
        await works.platform.bus.publish(sent)
        await _good_ones_run(ground, flow)
        await still_works(ground)
    letters = await works.pool.fetchval("SELECT count(*) FROM dead_letters")
    assert letters > 0, "nothing was refused"
    await until(works.pool, BAD_LETTERS, 0)
    return seen


def hostile(
    topics: Topics, flow: Workflow, waiting: Sequence[ExecutionId], each: int | None, start: int
) -> Iterator[tuple[str, Record]]:
    """``each`` so many of each kind, drawn; None: all. With what kind each is.

    Starts are of ``flow``; what executions are told is for those that are ``waiting``.
    """
    chance = Random(start)
    for kind, places, payloads, made in [
        *_events(topics.sources[0]),
        *_task_results(topics.task_results, waiting),
        *_commands(topics.commands, flow, waiting),
    ]:
        whole = len(places) * len(payloads)
        for number in chance.sample(range(whole), whole if each is None else min(each, whole)):
            place, payload = divmod(number, len(payloads))
            yield kind, made(places[place], payloads[payload])


def _events(topic: str) -> Iterator[tuple[str, Sequence[Any], Sequence[Any], Made]]:
    words = [text.encode("utf-8", "surrogatepass") for text in texts()]
    raw = [*documents().values()]
    yield "event as it is", [b"", None, b"x"], raw, lambda key, doc: Record(topic, key, doc)
    yield (
        "event's payload",
        [0],
        raw,
        lambda _, doc: Record(topic, None, b'{"event":"never","payload":%b}' % doc),
    )
    yield "event's data", [0], raw, lambda _, doc: Record(topic, None, doc, _binary())
    for plain in (PLAIN, CLOUD_EVENT):
        yield "event's field", [*within(plain)], values(), _written(topic, plain)
    yield (
        "event's name",
        [0],
        words,
        lambda _, word: Record(topic, None, b'{"event":"never",%b:1}' % _quoted(word)),
    )
    yield "event's key", [0], words, lambda _, word: Record(topic, word, b'{"event":"never"}')
    yield (
        "event's header",
        HEADERS,
        words,
        lambda name, word: Record(
            topic, None, b"{}", (*(h for h in _binary() if h[0] != name), (name, word))
        ),
    )


def _binary() -> Headers:
    own = str(uuid4()).encode()
    return ("ce_specversion", b"1.0"), ("ce_id", own), ("ce_source", b"/s"), ("ce_type", b"never")


def _commands(
    topic: str, flow: Workflow, waiting: Sequence[ExecutionId]
) -> Iterator[tuple[str, Sequence[Any], Sequence[Any], Made]]:
    yield "command as it is", [0], [*documents().values()], lambda _, doc: Record(topic, b"k", doc)
    _, begun = start_command(flow, {"a": 1})
    yield "start", [*within(orjson.loads(begun))], values(), _started(topic, flow)
    commands = [*(signal_command(waiting[0], t) for t in _signals()), cancel_command(waiting[0])]
    told = [orjson.loads(command) for command in commands]
    for document in told:
        written = [
            _written(topic, _for(document, id_), str(id_).encode()) for id_ in reversed(waiting)
        ]
        places = [place for place in within(document) if "data" in place or document is told[-1]]
        yield "command", places, values(), _in_turn(written)


def _for(document: Any, id_: ExecutionId) -> Any:
    return {**document, "data": {**document["data"], "execution_id": str(id_)}}


def _signals() -> Iterator[Told]:
    yield Decided(step_id=StepId("ask"), decision="approve", decision_id="d", by="me", comment="c")
    yield Submitted(step_id=StepId("form"), data={"a": 1}, decision_id="d", button="b", by="me")
    yield Arrived(step_id=StepId("ask"), event={"type": "t", "data": 1})
    yield TaskEnded(step_id=StepId("work"), attempt=1, output={"a": 1}, error=None)
    yield TaskEnded(step_id=StepId("work"), attempt=1, output=None, error=_FAULT)


def _task_results(
    topic: str, waiting: Sequence[ExecutionId]
) -> Iterator[tuple[str, Sequence[Any], Sequence[Any], Made]]:
    raw = [*documents().values()]
    yield "task result as it is", [0], raw, lambda _, doc: Record(topic, b"k", doc)
    for status, more in (
        ("completed", {"output": {"a": 1}}),
        (
            "failed",
            {"error": {"message": "m", "retryable": True, "kind": "remote", "retry_after_s": 1}},
        ),
        ("heartbeat", {"progress": {"a": 1}}),
    ):
        documents_ = [
            {
                "type": "turnout.task-result",
                "data": {"task_id": f"{id_}:work:1", "status": status, **more},
            }
            for id_ in waiting
        ]
        written = [_written(topic, each) for each in documents_]
        yield "task result", [*within(documents_[0])], values(), _in_turn(written)


def _in_turn(makers: Sequence[Made]) -> Made:
    """What is taken ends the wait of one of many; the others go on waiting for the rest."""
    turns = cycle(makers)

    def made(place: Any, raw: Any) -> Record:
        return next(turns)(place, raw)

    return made


def _written(topic: str, plain: Any, key: bytes | None = None) -> Made:
    """Under an id of its own each, where there are ids: what is sent twice is not looked at."""

    def made(place: Sequence[str | int], raw: bytes) -> Record:
        own = {**plain, "id": str(uuid4())} if "id" in plain else plain
        return Record(topic, key, orjson.dumps(put(own, place, orjson.Fragment(raw))))

    return made


def _started(topic: str, flow: Workflow) -> Made:
    """Of an execution of its own each, since none is started twice."""

    def made(place: Sequence[str | int], raw: bytes) -> Record:
        id_, command = start_command(flow, {"a": 1})
        document = put(orjson.loads(command), place, orjson.Fragment(raw))
        return Record(topic, str(id_).encode(), orjson.dumps(document))

    return made


def _quoted(word: bytes) -> bytes:
    return orjson.dumps(word.decode("utf-8", "replace"))


async def _waiting(ground: Ground) -> list[ExecutionId]:
    """Executions of what waits for an approval, a form and a worker."""
    path = f"/v1/workflows/{ground.ids['workflows']}/executions"
    started = [(await ground.asker.ask("POST", path))[1] for _ in range(WAITING)]
    await until(ground.works.pool, f"SELECT count(*) >= {3 * WAITING} FROM waits", within_s=60)
    return [ExecutionId(UUID(each["execution_id"])) for each in started]


async def _good_ones_run(ground: Ground, flow: Workflow) -> None:
    """What comes behind in every partition is read, and so is everything before it."""
    works = ground.works
    topics, bus = works.platform.topics, works.platform.bus
    heard = await works.register({**workflow(NOTE), "triggers": [{"event_name": "at:last"}]})
    partitions = range(await bus.partitions(topics.sources[0]))
    event = b'{"event":"at:last"}'
    await bus.publish([Record(topics.sources[0], None, event, partition=n) for n in partitions])
    started = [await start_in(works, flow, n) for n in range(await bus.partitions(topics.commands))]
    listed = ", ".join(f"'{id_}'" for id_ in started)
    for which, count in (
        (f"id IN ({listed})", len(started)),
        (f"workflow_id = '{heard.id}'", len(partitions)),
    ):
        question = f"SELECT count(*) FROM executions WHERE status = 'COMPLETED' AND {which}"
        await until(works.pool, question, count, within_s=WITHIN_S)
