"""Thena's face."""

from typing import Final

from services.api.dialects.face import Face
from services.api.dialects.thena import registry_handlers, run_handlers, workflow_handlers
from services.api.dialects.thena.faults import FORM, render_fault

FACE: Final = Face(
    prefix="/thena/",
    form=FORM,
    render_fault=render_fault,
    routes=(*registry_handlers.ROUTES, *run_handlers.ROUTES, *workflow_handlers.ROUTES),
)
