"""Altostrat's face."""

from typing import Final

from services.api.dialects.altostrat import (
    log_handlers,
    run_handlers,
    start_handlers,
    trial_handlers,
    vault_handlers,
    workflow_handlers,
)
from services.api.dialects.altostrat.faults import FORM, render_fault
from services.api.dialects.face import Face

FACE: Final = Face(
    prefix="/altostrat/",
    form=FORM,
    render_fault=render_fault,
    routes=(
        *workflow_handlers.ROUTES,
        *trial_handlers.ROUTES,
        *start_handlers.ROUTES,
        *run_handlers.ROUTES,
        *log_handlers.ROUTES,
        *vault_handlers.ROUTES,
    ),
)
