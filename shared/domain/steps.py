"""A step and an edge, as written in a definition.

A step's ``kind`` says what it is; a kind with something to say has a block of its own, of the same
name. ``input`` is resolved for every kind: an action works with it, a person is shown it, and the
fields of ``sleep`` that are absent are taken from it.
"""

from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from shared.domain.outcomes import ErrorKind
from shared.domain.schedules import Schedule
from shared.domain.values import DAY_S, Duration, Name, Strict, Text, Value

StepName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Handle = Annotated[str, Field(pattern=r"^[A-Za-z0-9_. -]{1,64}$")]

ATTEMPTS_MAX = 20
VERSION_MAX = 2**31 - 1
ERROR = "error"
TIMEOUT = "timeout"
REJECTED = "rejected"
APPROVED = "approved"
TRUE = "true"
FALSE = "false"
DEFAULT_CASE = "default"
"""Handles that Turnout itself gives."""


class StepKind(StrEnum):
    """What a step is."""

    ACTION = "action"
    TRIGGER = "trigger"
    CONDITION = "condition"
    SWITCH = "switch"
    SLEEP = "sleep"
    APPROVAL = "approval"
    FORM = "form"
    WAIT = "wait"
    ITERATOR = "iterator"
    SUBWORKFLOW = "subworkflow"
    RESPOND = "respond"
    TERMINATE = "terminate"


class Retry(Strict):
    """When a failed step is tried again.

    The wait before attempt n+1 is ``initial_interval_s · backoff^(n-1)``, at most
    ``max_interval_s``, of which the share ``jitter`` is chance. No attempt starts later than
    ``total_s`` after the first, and an error of a kind in ``non_retryable`` is final.
    """

    max_attempts: int = Field(default=3, ge=1, le=ATTEMPTS_MAX)
    initial_interval_s: float = Field(default=1.0, ge=0.0, le=DAY_S)
    backoff: float = Field(default=2.0, ge=1.0, le=10.0)
    max_interval_s: float = Field(default=60.0, gt=0.0, le=DAY_S)
    jitter: float = Field(default=0.5, ge=0.0, le=1.0)
    total_s: float | None = Field(default=None, gt=0.0, le=DAY_S)
    non_retryable: tuple[ErrorKind, ...] = ()


class Pinned(Strict):
    """Which version of a registered action is called: the newest at each attempt.

    With ``auto_upgrade`` false it is ``action_version``, for ever.
    """

    action_version: int | None = Field(default=None, ge=1, le=VERSION_MAX)
    auto_upgrade: bool = True

    @property
    def pinned_version(self) -> int | None:
        """The version that it keeps to; None: the newest."""
        return None if self.auto_upgrade else self.action_version


class OnFailure(StrEnum):
    """What a step that failed for good does to its execution.

    ``branch``: it goes on along the edges with the handle ``error``, and only those.
    """

    ABORT = "abort"
    CONTINUE = "continue"
    COMPENSATE = "compensate"
    BRANCH = "branch"


class Approver(Strict):
    """Who may decide."""

    type: Literal["user", "team", "anyone"] = "anyone"
    id: Annotated[str, Field(min_length=1, max_length=256)] | None = None


class Approval(Strict):
    """A person's yes, which an action waits for before it runs, and which an approval step is.

    A no fails the step, unless an edge with the handle ``rejected`` leads on from an approval
    step. ``on_timeout`` says what silence means.
    """

    approver: Approver = Approver()
    message: Text | None = None
    timeout_s: Duration | None = None
    on_timeout: Literal["fail", "approve", "reject"] = "fail"


class Form(Strict):
    """Data that a person gives, checked against ``json_schema``; a button pressed is the handle."""

    json_schema: dict[str, Any] | bool | None = Field(default=None, alias="schema")
    buttons: Annotated[tuple[Handle, ...], Field(max_length=20)] = ()
    assignee: Approver = Approver()
    message: Text | None = None
    timeout_s: Duration | None = None

    model_config = ConfigDict(populate_by_name=True)


class Sleep(Strict):
    """Seconds, or an instant (RFC 3339); without either the step's input says it."""

    duration_s: Duration | None = None
    until: Annotated[str, Field(max_length=64)] | None = None


