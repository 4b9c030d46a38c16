"""A rule as a case: a workflow, what its steps' calls give, what happens, and what is expected.

Steps use the built-in actions and two of the suite's own: ``act``, a call that gives what
``outcomes`` says, and ``remote``, a task for a remote worker. A duration is a number of seconds or
a text such as ``90s``, ``15m``, ``2h``, ``30d``; all time is virtual.

============  ====================================================================================
title         the rule, in one sentence
dialect       in whose words expressions are written; native by default
workflow      a native definition; name and trigger may be left out
workflows     further workflows, by the name that ``workflow_id`` gives them
event         the payload of the event that starts it
entities      what the resolver of a type of entity gives
outcomes      what the calls of a step give: for each attempt the same, or a list, one an attempt
              (after the last: output null). A key is a step, an item ``step[2]`` or a compensation
              ``step!``
story         what happens, in order; the time in between is told by ``after``. When the story has
              been told, everything that is due happens, however late
expect        what the log shows at the end. Objects may leave out what does not matter
history_max   how many entries a history may have, where not as many as usual
only          ``pure``, with the reason in ``why``: a case that cannot be run by the real services
============  ====================================================================================

A line of ``trace`` is one entry of the log: ``step STATUS``, with the attempt's number when it is
not the first (``inherited``: taken over from a repeated execution), and in brackets the handle by
which the step was left or what kept it from running; or a phase in brackets. The first phases and
the last are left out: ``status`` says them.
"""

import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import UUID, uuid5

import orjson
import yaml
from pydantic import BeforeValidator, Field, model_validator

from shared.domain.executions import Phase, Status
from shared.domain.ids import EventKey, ExecutionId, WorkflowId
from shared.domain.lengths import HISTORY_MAX
from shared.domain.values import Strict
from shared.domain.workflows import Definition, Dialect

CASES = Path(__file__).parent / "cases"
NAMESPACE = UUID("b1b0a1f0-6a5e-4b1e-9a57-0d6f0c5f9e11")
_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def _seconds(written: object) -> object:
    found = re.fullmatch(r"([0-9.]+)([smhd])", written) if isinstance(written, str) else None
    return written if found is None else float(found[1]) * _UNITS[found[2]]


Seconds = Annotated[float, BeforeValidator(_seconds), Field(ge=0.0)]


class Given(Strict):
    """What one call gives: an output, or an HTTP status that is none of success, or nothing."""

    output: Any = None
    status: int | None = None
    retry_after_s: int | None = None
    hangs_up: bool = False
    takes: Seconds = 0.0


class Decision(Strict):
    """A person's yes or no."""

    step: str
    by: str | None = None
    comment: str | None = None


class Submission(Strict):
    """A form filled in."""

    step: str
    data: Any = None
    button: str | None = None
    by: str | None = None


class OtherEvent(Strict):
    """An event that arrives meanwhile."""

    type: str
    payload: Any = None


class WorkerFailure(Strict):
    """What a remote worker says of its failure."""

    message: str
    retryable: bool = False


class WorkerAnswer(Strict):
    """A remote worker's answer to a step's attempt, or its sign of life."""

    step: str
    attempt: int = 1
    output: Any = None
    error: WorkerFailure | None = None


class Happening(Strict):
    """One line of a story; exactly one field is set. ``status`` is what the execution is then."""

    after: Seconds | None = None
    approve: Decision | None = None
    reject: Decision | None = None
    submit: Submission | None = None
    event: OtherEvent | None = None
    task_result: WorkerAnswer | None = None
    heartbeat: WorkerAnswer | None = None
    suspend: Literal[True] | None = None
    resume: Literal[True] | None = None
    cancel: Literal[True] | None = None
    crash: Literal[True] | None = None
    rerun: Literal[True] | None = None
    retry: Literal[True] | None = None
    resume_from: str | None = None
    status: Status | None = None

    @property
    def repeat(self) -> str | None:
        """How it starts the workflow once more, if it does."""
        resumed = None if self.resume_from is None else f"resume from {self.resume_from}"
        return resumed or ("rerun" if self.rerun else "retry" if self.retry else None)

    @model_validator(mode="after")
    def _one_thing(self) -> "Happening":
        if len(self.model_fields_set) != 1:
            raise ValueError("say one thing in each line of a story")
        return self


