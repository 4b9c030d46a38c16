"""The AsyncAPI document is one, and says of each record what its writer writes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest
from jsonschema_rs import Validator, validator_for

from services.api.describe.asyncapi import asyncapi_document
from services.executor.task_results import TaskResult
from shared.domain.executions import Attempt, AttemptStatus, Entry, Phase
from shared.domain.ids import StepId
from shared.wire.envelope import CLOUD_EVENT, dumps
from shared.wire.intake import EventLimits, read_event
from shared.wire.results import encode_phases, encode_result
from shared.wire.topics import Topics
from tests.support.tasks import result
from tests.unit.wire.test_records import EVENT, NOW, ORIGIN, RECORDS

META = Path(__file__).parents[2] / "support" / "asyncapi" / "3.0.0.json"
TOPICS = Topics(prefix="acme", sources=("shop.orders", "shop.users"))
DOCUMENT: Mapping[str, Any] = orjson.loads(dumps(asyncapi_document(TOPICS, "1.2.3")))
OURS = {
    "StepResult": ("result", "truncated result"),
    "ExecutionPhase": ("phase",),
    "Task": ("task",),
    "DeadLetter": ("dead letter",),
}
"""The records of each message that Turnout writes."""


def checker(name: str) -> Validator:
    """What judges the values of a message, by the document alone."""
    payload = DOCUMENT["components"]["messages"][name]["payload"]
    return validator_for({**payload, "components": DOCUMENT["components"]}, validate_formats=True)


def test_it_is_an_asyncapi_document() -> None:
    """It has the form that AsyncAPI's own schema asks for; every reference leads somewhere."""
    checks = validator_for(orjson.loads(META.read_bytes()))
    assert [str(error) for error in checks.iter_errors(DOCUMENT)] == []
    assert not checks.is_valid({**DOCUMENT, "channels": {"x": {"adress": "y"}}})
    for reference in references(DOCUMENT):
        node: Any = DOCUMENT
        for part in reference.split("/")[1:]:
            node = node[part]


def references(node: Any) -> list[str]:
    """What a document refers to."""
    if isinstance(node, list):
        return [found for each in node for found in references(each)]
    if not isinstance(node, dict):
        return []
    own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
    return own + [found for each in node.values() for found in references(each)]


def test_the_topics_are_those_of_the_deployment() -> None:
    """Each that is for others under its real name, with what Turnout does there; no other."""
    channels, operations = DOCUMENT["channels"], DOCUMENT["operations"]
    done = {
        channels[one["channel"]["$ref"].rpartition("/")[2]]["address"]: one["action"]
        for one in operations.values()
    }
    others = {topic for topic in TOPICS.all if topic not in (TOPICS.triggers, TOPICS.commands)}
    assert done == {
        **dict.fromkeys(others, "send"),
        **dict.fromkeys((*TOPICS.sources, TOPICS.task_results), "receive"),
        "acme.tasks.{action}": "send",
    }
    assert TOPICS.tasks("ship") == "acme.tasks.{action}".replace("{action}", "ship")


@pytest.mark.parametrize("name", OURS)
def test_what_is_written_is_what_is_said(name: str) -> None:
    """Each record has its schema; with a field of another type, or without one, it has not."""
    checks = checker(name)
    for record in OURS[name]:
        written = orjson.loads(RECORDS[record][0])
        checks.validate(written)
        for field in written["data"]:
            rest = {k: v for k, v in written["data"].items() if k != field}
            if field != "truncated":
                assert not checks.is_valid({**written, "data": rest}), field
        assert not checks.is_valid({**written, "type": "turnout.other"})
        assert not checks.is_valid({**written, "time": "yesterday"})
        assert not checks.is_valid({**written, "data": None})
        assert not checks.is_valid({k: v for k, v in written.items() if k != "data"})


def test_every_status_and_phase_has_its_type() -> None:
    """However an attempt ended, and whichever phase began, its record has the schema."""
    results, phases = checker("StepResult"), checker("ExecutionPhase")
    for status in AttemptStatus:
        attempt = Attempt(
            step_id=StepId("s0"), number=1, status=status, started_at=NOW, ended_at=NOW
        )
        record = encode_result(ORIGIN, Entry(position=2, attempt=attempt))
        results.validate(orjson.loads(record or b""))
    for record in encode_phases(ORIGIN, Entry(position=3, phases=tuple(Phase)), NOW):
        phases.validate(orjson.loads(record))


EVENTS = {
    "CloudEvent": {
        "specversion": "1.0",
        "id": "e1",
        "source": "/shop",
        "type": "order:placed",
        "time": "2026-11-22T10:00:00Z",
        "data": {"total": 7},
    },
    "PlainEvent": {"event": "order:placed", "payload": {"total": 7}, "colour": "red"},
}
"""As publishers write them."""


@pytest.mark.parametrize("name", EVENTS)
def test_an_event_as_documented_is_taken(name: str) -> None:
    """What the schema lets through is read as an event; without a type neither takes it."""
    value, checks = EVENTS[name], checker(name)
    headers = [("content-type", CLOUD_EVENT.encode())] if name == "CloudEvent" else []
    checks.validate(value)
    read = read_event(
        dumps(value),
        headers,
        fallback_id="f",
        default_source="/s",
        default_environment=EVENT.environment_id,
        received_at=NOW,
        limits=EventLimits(),
    )
    assert (read.type, read.payload) == ("order:placed", {"total": 7})
    assert not checks.is_valid({k: v for k, v in value.items() if k not in ("type", "event")})


def test_a_workers_answer_as_documented_is_taken() -> None:
    """Each of the three that there are has the schema, and the executor reads it."""
    checks = checker("TaskResult")
    said: list[tuple[str, dict[str, Any]]] = [
        ("completed", {"output": {"a": 1}}),
        ("failed", {"error": {"message": "no", "retryable": False}}),
        ("heartbeat", {"progress": {"done": 3}}),
    ]
    for status, more in said:
        record = orjson.loads(result("t", status, **more))
        checks.validate(record)
        TaskResult.model_validate(record["data"])
    assert not checks.is_valid(orjson.loads(result("t", "done")))
    assert not checks.is_valid(orjson.loads(result("t", "failed", error={"retryable": "no"})))
