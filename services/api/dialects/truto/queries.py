"""What Truto's lists may be asked: ``field=v`` and ``field[op]=v``, where that has a meaning."""

from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import BeforeValidator, Field, WithJsonSchema

from services.api.dialects.truto.cursors import TrutoPageQuery
from services.api.dialects.truto.run_statuses import RunStatus
from services.api.http.query_strings import Id, Moment, Text
from shared.domain.ids import WorkflowId

IDS_MAX: Final = 50

_UUID: Final = "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_WORD: Final = "|".join(RunStatus)


def _many(written: Any) -> list[str]:
    return str(written).split(",")


Ids = Annotated[
    list[Id[UUID]],
    BeforeValidator(_many),
    Field(max_length=IDS_MAX),
    WithJsonSchema({"type": "string", "pattern": f"^{_UUID}(,{_UUID})*$"}),
]
"""Ids with commas between them."""

RunStatuses = Annotated[
    list[RunStatus],
    BeforeValidator(_many),
    WithJsonSchema({"type": "string", "pattern": f"^({_WORD})(,({_WORD}))*$"}),
]
"""Words with commas between them."""


class TrutoListQuery(TrutoPageQuery):
    """How much of a list is wanted."""

    ids: Ids | None = Field(None, alias="id[in]", description=f"At most {IDS_MAX} of them.")


class TrutoWorkflowsQuery(TrutoListQuery):
    """Which workflows to list."""

    trigger_name: Text | None = None


class TrutoWebhooksQuery(TrutoPageQuery):
    """Which webhooks to list."""

    is_active: bool | None = None


class TrutoRunsQuery(TrutoListQuery):
    """Which runs to list."""

    workflow_id: Id[WorkflowId] | None = None
    status: RunStatus | None = None
    statuses: RunStatuses | None = Field(None, alias="status[in]")
    created_from: Moment | None = Field(None, alias="created_at[gte]")
    created_before: Moment | None = Field(None, alias="created_at[lt]")
