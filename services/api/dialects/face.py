"""The face of a system: where its routes are, and how it refuses."""

from dataclasses import dataclass
from http import HTTPStatus

from services.api.http.problems import RenderFault
from services.api.http.route import Route


@dataclass(frozen=True, slots=True)
class Form:
    """How refusals look under a prefix of the path; ``of`` is what their names start with.

    ``kind`` is the type of their documents, ``unfit`` the status of what can be read and is wrong,
    ``unfit_query`` that of a query string.
    """

    of: str
    media: str
    kind: type
    unfit: HTTPStatus = HTTPStatus.UNPROCESSABLE_ENTITY
    unfit_query: HTTPStatus = HTTPStatus.BAD_REQUEST


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """``prefix`` starts each of its ``routes``; ``render_fault`` writes what ``form`` describes."""

    prefix: str
    form: Form
    render_fault: RenderFault
    routes: tuple[Route, ...]
