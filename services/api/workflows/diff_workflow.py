"""What differs between versions of a workflow, or would if it were replaced."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest

from services.api.resources import ApiResources
from services.api.workflows.register_workflow import check_registration
from services.api.workflows.registration import Registration
from services.api.workflows.resolve_calls import resolve_calls
from services.api.workflows.resolve_events import resolve_events
from services.api.workflows.webhook_tokens import with_kept_tokens
from shared.db.workflow_versions import Version, list_versions
from shared.db.workflows import find_latest, get_version, get_workflow
from shared.domain.differences import Difference, DifferenceKind, differences
from shared.domain.errors import Invalid, NotFound
from shared.domain.ids import EnvironmentId, WorkflowId
from shared.domain.workflows import Lifecycle, Workflow


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A version and what comes after it; ``to_version`` None: a document that is not kept."""

    before: Workflow
    to_version: int | None
    differences: Sequence[Difference]


async def compare_versions(
    resources: ApiResources,
    environment_id: EnvironmentId,
    workflow_id: WorkflowId,
    from_version: int | None,
    to_version: int | None,
) -> Comparison:
    """Two versions, also of a deleted workflow.

    Without ``to_version`` the current one, without ``from_version`` the one before that. Raises
    NotFound.
    """
    async with resources.tenant(environment_id) as conn:
        if to_version is None:
            after = await get_workflow(conn, workflow_id)
        else:
            after = await get_version(conn, workflow_id, to_version)
        before = await get_version(conn, workflow_id, from_version or after.version - 1)
    found = await resources.computing.call(environment_id, partial(_compared, before, after))
    return Comparison(before=before, to_version=after.version, differences=found)


async def compare_document(
    resources: ApiResources, environment_id: EnvironmentId, asked: Registration
) -> Comparison:
    """The current version and what it would be replaced by.

    Raises NotFound, and Invalid with the faults of the document's shape.
    """
    if asked.faults:
        raise Invalid(asked.faults)
    async with resources.tenant(environment_id) as conn:
        before = await get_workflow(conn, asked.workflow_id)
        definition, _ = await resolve_events(conn, asked.definition, environment_id)
        definition = await resolve_calls(conn, definition, environment_id)
    is_draft = asked.is_draft
    if not is_draft and asked.may_be_draft:
        # What may be a draft names no secrets, and this must not tell which there are.
        is_draft = bool(
            await check_registration(resources, environment_id, asked, sees_secrets=False)
        )
    changes = {
        "definition": definition,
        "lifecycle": Lifecycle.DRAFT if is_draft else Lifecycle.READY,
        "is_active": before.is_active if asked.is_active is None else asked.is_active,
    }
    after = with_kept_tokens(before.model_copy(update=changes), before)
    found = await resources.computing.call(environment_id, partial(_compared, before, after))
    return Comparison(before=before, to_version=None, differences=found)


async def list_with_changes(
    resources: ApiResources,
    environment_id: EnvironmentId,
    workflow_id: WorkflowId,
    *,
    before: int,
    limit: int,
) -> list[tuple[Version, Sequence[Difference] | None]]:
    """Versions, the latest first, each with what differs from the one before; None: the first.

    The last of ``limit + 1``, where there are so many, is only there to be compared with. Raises
    NotFound.
    """
    async with resources.tenant(environment_id) as conn:
        found = await list_versions(conn, workflow_id, before=before, limit=limit + 1)
        if not found and await find_latest(conn, workflow_id) is None:
            raise NotFound(f"There is no workflow {workflow_id}.")
    return await resources.computing.run(environment_id, _with_changes(found))


def _with_changes(
    versions: Sequence[Version],
) -> Generator[None, None, list[tuple[Version, Sequence[Difference] | None]]]:
    changed: list[tuple[Version, Sequence[Difference] | None]] = []
    for version, old in zip_longest(versions, versions[1:]):
        found = None if old is None else _compared(old.workflow, version.workflow)
        changed.append((version, found))
        yield
    return changed


def _compared(before: Workflow, after: Workflow) -> list[Difference]:
    """What differs in the definition, and in what a document says beside it."""
    states = {
        "/is_active": (before.is_active, after.is_active),
        "/draft": tuple(one.lifecycle is Lifecycle.DRAFT for one in (before, after)),
    }
    return [
        *(
            Difference(pointer=at, kind=DifferenceKind.CHANGED, before=old, after=new)
            for at, (old, new) in states.items()
            if old is not new
        ),
        *differences(before.definition, after.definition),
    ]
