"""Truto's face."""

from typing import Final

from services.api.dialects.face import Face
from services.api.dialects.truto.faults import FORM, render_fault
from services.api.dialects.truto.handlers import ROUTES
from services.api.dialects.truto.webhook_handlers import ROUTES as WEBHOOK_ROUTES

FACE: Final = Face(
    prefix="/truto/",
    form=FORM,
    render_fault=render_fault,
    routes=(*ROUTES, *WEBHOOK_ROUTES),
)
