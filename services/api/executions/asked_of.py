"""What a caller asks of an execution that it starts, checked."""

import hashlib

from pydantic import BaseModel

from services.api.http.problems import OTHER_REQUEST
from services.api.resources import ApiResources
from shared.db.start_keys import claim_key, is_claimed
from shared.domain.asked import Asked
from shared.domain.errors import Invalid, Problem
from shared.domain.ids import ExecutionId
from shared.domain.workflows import Definition
from shared.wire.strict_json import invalid


def asked_of(request: Asked, definition: Definition, key: str | None) -> Asked | None:
    """What ``request`` says beside the event; None: nothing. ``key`` is that of the header.

    Raises Invalid for overrides of steps that there are not, and for two different keys.
    """
    if key is not None and request.idempotency_key not in (None, key):
        detail = "The header Idempotency-Key names another; send one of the two."
        raise invalid("/idempotency_key", "OTHER_KEY", detail)
    known = {step.id for step in definition.steps}
    problems = [
        Problem(
            pointer=f"/overrides/{step_id.replace('~', '~0').replace('/', '~1')}",
            code="UNKNOWN_STEP",
            detail=f"The workflow has no step '{step_id[:64]}'; give inputs to steps that it has.",
        )
        for step_id in request.overrides
        if step_id not in known
    ]
    if problems:
        raise Invalid(problems)
    said = {name: getattr(request, name) for name in Asked.model_fields}
    asked = Asked.model_construct(**{**said, "idempotency_key": key or request.idempotency_key})
    return None if asked == Asked() else asked


async def check_key(resources: ApiResources, execution_id: ExecutionId, request: BaseModel) -> None:
    """Raises Invalid where the execution that a key names was asked for in other words.

    A key is noted under its execution's id alone, which may not have started and so is of no
    environment yet; it derives from the workflow, which the caller was found to have.
    """
    digest = hashlib.sha256(request.model_dump_json().encode()).digest()
    async with resources.engine() as conn:
        is_same = await claim_key(conn, execution_id, digest, resources.clock.now())
    if not is_same:
        detail = (
            f"The key named execution {execution_id}, which was asked for in other words;"
            " use another key, or repeat the first request as it was."
        )
        raise invalid("/headers/Idempotency-Key", OTHER_REQUEST, detail)


async def is_named(resources: ApiResources, execution_id: ExecutionId) -> bool:
    """Whether a key that is still kept names an execution; it may not have started yet."""
    async with resources.engine() as conn:  # as ``check_key``
        return await is_claimed(conn, execution_id)
