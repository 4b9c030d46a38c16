"""Every route: method, path, handler, and the scopes that it asks for."""

from typing import Final, NamedTuple

from aiohttp.typedefs import Handler

from services.api import (
    action_handlers,
    audit_handlers,
    control_handlers,
    environment_handlers,
    event_handlers,
    event_type_handlers,
    execution_handlers,
    health,
    hook_handlers,
    key_handlers,
    schedule_handlers,
    task_handlers,
    truto_handlers,
    wait_handlers,
    workflow_handlers,
)
from shared.domain.principals import Scope


class Route(NamedTuple):
    """What may be asked, who answers, and what whoever asks needs; nothing: open to all."""

    method: str
    path: str
    handler: Handler
    needs: frozenset[Scope]


OPEN: Final = frozenset[Scope]()
READ: Final = frozenset({Scope.READ})
READ_PAYLOADS: Final = frozenset({Scope.READ, Scope.PAYLOADS})
"""For what is nothing but a payload: elsewhere those who may not see them get the rest."""
PUBLISH: Final = frozenset({Scope.PUBLISH})
WORK: Final = frozenset({Scope.WORK})
OPERATE: Final = frozenset({Scope.OPERATE})
AUTHOR: Final = frozenset({Scope.AUTHOR})
ADMIN: Final = frozenset({Scope.ADMIN})

ROUTES: Final = (
    Route("GET", "/healthz", health.healthz, OPEN),
    Route("GET", "/readyz", health.readyz, OPEN),
    Route("GET", "/metrics", health.metrics, OPEN),
    Route("POST", "/v1/workflows", workflow_handlers.create, AUTHOR),
    Route("GET", "/v1/workflows", workflow_handlers.list_all, READ),
    Route("GET", "/v1/workflows/{id}", workflow_handlers.get, READ),
    Route("PUT", "/v1/workflows/{id}", workflow_handlers.replace, AUTHOR),
    Route("DELETE", "/v1/workflows/{id}", workflow_handlers.delete, AUTHOR),
    Route("POST", "/v1/workflows/validate", workflow_handlers.validate, READ),
    Route("POST", "/v1/workflows/{id}/activate", workflow_handlers.activate, AUTHOR),
    Route("POST", "/v1/workflows/{id}/deactivate", workflow_handlers.deactivate, AUTHOR),
    Route("POST", "/v1/workflows/{id}/archive", workflow_handlers.archive, AUTHOR),
    Route("POST", "/v1/workflows/{id}/unarchive", workflow_handlers.unarchive, AUTHOR),
    Route(
        "POST", "/v1/workflows/{id}/triggers/{trigger_id}/rotate", workflow_handlers.rotate, AUTHOR
    ),
    Route("POST", "/v1/workflows/{id}/executions", control_handlers.start, OPERATE),
    Route("GET", "/v1/actions", action_handlers.list_all, READ),
    Route("GET", "/v1/actions/{name}", action_handlers.get, READ),
    Route("GET", "/v1/actions/{name}/versions", action_handlers.list_versions, READ),
    Route("PUT", "/v1/actions/{name}", action_handlers.put, AUTHOR),
    Route("DELETE", "/v1/actions/{name}", action_handlers.delete, AUTHOR),
    Route("GET", "/v1/event-types", event_type_handlers.list_all, READ),
    Route("GET", "/v1/event-types/{name}", event_type_handlers.get, READ),
    Route("PUT", "/v1/event-types/{name}", event_type_handlers.put, AUTHOR),
    Route("DELETE", "/v1/event-types/{name}", event_type_handlers.delete, AUTHOR),
    Route("GET", "/v1/hooks/{token}", hook_handlers.receive, OPEN),
    Route("PUT", "/v1/hooks/{token}", hook_handlers.receive, OPEN),
    Route("POST", "/v1/hooks/{token}", hook_handlers.receive, OPEN),
    Route("POST", "/v1/events", event_handlers.send, PUBLISH),
    Route("GET", "/v1/events", event_handlers.list_recent, READ),
    Route("GET", "/v1/events/{id}", event_handlers.explain, READ),
    Route("GET", "/v1/executions", execution_handlers.list_recent, READ),
    Route("GET", "/v1/executions/{id}", execution_handlers.get, READ),
    Route("GET", "/v1/executions/{id}/result", execution_handlers.result, READ_PAYLOADS),
    Route("POST", "/v1/executions/{id}/cancel", control_handlers.cancel, OPERATE),
    Route("POST", "/v1/executions/{id}/suspend", control_handlers.suspend, OPERATE),
    Route("POST", "/v1/executions/{id}/resume", control_handlers.resume, OPERATE),
    Route("POST", "/v1/executions/{id}/rerun", control_handlers.rerun, OPERATE),
    Route("POST", "/v1/executions/{id}/retry", control_handlers.retry, OPERATE),
    Route(
        "POST", "/v1/executions/{id}/resume-from/{step_id}", control_handlers.resume_from, OPERATE
    ),
    Route("POST", "/v1/executions/{id}/steps/{step_id}/decision", wait_handlers.decision, OPERATE),
    Route(
        "POST", "/v1/executions/{id}/steps/{step_id}/submission", wait_handlers.submission, OPERATE
    ),
    Route("GET", "/v1/waits", wait_handlers.list_open, READ),
    Route("GET", "/v1/schedules", schedule_handlers.list_all, READ),
    Route("DELETE", "/v1/schedules/{id}", schedule_handlers.delete, OPERATE),
    Route("POST", "/v1/tasks/poll", task_handlers.poll, WORK),
    Route("POST", "/v1/tasks/{task_id}/complete", task_handlers.complete, WORK),
    Route("POST", "/v1/tasks/{task_id}/fail", task_handlers.fail, WORK),
    Route("POST", "/v1/tasks/{task_id}/heartbeat", task_handlers.heartbeat, WORK),
    Route("POST", "/v1/environments", environment_handlers.create, ADMIN),
    Route("GET", "/v1/environments", environment_handlers.list_all, ADMIN),
    Route("GET", "/v1/environments/{id}", environment_handlers.get, ADMIN),
    Route("POST", "/v1/keys", key_handlers.create, ADMIN),
    Route("GET", "/v1/keys", key_handlers.list_all, ADMIN),
    Route("GET", "/v1/keys/{id}", key_handlers.get, ADMIN),
    Route("POST", "/v1/keys/{id}/rotate", key_handlers.rotate, ADMIN),
    Route("DELETE", "/v1/keys/{id}", key_handlers.revoke, ADMIN),
    Route("GET", "/v1/audit", audit_handlers.list_recent, ADMIN),
    Route("POST", "/truto/workflow", truto_handlers.create, AUTHOR),
    Route("GET", "/truto/workflow", truto_handlers.list_all, READ),
    Route("GET", "/truto/workflow/{id}", truto_handlers.get, READ),
    Route("PATCH", "/truto/workflow/{id}", truto_handlers.change, AUTHOR),
    Route("DELETE", "/truto/workflow/{id}", truto_handlers.delete, AUTHOR),
)
