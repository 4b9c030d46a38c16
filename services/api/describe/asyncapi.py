"""The AsyncAPI document: the topics that others write to and read, and what stands on them.

``triggers`` and ``commands`` are Turnout's own, and not in it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final, Literal

from services.api.describe.json_schemas import schemas_of
from shared.domain.executions import AttemptStatus, Phase
from shared.wire.documents.events import CloudEvent, PlainEvent
from shared.wire.envelope import CLOUD_EVENT
from shared.wire.messages import (
    CausedEvent,
    DeadLetterData,
    ExecutionData,
    StepResultData,
    TaskData,
    TaskResultData,
    TruncatedResultData,
)
from shared.wire.topics import Topics

Json = Mapping[str, Any]

_ABOUT: Final = """\
Publishers write events to the source topics, workers their answers to the topic of task results;
everybody else reads. Records are CloudEvents 1.0 in JSON. What Turnout writes it may write more
than once, with the same `id`; what it reads it takes once for each `source` and `id`. Records of
one execution have one key, and keep their order. Fields may be added: pass over those that you do
not know."""

_HEADERS: Final[Mapping[str, Json]] = {
    "structured": {
        "type": "object",
        "properties": {"content-type": {"type": "string", "const": CLOUD_EVENT}},
        "required": ["content-type"],
    },
    "binary": {
        "type": "object",
        "properties": {
            "content-type": {"type": "string", "description": "JSON, or a text."},
            **{
                f"ce_{name}": {"type": "string"}
                for name in ("specversion", "id", "source", "type", "subject", "time")
            },
            "ce_environmentid": {"type": "string", "format": "uuid"},
        },
        "required": ["ce_type"],
    },
    "plain": {"type": "object"},
}
"""The headers of a record, by the way in which it is an event."""
_EXECUTION: Final[Json] = {"type": "string", "format": "uuid", "description": "The execution's id."}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Message:
    """What may stand on a topic.

    Records of ours are an ``envelope`` whose ``data`` is one of some kinds, with one of ``types``;
    those of publishers are just the envelope.
    """

    title: str
    about: str
    key: Json
    envelope: Any = CausedEvent
    data: tuple[Any, ...] = ()
    types: Sequence[str] = ()
    mode: Literal["structured", "binary", "plain"] = "structured"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Channel:
    """A topic; ``action`` is what Turnout does there, ``reply`` the channel of its answers."""

    address: str
    about: str
    action: Literal["send", "receive"]
    messages: Mapping[str, _Message]
    parameters: Json | None = None
    reply: str | None = None


_PUBLISHED: Final = _Message(
    title="An event, as a CloudEvent",
    about="In the structured mode: the record's value is the whole of it.",
    key={
        "type": "string",
        "description": "The publisher's choice; events of one are in order.",
    },
    envelope=CloudEvent,
)
_EVENTS: Final[Mapping[str, _Message]] = MappingProxyType(
    {
        "CloudEvent": _PUBLISHED,
        "BinaryCloudEvent": replace(
            _PUBLISHED,
            title="An event, as a CloudEvent in the binary mode",
            about="Its attributes are headers, its data the value.",
            envelope=None,
            mode="binary",
        ),
        "PlainEvent": replace(
            _PUBLISHED,
            title="An event in Turnout's own words",
            about="Without any header.",
            envelope=PlainEvent,
            mode="plain",
        ),
    }
)
_RESULT: Final = _Message(
    title="A step's result",
    about="An attempt of a step ended, or began to wait.",
    key=_EXECUTION,
    data=(StepResultData, TruncatedResultData),
    types=[f"turnout.step.{status.lower()}" for status in AttemptStatus],
)
_PHASE: Final = _Message(
    title="An execution's phase",
    about="An execution began, ended, or went on to another phase.",
    key=_EXECUTION,
    data=(ExecutionData,),
    types=[f"workflow_execution:{phase}" for phase in Phase],
)
_TASK: Final = _Message(
    title="A task",
    about="A step waits for a worker to do this.",
    key=_EXECUTION,
    data=(TaskData,),
    types=["turnout.task"],
)
_TASK_RESULT: Final = _Message(
    title="A task's result",
    about="A worker has done a task, failed, or is still at it.",
    key=_EXECUTION,
    envelope=CloudEvent,
    data=(TaskResultData,),
    types=["turnout.task-result"],
)
_DEAD_LETTER: Final = _Message(
    title="A dead letter",
    about="A record could not be used.",
    key={"description": "The record's own key, unless it is longer than 1,024 bytes."},
    envelope=CloudEvent,
    data=(DeadLetterData,),
    types=["turnout.dead-letter"],
)


def asyncapi_document(topics: Topics, version: str) -> dict[str, Any]:
    """The document, in AsyncAPI 3.0, of a deployment's topics."""
    channels = _channels(topics)
    messages = {k: m for channel in channels.values() for k, m in channel.messages.items()}
    kinds = [kind for m in messages.values() for kind in (m.envelope, *m.data) if kind is not None]
    schemas = schemas_of(kinds)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Turnout",
            "version": version,
            "description": _ABOUT,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": CLOUD_EVENT,
        "channels": {name: _channel(channel) for name, channel in channels.items()},
        "operations": {
            f"{channel.action}_{name}": _operation(name, channel)
            for name, channel in channels.items()
        },
        "components": {
            "messages": {name: _message(name, one, schemas.of) for name, one in messages.items()},
            "schemas": dict(sorted(schemas.shared.items())),
        },
    }


