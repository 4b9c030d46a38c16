"""Files of tests: which workflows they are of, and what each event is to start, or not."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from pydantic import Field

from services.api.dialects.read_registration import placed_in, registration_of
from services.api.http.documents import validate
from services.api.workflows.registration import problems_within
from services.cli.workflow.files import read_definition, read_definitions
from shared.domain.actions import OURS
from shared.domain.errors import Invalid, Problem
from shared.domain.events import Event
from shared.domain.ids import DEFAULT_ENVIRONMENT, EnvironmentId
from shared.domain.values import Name, Strict
from shared.domain.workflows import Lifecycle, Trigger, Workflow
from shared.matching.decisions import Reason
from shared.wire.envelope import dumps
from shared.wire.event_fields import EventLimits
from shared.wire.intake import read_event

SOURCE: Final = "/turnout/test"
"""The source of events that say none."""

_DECIDING: Final = ("/filters", "/run_if")


class Case(Strict):
    """An event, and what it does.

    ``matches`` are all the workflows that it starts; None: that is not asked. ``not`` are workflows
    that it does not start, each with the reason; null: whichever.
    """

    name: Name | None = None
    event: dict[str, Any]
    matches: tuple[str, ...] | None = None
    not_: dict[str, Reason | None] = Field(default_factory=dict, alias="not")


class _Written(Strict):
    """A file. ``event_types`` are the types of events by the uids that triggers name."""

    workflows: tuple[str | dict[str, Any], ...] = ()
    event_types: dict[str, str] = Field(default_factory=dict)
    cases: tuple[Case, ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """A case made ready: the workflows, by what the case calls them."""

    name: str
    event: Event
    matches: Sequence[str] | None
    excluded: Mapping[str, Reason | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """The tests of a file, and its workflows by every name that they go by."""

    path: Path
    workflows: Mapping[str, Workflow]
    tests: Sequence[Test]


def read_suite(path: Path, others: Sequence[Path], now: datetime) -> Suite:
    """The tests in a file, of its own workflows and of those in the files of ``others``.

    An event that says no time, happens ``now``. Raises Rejected or Invalid, naming the file.
    """
    document = read_definition(path)
    try:
        written = validate(_Written, _with_cases(document, path.stem))
        workflows = [*_workflows(path, written, others, now)]
        named = _by_name(workflows)
        tests = [_test(case, number, named, now) for number, case in enumerate(written.cases)]
    except Invalid as error:
        raise Invalid(error.problems, f"{path}: {error.message}") from None
    return Suite(path=path, workflows=named, tests=tests)


def _with_cases(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The document of a file; one with a single test may leave ``cases`` out. Raises Invalid."""
    if "event" not in document:
        return document
    if "cases" in document:
        detail = "A file has one 'event', or 'cases', which have theirs; make it one of the cases."
        raise Invalid([Problem(pointer="/event", code="EVENT_AND_CASES", detail=detail)])
    around = {k: v for k, v in document.items() if k in _Written.model_fields}
    case = {k: v for k, v in document.items() if k not in around}
    return {**around, "cases": [{"name": name, **case}]}


def _workflows(
    path: Path, written: _Written, others: Sequence[Path], now: datetime
) -> Iterator[Workflow]:
    places = [path.parent / one for one in written.workflows if isinstance(one, str)]
    files = [*places, *others]
    documents = [
        *(one for one in written.workflows if isinstance(one, dict)),
        *(each.document for each in (read_definitions(files) if files else ())),
    ]
    for number, document in enumerate(documents, 1):
        yield _workflow(document, UUID(int=number), written.event_types, now)


def _workflow(
    document: Mapping[str, Any], fallback_id: UUID, types: Mapping[str, str], now: datetime
) -> Workflow:
    """The workflow as it would be registered. Raises Invalid with what decides and is wrong."""
    asked = registration_of(document, fallback_id)
    wrong = [p for p in problems_within(asked, OURS) if p.pointer.startswith(_DECIDING)]
    if asked.faults or wrong:
        with placed_in(asked):
            raise Invalid([*asked.faults, *wrong])
    triggers = tuple(_named(trigger, types) for trigger in asked.definition.triggers)
    return Workflow(
        id=asked.workflow_id,
        environment_id=asked.environment_id or DEFAULT_ENVIRONMENT,
        version=1,
        dialect=asked.dialect,
        lifecycle=Lifecycle.DRAFT if asked.is_draft else Lifecycle.READY,
        is_active=asked.is_active is not False,
        definition=asked.definition.model_copy(update={"triggers": triggers}),
        source=None,
        created_at=now,
        updated_at=now,
    )


def _named(trigger: Trigger, types: Mapping[str, str]) -> Trigger:
    """A trigger that names an event by a uid; one that is not listed is its own name."""
    uid = trigger.event_uid
    if uid is None or trigger.event_name is not None:
        return trigger
    return trigger.model_copy(update={"event_name": types.get(uid, uid)})


def _by_name(workflows: Sequence[Workflow]) -> dict[str, Workflow]:
    """Raises Invalid when two have one name."""
    named: dict[str, Workflow] = {}
    for workflow in workflows:
        definition = workflow.definition
        for name in {definition.name, definition.key or definition.name, str(workflow.id)}:
            if named.setdefault(name, workflow) is not workflow:
                detail = f"Two workflows are called '{name}'; give one a 'key', or another name."
                raise Invalid([Problem(pointer="/workflows", code="SAME_NAME", detail=detail)])
    return named


def _test(case: Case, number: int, named: Mapping[str, Workflow], now: datetime) -> Test:
    pointer, name = f"/cases/{number}", case.name or f"case {number + 1}"
    mentioned = [
        *((f"/matches/{index}", one) for index, one in enumerate(case.matches or ())),
        *((f"/not/{one}", one) for one in case.not_),
    ]
    unknown = [_unknown(pointer + at, one, named) for at, one in mentioned if one not in named]
    if case.matches is None and not case.not_:
        detail = "Say what the event starts ('matches'), or what it does not ('not')."
        unknown = [Problem(pointer=pointer, code="NOTHING_ASKED", detail=detail)]
    if unknown:
        raise Invalid(unknown)
    try:
        event = _event(case, name, now)
    except Invalid as error:
        at = f"{pointer}/event"
        raise Invalid([replace(p, pointer=at + p.pointer) for p in error.problems]) from None
    return Test(name=name, event=event, matches=case.matches, excluded=case.not_)


def _unknown(pointer: str, name: str, named: Mapping[str, Workflow]) -> Problem:
    near = get_close_matches(name, named, n=1)
    hint = f"; did you mean '{near[0]}'?" if near else "; list its file under 'workflows'."
    detail = f"No workflow here is called '{name}'{hint}"
    return Problem(pointer=pointer, code="UNKNOWN_WORKFLOW", detail=detail)


def _event(case: Case, fallback_id: str, now: datetime) -> Event:
    return read_event(
        dumps(case.event),
        (),
        fallback_id=fallback_id,
        default_source=SOURCE,
        default_environment=EnvironmentId(DEFAULT_ENVIRONMENT),
        received_at=now,
        limits=EventLimits(),
    )
