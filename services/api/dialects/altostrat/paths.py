"""Ids in Altostrat's paths."""

from uuid import UUID

from aiohttp import web

from services.api.dialects.altostrat.ids import RUN, SECRET, WORKFLOW, parsed, written
from services.api.http.parameters import EXAMPLE_ID
from shared.domain.errors import NotFound
from shared.domain.ids import ExecutionId, WorkflowId


def workflow_in_path(request: web.Request) -> WorkflowId:
    """The ``{flow_id}`` of the path. Raises NotFound for what cannot be one."""
    return WorkflowId(_in_path(request, "flow_id", WORKFLOW))


def run_in_path(request: web.Request) -> ExecutionId:
    """The ``{flow_run_id}`` of the path. Raises NotFound for what cannot be one."""
    return ExecutionId(_in_path(request, "flow_run_id", RUN))


def secret_in_path(request: web.Request) -> str:
    """The ``{vault_id}`` of the path, as it names the secret. Raises NotFound likewise."""
    return written(SECRET, _in_path(request, "vault_id", SECRET))


def _in_path(request: web.Request, name: str, prefix: str) -> UUID:
    found = parsed(prefix, request.match_info[name])
    if found is None:
        raise NotFound(f"There is no such thing: its id looks like {written(prefix, EXAMPLE_ID)}.")
    return found