def _channels(topics: Topics) -> dict[str, _Channel]:
    """Every topic that is for others, by a name that no setting changes."""
    about = "Events that publishers send."
    sources = {
        "events" if place == 0 else f"events_{place}": _Channel(
            address=topic, about=about, action="receive", messages=_EVENTS
        )
        for place, topic in enumerate(topics.sources)
    }
    return {**sources, **_told(topics), **_work(topics)}


def _told(topics: Topics) -> dict[str, _Channel]:
    """What became of things."""
    return {
        "step_results": _Channel(
            address=topics.step_results,
            about="What became of each attempt of each step.",
            action="send",
            messages={"StepResult": _RESULT},
        ),
        "executions": _Channel(
            address=topics.executions,
            about="The lifecycle of executions.",
            action="send",
            messages={"ExecutionPhase": _PHASE},
        ),
        "dead_letters": _Channel(
            address=topics.dead_letters,
            about="Records that could not be used, with the reason.",
            action="send",
            messages={"DeadLetter": _DEAD_LETTER},
        ),
    }


def _work(topics: Topics) -> dict[str, _Channel]:
    """What workers are asked, and answer."""
    action = "The action's name; what a topic's name cannot hold becomes a dash."
    return {
        "tasks": _Channel(
            address=f"{topics.tasks('')}{{action}}",
            about="Work for the workers of one action.",
            action="send",
            messages={"Task": _TASK},
            parameters={"action": {"description": action}},
            reply="task_results",
        ),
        "task_results": _Channel(
            address=topics.task_results,
            about="What workers answer, by the topic or over HTTP.",
            action="receive",
            messages={"TaskResult": _TASK_RESULT},
        ),
    }


def _channel(channel: _Channel) -> dict[str, Any]:
    parameters = {} if channel.parameters is None else {"parameters": channel.parameters}
    return {
        "address": channel.address,
        "description": channel.about,
        **parameters,
        "messages": {name: _at("components", "messages", name) for name in channel.messages},
    }


def _operation(name: str, channel: _Channel) -> dict[str, Any]:
    reply = {}
    if channel.reply is not None:
        reply = {"reply": {"channel": _at("channels", channel.reply)}}
    return {
        "action": channel.action,
        "channel": _at("channels", name),
        "summary": channel.about,
        "messages": [_at("channels", name, "messages", one) for one in channel.messages],
        **reply,
    }


def _message(name: str, message: _Message, of: Mapping[Any, Json]) -> dict[str, Any]:
    return {
        "name": name,
        "title": message.title,
        "summary": message.about,
        "contentType": CLOUD_EVENT if message.mode == "structured" else "application/json",
        "headers": _HEADERS[message.mode],
        "payload": _payload(message, of),
        "bindings": {"kafka": {"key": message.key, "bindingVersion": "0.5.0"}},
    }


def _payload(message: _Message, of: Mapping[Any, Json]) -> Json:
    if message.envelope is None:
        return {"description": "Any JSON, or a text."}
    if not message.data:
        return of[message.envelope]
    shapes = [of[kind] for kind in message.data]
    own = {
        "type": "object",
        "properties": {
            "type": {"type": "string", "enum": [*message.types]},
            "data": shapes[0] if len(shapes) == 1 else {"anyOf": shapes},
        },
        "required": ["data"],
    }
    return {"allOf": [of[message.envelope], own]}


def _at(*path: str) -> dict[str, str]:
    return {"$ref": "/".join(("#", *path))}
