"""What Altostrat's routes answer with."""

from typing import Any, Literal, NotRequired

from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict

from shared.wire.documents.parts import ProblemDocument

# What a client sent beside the known fields comes back.
_OPEN = ConfigDict(extra="allow")


@with_config(_OPEN)
class AltostratListed(TypedDict):
    """A workflow without its graph."""

    id: str
    name: str
    description: str | None
    schedule_type: str | None
    schedule_value: str | None
    next_run_at: str | None
    is_active: bool
    webhook_url: str | None
    created_at: str
    updated_at: str


@with_config(_OPEN)
class AltostratWorkflowDocument(AltostratListed):
    """A workflow; ``problems`` are what keeps a draft, which is not active, from running."""

    nodes: list[Any]
    edges: list[Any]
    problems: NotRequired[list[ProblemDocument]]


class AltostratValidity(TypedDict):
    """Whether a workflow could run, and why not."""

    valid: bool
    errors: list[str]


class AltostratTriggerable(TypedDict):
    """A workflow that others may start."""

    id: str
    name: str
    description: str | None
    trigger_type: str


class AltostratAuthorization(TypedDict):
    """An account that workflows name; Turnout knows no more of it."""

    id: str
    user_id: str | None
    email: str | None
    created_at: str


class AltostratLog(TypedDict):
    """A line of a run's log: an attempt of a node."""

    id: str
    execution_id: str
    node_id: str
    component_id: str | None
    status: Literal["success", "error", "skipped", "awaiting"]
    output: Any
    created_at: str


class AltostratRecentLog(AltostratLog):
    """The latest line of a workflow."""

    workflow_id: str
    workflow_name: str


RunStatus = Literal["pending", "running", "completed", "failed", "awaiting_ui_interaction"]


class AltostratRun(TypedDict):
    """A run; ``logs`` is there where a single one is asked for."""

    id: str
    workflow_id: str
    status: RunStatus
    trigger_payload: Any
    error_message: Any
    started_at: str | None
    completed_at: str | None
    duration_in_seconds: float | None
    created_at: str
    logs: NotRequired[list[AltostratLog]]


class LaravelLinks(TypedDict):
    """The addresses of other pages."""

    first: str
    last: str
    prev: str | None
    next: str | None


class _LaravelMeta(TypedDict):
    """Where in the list a page is; ``total`` counts no more than 10,000 runs."""

    current_page: int
    last_page: int
    path: str
    per_page: int
    to: int | None
    total: int


# "from" is a word of Python's.
_LaravelFrom = TypedDict("_LaravelFrom", {"from": int | None})


class LaravelMeta(_LaravelMeta, _LaravelFrom):
    """Where in the list a page is; ``total`` counts no more than 10,000 runs."""


class AltostratRuns(TypedDict):
    """A page of runs."""

    data: list[AltostratRun]
    links: LaravelLinks
    meta: LaravelMeta


class AltostratRerun(TypedDict):
    """A run that does another one again."""

    message: str
    original_run_id: str
    new_run: AltostratRun


class AltostratResumed(TypedDict):
    """A run that goes on from a node of another one."""

    message: str
    new_run: AltostratRun


class AltostratStillRunning(TypedDict):
    """What a synchronous call is answered with when there is no result in time."""

    message: str
    run: AltostratRun


class AltostratSubmitted(TypedDict):
    """What came of a form: whether it was this answer that counted; null: not known yet."""

    message: str
    won: bool | None


class AltostratTested(TypedDict):
    """What a node comes to. ``dry_run``: it would be done with ``output``, and was not."""

    status: Literal["success", "error"]
    output: Any
    dry_run: bool
    handle: str | None
    error: Any


class AltostratStatistics(TypedDict):
    """How the runs of the last ``days`` stand; ``is_cut``: only the latest 100,000 were counted."""

    days: int
    total: int
    by_status: dict[str, int]
    success_rate: float | None
    average_duration_in_seconds: float | None
    is_cut: bool


class VaultDocument(TypedDict):
    """A secret of the vault; ``secret`` is there this once, for a key that was made."""

    id: str
    name: str
    expires_at: str | None
    created_at: str
    updated_at: str
    secret: NotRequired[str]


class AltostratRefusal(TypedDict):
    """Altostrat's refusal; ``errors`` names the fields, such as ``nodes.0.data.url``."""

    message: str
    errors: NotRequired[dict[str, list[str]]]
