"""What Sixtyfour's routes answer; the names are its own.

Beside the documented fields of a workflow stands whatever else its author wrote.
"""

from collections.abc import Mapping
from typing import Any, Final, NotRequired

from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict

from shared.wire.documents.parts import ProblemDocument

_SAID_BY_US: Final = frozenset(
    {
        *("name", "description", "status", "created_at", "updated_at", "user_uuid", "org_id"),
        *("last_run_date", "problems"),
    }
)
_STEPS: Final = ("build", "complete")


def said_by_author(document: Mapping[str, Any]) -> dict[str, Any]:
    """A workflow's document without what only answers say, which may come back in a request.

    Nor with a ``step`` that is no text, which is taken no more.
    """
    return {
        name: value
        for name, value in document.items()
        if name not in _SAID_BY_US and (name != "step" or _is_authors(value))
    }


def _is_authors(step: Any) -> bool:
    return isinstance(step, str) and step not in _STEPS


class SixtyfourFault(TypedDict):
    """A fault of what was sent: where, in which words, and of what kind."""

    loc: list[str | int]
    msg: str
    type: str


class SixtyfourRefusal(TypedDict):
    """A refusal: each fault (422), or a sentence."""

    detail: str | list[SixtyfourFault]


@with_config(ConfigDict(extra="allow"))
class SixtyfourDocument(TypedDict):
    """A workflow; in lists ``workflow_definition`` is null, ``problems`` are those of a draft."""

    id: str
    name: str
    status: str
    step: str
    created_at: str
    updated_at: str
    user_uuid: str | None
    org_id: str | None
    description: str | None
    last_run_date: str | None
    workflow_definition: dict[str, Any] | None
    problems: NotRequired[list[ProblemDocument]]


class BlockInfo(TypedDict):
    """A block that there is, and what its specs are as a JSON Schema."""

    block_name: str
    specs_schema: dict[str, Any]


class RunStarted(TypedDict):
    """A run that was asked for; ``already_started``: by an earlier request with the same key."""

    status: str
    workflow_id: str
    job_id: str
    cache_config: None
    already_started: bool | None


class RunCancelled(TypedDict):
    """A run that is told to end."""

    job_id: str
    status: str


class SixtyfourRun(TypedDict):
    """A run in a list."""

    job_id: str
    workflow_id: str
    workflow_name: str
    status: str
    step: str | None
    user_id: str | None
    created_at: str
    updated_at: str
    queued_at: str
    started_at: str | None
    completed_at: str | None
    duration_ms: int | None
    status_reason: str | None
    error_message: Any
    metrics: None
    blocks: None
    blocks_count: int


class BlockMetrics(TypedDict):
    """What a block made; ``dataframe_type`` only where it is known."""

    row_count: int
    dataframe_type: NotRequired[str]
    processed_count: int | None
    total_count: int | None


class BlockStatus(TypedDict):
    """Where a block is."""

    block_id: str
    block_name: str
    sequence_number: int
    previous_block_ids: list[str]
    status: str
    started_at: str | None
    completed_at: str | None
    progress_percentage: float
    current_step: str | None
    processed_count: int
    total_count: int
    estimated_total_count: int | None
    last_updated: str
    error_message: Any
    metrics: BlockMetrics


class LiveStatus(TypedDict):
    """Where a run is, and each of its blocks."""

    run_id: str
    workflow_id: str
    overall_status: str
    current_block: str | None
    current_block_sequence: int | None
    total_blocks: int
    completed_blocks: int
    started_at: str | None
    completed_at: str | None
    last_updated: str
    blocks: list[BlockStatus]
    overall_progress_percentage: float
    estimation_blocked_by: str | None


class ResultFile(TypedDict):
    """The rows of a block as a file; ``results`` has them where they are few."""

    filename: str
    storage_bucket: str
    row_count: int
    block_number: int
    created_at: str
    message: str | None
    content_type: str
    download_url: str | None
    download_expires_in_seconds: int
    results: list[dict[str, Any]] | None


class JobStatus(TypedDict):
    """A job in short; ``result`` is there once it has completed."""

    job_id: str
    workflow_id: str
    status: str
    error: Any
    result: Any


class InteractiveStarted(TypedDict):
    """An interactive job that was opened."""

    job_id: str
    status: str


class BlockAdded(TypedDict):
    """Whether a block was taken into an interactive job."""

    accepted: bool
    block_id: str | None
    error: str | None


class InteractiveFinished(TypedDict):
    """An interactive job that takes no more blocks."""

    status: str


class BlockOutput(TypedDict):
    """Where a block's rows are."""

    block_id: str
    resource_handle_id: str
    row_count: int


class SigningSecretMeta(TypedDict):
    """What is known of the secret that signs; its end alone is shown."""

    id: str
    org_id: str
    preview: str
    status: str
    created_at: str
    revoked_at: str | None


class SigningSecretCreated(TypedDict):
    """A new secret, told this once."""

    plaintext: str
    meta: SigningSecretMeta
