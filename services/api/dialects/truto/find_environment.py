"""The environment that a request about one of Truto's workflows is for.

Truto's tokens are of one environment, so its clients name it, if at all, in what they make.
"""

from aiohttp import web

from services.api.login.auth import ENVIRONMENT_HEADER, PRINCIPAL, environment_of
from services.api.resources import RESOURCES
from shared.db.workflows import find_given, find_latest
from shared.domain.ids import EnvironmentId, WorkflowId


async def environment_having(
    request: web.Request, named: WorkflowId, said: EnvironmentId | None = None
) -> EnvironmentId:
    """As ``environment_of``, where a body has ``said`` which.

    The operator, who may name any and names none, means the default one, and if that does not have
    the workflow the one that does.
    """
    environment_id, resources = await environment_of(request, said), request.app[RESOURCES]
    if said is not None or not _may_mean_any(request):
        return environment_id
    async with resources.tenant(environment_id) as conn:
        if await find_given(conn, environment_id, named) is not None:
            return environment_id
    async with resources.engine() as conn:  # nobody has said of which it is, and all are his
        found = await find_latest(conn, named)
    if found is None or found.is_deleted:
        return environment_id
    return await environment_of(request, EnvironmentId(found.workflow.environment_id))


def _may_mean_any(request: web.Request) -> bool:
    """Whether it is the operator who asks, and has named no environment."""
    principal = request[PRINCIPAL]
    is_bound = principal.environment_id is not None or principal.organisation_id is not None
    is_named = "environment_id" in request.query or ENVIRONMENT_HEADER in request.headers
    return not is_bound and not is_named