class Fault(Strict):
    """Why an execution, or a step, failed; ``says`` is part of the message."""

    kind: str | None = None
    says: str = ""


class Other(Strict):
    """A further execution: of a sub-workflow, or a repeat; in the order of their start."""

    workflow: str
    status: Status
    trace: tuple[str, ...] | None = None


class Expected(Strict):
    """What the log shows.

    ``at`` is when a step was settled, after the start; ``calls`` how often its action was called,
    or its task given out.
    """

    status: Status
    trace: tuple[str, ...]
    phases: tuple[Phase, ...] | None = None
    inputs: Mapping[str, Any] = Field(default_factory=dict)
    outputs: Mapping[str, Any] = Field(default_factory=dict)
    errors: Mapping[str, Fault] = Field(default_factory=dict)
    result: Any = None
    error: Fault | None = None
    at: Mapping[str, Seconds] = Field(default_factory=dict)
    calls: Mapping[str, int] = Field(default_factory=dict)
    others: tuple[Other, ...] | None = None


class Case(Strict):
    """One case; see the module."""

    title: str = Field(min_length=10, max_length=140, pattern=r"\.$")
    why: str | None = None
    only: Literal["pure"] | None = None
    history_max: int = HISTORY_MAX
    dialect: Dialect = Dialect.NATIVE
    workflow: dict[str, Any]
    workflows: dict[str, dict[str, Any]] = Field(default_factory=dict)
    event: Any = None
    entities: dict[str, Any] = Field(default_factory=dict)
    outcomes: dict[str, Given | tuple[Given, ...]] = Field(default_factory=dict)
    story: tuple[Happening, ...] = ()
    expect: Expected

    @cached_property
    def definitions(self) -> Mapping[str, Definition]:
        """Its workflows by name; the one that is started is ``main``."""
        written = {"main": self.workflow, **self.workflows}
        return {name: self._definition(name, one) for name, one in written.items()}

    def id_of(self, name: str) -> UUID:
        """The id of a workflow of this case."""
        return uuid5(NAMESPACE, f"{self.title}:{name}")

    @property
    def workflow_id(self) -> WorkflowId:
        """The id of the workflow that is started."""
        return WorkflowId(self.id_of("main"))

    @property
    def event_key(self) -> EventKey:
        """The identity of the event that starts it."""
        return EventKey(self.id_of("event"))

    @property
    def crashes(self) -> tuple[float, ...]:
        """When the process is lost, in seconds after the start."""
        times, now = [], 0.0
        for happening in self.story:
            now += happening.after or 0.0
            times += [now] if happening.crash else []
        return tuple(times)

    def repeat_id(self, happening: Happening) -> ExecutionId:
        """The execution that a line of the story starts once more."""
        return ExecutionId(uuid5(self.workflow_id, str(happening.repeat)))

    def given(self, key: str, call: int) -> Given:
        """What the call ``call`` (from 1) of the step ``key`` gives."""
        written = self.outcomes.get(key, Given())
        if isinstance(written, Given):
            return written
        return written[call - 1] if call <= len(written) else Given()

    def _definition(self, name: str, written: Mapping[str, Any]) -> Definition:
        triggers = [{"event_name": "go"}] if name == "main" else [{"kind": "workflow"}]
        whole = {"name": name, "triggers": triggers, **self._with_ids(written)}
        return Definition.model_validate_json(orjson.dumps(whole))

    def _with_ids(self, node: Any) -> Any:
        if isinstance(node, list):
            return [self._with_ids(one) for one in node]
        if not isinstance(node, dict):
            return node
        return {
            key: str(self.id_of(value)) if key == "workflow_id" else self._with_ids(value)
            for key, value in node.items()
        }


def load(path: Path) -> Case:
    """Read a case; pydantic's ValidationError says what is wrong with it."""
    return Case.model_validate_json(orjson.dumps(yaml.safe_load(path.read_text())))


def paths() -> list[Path]:
    """Every case there is, by topic and name."""
    return sorted(CASES.glob("*/*.yaml"))


def name_of(path: Path) -> str:
    """``topic/name``."""
    return f"{path.parent.name}/{path.stem}"
