"""What stands in Thena's paths and query strings."""

from typing import Annotated, Any
from uuid import UUID

from aiohttp import web
from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from services.api.dialects.thena.ids import id_of
from services.api.http.parameters import EXAMPLE_ID
from services.api.http.query_strings import LIMIT_MAX, InEnvironment, Whole
from shared.domain.errors import NotFound
from shared.domain.short_ids import short_id


class ThenaListQuery(InEnvironment):
    """How much of a list is wanted: Thena documents no pages, so all that a page may hold."""

    limit: Annotated[Whole, Field(ge=1, le=LIMIT_MAX)] = LIMIT_MAX


def uid_in_path(request: web.Request, name: str) -> UUID:
    """The id of that name in the path. Raises NotFound for what cannot be one."""
    found = id_of(request.match_info[name])
    if found is None:
        raise NotFound(f"There is no such thing: its id looks like {short_id(EXAMPLE_ID)}.")
    return found


def _read(value: Any) -> UUID:
    found = value if isinstance(value, UUID) else id_of(str(value))
    if found is None:
        raise PydanticCustomError("bad_value", "It must be an id that was answered with.")
    return found


Uid = Annotated[UUID, BeforeValidator(_read, json_schema_input_type=str)]
"""An id in a query string."""
