"""Sixtyfour's face."""

from typing import Final

from services.api.dialects.face import Face
from services.api.dialects.sixtyfour import (
    handlers,
    interactive_handlers,
    result_handlers,
    run_handlers,
    signing_handlers,
)
from services.api.dialects.sixtyfour.faults import FORM, render_fault

FACE: Final = Face(
    prefix="/sixtyfour/",
    form=FORM,
    render_fault=render_fault,
    routes=(
        *handlers.ROUTES,
        *run_handlers.ROUTES,
        *result_handlers.ROUTES,
        *interactive_handlers.ROUTES,
        *signing_handlers.ROUTES,
    ),
)
