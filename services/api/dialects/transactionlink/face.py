"""TransactionLink's face."""

from typing import Final

from services.api.dialects.face import Face
from services.api.dialects.transactionlink.faults import FORM, render_fault
from services.api.dialects.transactionlink.handlers import ROUTES
from services.api.dialects.transactionlink.older_handlers import ROUTES as OLDER
from services.api.dialects.transactionlink.parameter_sets import ROUTES as PARAMETERS
from services.api.dialects.transactionlink.published_keys import ROUTES as KEYS

FACE: Final = Face(
    prefix="/transactionlink/",
    form=FORM,
    render_fault=render_fault,
    routes=(*ROUTES, *OLDER, *PARAMETERS, *KEYS),
)
