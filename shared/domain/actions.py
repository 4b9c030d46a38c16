"""The actions every installation has. Vendors' own actions will be rows of a registry."""

from collections.abc import Mapping
from types import MappingProxyType

BUILT_IN: Mapping[str, str] = MappingProxyType(
    {
        "http_request": "Send an HTTP request and keep the answer.",
        "run_sync_job": "Ask the configured sync-job service to run a job.",
        "emit_event": "Publish an event, which may start other workflows.",
        "transform": "Compute a value and keep it as the step's output.",
    }
)
