"""Every route: method, path, handler."""

from typing import Final

from services.api import (
    event_handlers,
    execution_handlers,
    health,
    truto_handlers,
    workflow_handlers,
)

ROUTES: Final = (
    ("GET", "/healthz", health.healthz),
    ("GET", "/readyz", health.readyz),
    ("GET", "/metrics", health.metrics),
    ("POST", "/v1/workflows", workflow_handlers.create),
    ("GET", "/v1/workflows", workflow_handlers.list_all),
    ("GET", "/v1/workflows/{id}", workflow_handlers.get),
    ("PUT", "/v1/workflows/{id}", workflow_handlers.replace),
    ("DELETE", "/v1/workflows/{id}", workflow_handlers.delete),
    ("POST", "/v1/events", event_handlers.send),
    ("GET", "/v1/events", event_handlers.list_recent),
    ("GET", "/v1/events/{id}", event_handlers.explain),
    ("GET", "/v1/executions", execution_handlers.list_recent),
    ("GET", "/v1/executions/{id}", execution_handlers.get),
    ("POST", "/v1/executions/{id}/cancel", execution_handlers.cancel),
    ("POST", "/truto/workflow", truto_handlers.create),
    ("GET", "/truto/workflow", truto_handlers.list_all),
    ("GET", "/truto/workflow/{id}", truto_handlers.get),
    ("PATCH", "/truto/workflow/{id}", truto_handlers.change),
    ("DELETE", "/truto/workflow/{id}", truto_handlers.delete),
)
