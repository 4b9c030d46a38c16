"""Each record we write has the schema we document, and is a CloudEvent to others."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
import pytest
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent as OracleEvent
from pydantic import TypeAdapter

from services.executor.consequences import consequences
from shared.domain.asked import Asked
from shared.domain.causes import Cause
from shared.domain.errors import Defect
from shared.domain.events import Event
from shared.domain.executions import Attempt, AttemptStatus, Entry, Phase
from shared.domain.ids import EnvironmentId, EventKey, ExecutionId, StepId, WorkflowId
from shared.domain.outcomes import ErrorKind, StepError, Wait, WaitKind
from shared.domain.signals import Decided, TurnCame
from shared.wire.commands import (
    Cancel,
    Start,
    Tell,
    decode_command,
    encode_cancel,
    encode_start,
    encode_tell,
    encode_turn,
)
from shared.wire.dead_letters import DeadLetter, encode_dead_letter
from shared.wire.events import decode_event, encode_event
from shared.wire.lineage import Lineage, Parent, Repeat, Replay, read_lineage
from shared.wire.messages import (
    CancelData,
    CloudEvent,
    DeadLetterData,
    ExecutionData,
    SignalData,
    StartData,
    StepResultData,
    TaskData,
    TriggerEvent,
    TruncatedResultData,
)
from shared.wire.results import Origin, encode_phases, encode_result, truncated
from shared.wire.topics import Topics

NOW = datetime(2026, 11, 22, 1, 2, 3, 4, tzinfo=UTC)
EVENT = Event(
    key=EventKey(UUID(int=1)),
    environment_id=EnvironmentId(UUID(int=2)),
    type="user:created",
    source="/crm",
    id="e1",
    subject="user 7",
    received_at=NOW,
    time=NOW,
    payload={"name": "Ada", "tags": [1, None, 2.5]},
    attributes={"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
)
ORIGIN = Origin(
    execution_id=ExecutionId(UUID(int=3)),
    workflow_id=WorkflowId(UUID(int=4)),
    workflow_version=5,
    environment_id=EVENT.environment_id,
    event_key=EVENT.key,
    cause=Cause(root=EVENT.key, depth=0, path=(WorkflowId(UUID(int=4)),)),
)
ATTEMPT = Attempt(
    step_id=StepId("s0"),
    number=2,
    status=AttemptStatus.RETRYING,
    started_at=NOW,
    ended_at=NOW,
    input={"a": 1},
    error=StepError(kind=ErrorKind.HTTP, message="503", retryable=True, status=503),
    wake_at=NOW,
)
CANCEL = Cancel(execution_id=ORIGIN.execution_id, reason="enough", requested_at=NOW)
START = encode_start(ORIGIN.execution_id, ORIGIN.workflow_id, 5, encode_event(EVENT), NOW)
TELL = Tell(
    execution_id=ORIGIN.execution_id,
    signal=Decided(step_id=StepId("s0"), decision="approve", decision_id="d", by="ada"),
    tell_id="t1",
    at=NOW,
)


def follows(wait: Wait) -> bytes:
    """The record that follows from a step's waiting."""
    attempt = Attempt(
        step_id=StepId("s0"),
        number=1,
        status=AttemptStatus.WAITING,
        started_at=NOW,
        ended_at=NOW,
        output={"kind": wait.kind.value, **wait.data},
        wake_at=NOW,
    )
    [record] = consequences(ORIGIN, Entry(position=2, attempt=attempt), NOW, Topics())
    return record.value or b""


CHILD_START = follows(
    Wait(
        kind=WaitKind.SUBWORKFLOW,
        data={
            "execution_id": str(UUID(int=9)),
            "workflow_id": str(UUID(int=8)),
            "workflow_version": 2,
            "input": {"a": 1},
            "waits": True,
        },
    )
)
TASK = follows(
    Wait(
        kind=WaitKind.TASK,
        data={"action": "a:b", "task_id": "x", "input": 1, "heartbeat_s": None, "timeout_s": 5.0},
    )
)
LETTER = DeadLetter(
    reason="UNREADABLE",
    detail="This is not JSON.",
    pointer="",
    topic="turnout.events",
    partition=1,
    offset=2,
    key=b"k",
    value=b"{",
)
RESULT = encode_result(ORIGIN, Entry(position=7, attempt=ATTEMPT)) or b""
RECORDS: dict[str, tuple[bytes, Any]] = {
    "start": (START, StartData),
    "cancel": (encode_cancel(CANCEL), CancelData),
    "signal": (encode_tell(TELL), SignalData),
    "child's start": (CHILD_START, StartData),
    "task": (TASK, TaskData),
    "result": (RESULT, StepResultData),
    "truncated result": (truncated(RESULT), TruncatedResultData),
    "phase": (
        encode_phases(ORIGIN, Entry(position=1, phases=(Phase.CREATED,)), NOW)[0],
        ExecutionData,
    ),
    "dead letter": (encode_dead_letter(LETTER, NOW), DeadLetterData),
}


