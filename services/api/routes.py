"""Every route: method, path, handler, and the scopes that it asks for."""

from functools import partial
from typing import Final

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
from services.api.route import (
    ADMIN,
    AUTHOR,
    OPEN,
    OPERATE,
    PUBLISH,
    READ,
    READ_PAYLOADS,
    WORK,
    Route,
)

_loose: Final = partial(Route, query=None)

ROUTES: Final = (
    _loose("GET", "/healthz", health.healthz, OPEN),
    _loose("GET", "/readyz", health.readyz, OPEN),
    _loose("GET", "/metrics", health.metrics, OPEN),
    _loose("POST", "/v1/workflows", workflow_handlers.create, AUTHOR),
    _loose("GET", "/v1/workflows", workflow_handlers.list_all, READ),
    _loose("GET", "/v1/workflows/{id}", workflow_handlers.get, READ),
    _loose("PUT", "/v1/workflows/{id}", workflow_handlers.replace, AUTHOR),
    _loose("DELETE", "/v1/workflows/{id}", workflow_handlers.delete, AUTHOR),
    _loose("POST", "/v1/workflows/validate", workflow_handlers.validate, READ),
    _loose("POST", "/v1/workflows/{id}/activate", workflow_handlers.activate, AUTHOR),
    _loose("POST", "/v1/workflows/{id}/deactivate", workflow_handlers.deactivate, AUTHOR),
    _loose("POST", "/v1/workflows/{id}/archive", workflow_handlers.archive, AUTHOR),
    _loose("POST", "/v1/workflows/{id}/unarchive", workflow_handlers.unarchive, AUTHOR),
    _loose(
        "POST", "/v1/workflows/{id}/triggers/{trigger_id}/rotate", workflow_handlers.rotate, AUTHOR
    ),
    _loose("POST", "/v1/workflows/{id}/executions", control_handlers.start, OPERATE),
    _loose("GET", "/v1/actions", action_handlers.list_all, READ),
    _loose("GET", "/v1/actions/{name}", action_handlers.get, READ),
    _loose("GET", "/v1/actions/{name}/versions", action_handlers.list_versions, READ),
    _loose("PUT", "/v1/actions/{name}", action_handlers.put, AUTHOR),
    _loose("DELETE", "/v1/actions/{name}", action_handlers.delete, AUTHOR),
    _loose("GET", "/v1/event-types", event_type_handlers.list_all, READ),
    _loose("GET", "/v1/event-types/{name}", event_type_handlers.get, READ),
    _loose("PUT", "/v1/event-types/{name}", event_type_handlers.put, AUTHOR),
    _loose("DELETE", "/v1/event-types/{name}", event_type_handlers.delete, AUTHOR),
    _loose("GET", "/v1/hooks/{token}", hook_handlers.receive, OPEN),
    _loose("PUT", "/v1/hooks/{token}", hook_handlers.receive, OPEN),
    _loose("POST", "/v1/hooks/{token}", hook_handlers.receive, OPEN),
    _loose("POST", "/v1/events", event_handlers.send, PUBLISH),
    _loose("GET", "/v1/events", event_handlers.list_recent, READ),
    _loose("GET", "/v1/events/{id}", event_handlers.explain, READ),
    _loose("GET", "/v1/executions", execution_handlers.list_recent, READ),
    _loose("GET", "/v1/executions/{id}", execution_handlers.get, READ),
    _loose("GET", "/v1/executions/{id}/result", execution_handlers.result, READ_PAYLOADS),
    _loose("POST", "/v1/executions/{id}/cancel", control_handlers.cancel, OPERATE),
    _loose("POST", "/v1/executions/{id}/suspend", control_handlers.suspend, OPERATE),
    _loose("POST", "/v1/executions/{id}/resume", control_handlers.resume, OPERATE),
    _loose("POST", "/v1/executions/{id}/rerun", control_handlers.rerun, OPERATE),
    _loose("POST", "/v1/executions/{id}/retry", control_handlers.retry, OPERATE),
    _loose(
        "POST", "/v1/executions/{id}/resume-from/{step_id}", control_handlers.resume_from, OPERATE
    ),
    _loose("POST", "/v1/executions/{id}/steps/{step_id}/decision", wait_handlers.decision, OPERATE),
    _loose(
        "POST", "/v1/executions/{id}/steps/{step_id}/submission", wait_handlers.submission, OPERATE
    ),
    _loose("GET", "/v1/waits", wait_handlers.list_open, READ),
    _loose("GET", "/v1/schedules", schedule_handlers.list_all, READ),
    _loose("DELETE", "/v1/schedules/{id}", schedule_handlers.delete, OPERATE),
    _loose("POST", "/v1/tasks/poll", task_handlers.poll, WORK),
    _loose("POST", "/v1/tasks/{task_id}/complete", task_handlers.complete, WORK),
    _loose("POST", "/v1/tasks/{task_id}/fail", task_handlers.fail, WORK),
    _loose("POST", "/v1/tasks/{task_id}/heartbeat", task_handlers.heartbeat, WORK),
    _loose("POST", "/v1/environments", environment_handlers.create, ADMIN),
    _loose("GET", "/v1/environments", environment_handlers.list_all, ADMIN),
    _loose("GET", "/v1/environments/{id}", environment_handlers.get, ADMIN),
    *key_handlers.ROUTES,
    *audit_handlers.ROUTES,
    _loose("POST", "/truto/workflow", truto_handlers.create, AUTHOR),
    _loose("GET", "/truto/workflow", truto_handlers.list_all, READ),
    _loose("GET", "/truto/workflow/{id}", truto_handlers.get, READ),
    _loose("PATCH", "/truto/workflow/{id}", truto_handlers.change, AUTHOR),
    _loose("DELETE", "/truto/workflow/{id}", truto_handlers.delete, AUTHOR),
)