class EventWait(Strict):
    """Another event, by name, for which ``match`` (JSONata over that event) holds.

    ``match`` sees the event as a native ``run_if`` does, and the step's input as ``$input``. With
    ``look_back`` an event counts that arrived after the execution had started.
    """

    event_name: Name
    match: str | None = None
    timeout_s: Duration | None = None
    look_back: bool = True


class Case(Strict):
    """One way out of a switch: the first whose ``when`` holds is taken."""

    handle: Handle
    when: str


class Subworkflow(Strict):
    """A call of another workflow; without ``wait`` the step completes as it is started."""

    workflow_id: UUID
    wait: bool = True
    timeout_s: Duration | None = None


class Body(Pinned):
    """What an iterator does with each item: an action, or a workflow of its own.

    Its expressions also see ``item`` and ``index`` (from 0).
    """

    action: Name | None = None
    subworkflow: Subworkflow | None = None
    input: Value = Value()
    run_if: str | None = None
    retry: Retry = Retry()
    timeout_s: float | None = Field(default=None, gt=0.0, le=3_600.0)


class Iterator(Strict):
    """``body`` for each of ``items``, at most ``concurrency`` at a time (1: one after another).

    The step's output is the list of the items' outputs, in the order of the items. An item that
    fails for good fails the step, or with ``continue`` leaves null in its place.
    """

    items: Value
    body: Body
    concurrency: int = Field(default=1, ge=1, le=100)
    on_item_failure: Literal["abort", "continue"] = "abort"


class Terminate(Strict):
    """How the execution ends here; the step's input is its result.

    Of one that fails without a ``message``, an input that is a text is the message.
    """

    status: Literal["completed", "failed"] = "completed"
    message: Text | None = None


class Compensation(Pinned):
    """What undoes a completed step. Without an input it gets the step's input and output."""

    action: Name
    input: Value | None = None
    retry: Retry = Retry()
    timeout_s: float | None = Field(default=None, gt=0.0, le=3_600.0)


class Step(Pinned):
    """One step. ``id`` is unique in its workflow; ``depends_on`` names steps that come first.

    ``timeout_s`` is what one attempt may take, ``heartbeat_s`` how long a remote worker may be
    silent. ``filters`` and ``run_if`` false: the step is skipped. With a ``schedule`` it is done
    at each time that is due once it has been reached, in an execution of its own.
    """

    id: StepName
    kind: StepKind = StepKind.ACTION
    name: str | None = Field(default=None, max_length=256)
    description: Text | None = None
    action: Name | None = None
    input: Value = Value()
    filters: Any = None
    run_if: str | None = None
    depends_on: tuple[str, ...] = ()
    retry: Retry = Retry()
    timeout_s: float | None = Field(default=None, gt=0.0, le=DAY_S)
    heartbeat_s: float | None = Field(default=None, ge=1.0, le=DAY_S)
    on_failure: OnFailure = OnFailure.ABORT
    approval: Approval | None = None
    schedule: Schedule | None = None
    compensation: Compensation | None = None
    condition: str | None = None
    cases: Annotated[tuple[Case, ...], Field(max_length=50)] = ()
    sleep: Sleep | None = None
    form: Form | None = None
    wait: EventWait | None = None
    iterator: Iterator | None = None
    subworkflow: Subworkflow | None = None
    terminate: Terminate | None = None
    ext: dict[str, Any] | None = None

    @property
    def attempt_s(self) -> float:
        """What one attempt may take, in seconds."""
        return 30.0 if self.timeout_s is None else self.timeout_s


class Origin(StrEnum):
    """Where an edge comes from; a skipped step blocks what is drawn, not what only follows it."""

    EXPLICIT = "explicit"
    DEPENDENCY = "dependency"
    SEQUENCE = "sequence"


class Edge(Strict):
    """From one step to another.

    It is live when its source finished, by ``handle`` where one is named, and ``condition``
    (JSONata over the execution) holds.
    """

    model_config = ConfigDict(populate_by_name=True)

    id: Annotated[str, Field(max_length=256)] | None = None
    source: str = Field(alias="from")
    target: str = Field(alias="to")
    handle: Handle | None = None
    condition: str | None = None
    origin: Origin = Origin.EXPLICIT
    ext: dict[str, Any] | None = None