@pytest.mark.parametrize("name", RECORDS)
def test_a_record_has_its_documented_schema(name: str) -> None:
    """Envelope and data check against their TypedDicts; the data has no field beside them."""
    value, schema = RECORDS[name]
    record = orjson.loads(value)
    TypeAdapter(CloudEvent).validate_python(record, strict=True)
    checked = TypeAdapter(schema).validate_python(record["data"])
    assert checked.keys() == record["data"].keys()


@pytest.mark.parametrize("name", RECORDS)
def test_a_record_is_a_cloud_event_to_others(name: str) -> None:
    """The CloudEvents SDK reads the same id, type, source, subject and time."""
    value, _ = RECORDS[name]
    record = orjson.loads(value)
    read = JSONFormat().read(OracleEvent, value)
    assert read.get_id() == record["id"]
    assert read.get_type() == record["type"]
    assert read.get_source() == record["source"]
    assert read.get_subject() == record["subject"]
    assert read.get_time() == NOW


def test_an_event_survives_the_bus() -> None:
    """What is decoded is what was encoded, attributes included; the schema is the documented."""
    value = encode_event(EVENT)
    TypeAdapter(TriggerEvent).validate_json(value)
    assert decode_event(orjson.loads(value)) == EVENT


def test_commands_survive_the_bus() -> None:
    """A start carries the event as it stands on triggers; a cancellation its reason and time."""
    start = decode_command(START)
    assert isinstance(start, Start)
    assert (start.execution_id, start.workflow_version) == (ORIGIN.execution_id, 5)
    assert decode_event(start.event) == EVENT
    assert decode_command(encode_cancel(CANCEL)) == CANCEL


def test_what_was_asked_survives_the_bus() -> None:
    """With the executions that it belongs to; words of a newer Turnout are passed over."""
    lineage = Lineage(
        parent=Parent(
            execution_id=ORIGIN.execution_id, step_id=StepId("s0"), attempt=1, waits=True
        ),
        repeats=Repeat(
            execution_id=ORIGIN.execution_id, step_id=StepId("s1"), is_only=True, due_at=NOW
        ),
        asked=Asked(locale="en", overrides={"a": [1]}, parameters={}, force=True),
        replay=Replay(replay_id=ORIGIN.event_key, again=True),
    )
    command = encode_start(
        ORIGIN.execution_id, ORIGIN.workflow_id, 5, encode_event(EVENT), NOW, lineage=lineage
    )
    start = decode_command(START)
    assert isinstance(start, Start)
    assert decode_command(command) == replace(start, lineage=lineage)
    newer = {"asked": {"locale": "en", "colour": "red"}}
    assert read_lineage(newer) == Lineage(asked=Asked(locale="en"))


def test_a_turn_is_told() -> None:
    """What the record says of it is what is read from it."""
    turn = decode_command(encode_turn(ORIGIN.execution_id, NOW, "/here"))
    assert isinstance(turn, Tell)
    assert (turn.execution_id, turn.signal, turn.at) == (
        ORIGIN.execution_id,
        TurnCame(step_id=StepId("$turn")),
        NOW,
    )


def test_what_could_not_be_kept_is_no_command() -> None:
    """Nested deeper than can be written again, or at a time that UTC does not have."""
    start, cancel = orjson.loads(START), orjson.loads(encode_cancel(CANCEL))
    ends = "9999-12-31T23:59:59-14:00"
    bottomless = START.replace(b'"data":', b'"deep":%b,"data":' % (b"[" * 300 + b"]" * 300), 1)
    start["data"]["expires_at"] = ends
    for wrong in (bottomless, orjson.dumps(start), orjson.dumps({**cancel, "time": ends})):
        with pytest.raises(Defect):
            decode_command(wrong)


def test_the_same_entry_gives_the_same_bytes() -> None:
    """A repeated record is the same record, to the byte; another position has another id."""
    entry = Entry(position=7, attempt=ATTEMPT, phases=(Phase.FAILED,))
    assert encode_result(ORIGIN, entry) == encode_result(ORIGIN, entry)
    assert encode_phases(ORIGIN, entry, NOW) == encode_phases(ORIGIN, entry, NOW)
    other = encode_result(ORIGIN, Entry(position=8, attempt=ATTEMPT))
    assert orjson.loads(other or b"")["id"] == f"{ORIGIN.execution_id}:8"
