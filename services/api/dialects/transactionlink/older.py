"""What older versions of TransactionLink's API ask for."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from pydantic import Field

from services.api.dialects.transactionlink.executions import TransactionLinkStart
from shared.domain.asked import Locale
from shared.domain.ids import WorkflowId
from shared.domain.values import Name, Strict


class TransactionLinkRun(Strict):
    """What starts a workflow: by ``caseId`` in version 1, by ``recordId`` in version 2."""

    workflow_id: WorkflowId = Field(alias="workflowDefinitionId")
    case_id: UUID | None = Field(None, alias="caseId")
    record_id: UUID | None = Field(None, alias="recordId")
    parameters_id: UUID | None = Field(None, alias="parametersId")
    lang: Locale = "en"

    def with_parameters(self, parameters: Mapping[str, Any]) -> TransactionLinkStart:
        """The same in the words of today, with those of the set that it names."""
        return TransactionLinkStart(
            workflowDefinitionId=self.workflow_id,
            locale=self.lang,
            parameters=dict(parameters),
            expiresAt=None,
            uiOptions=None,
            recordId=self.record_id or self.case_id,
        )


class TransactionLinkCredentials(Strict):
    """The secret is a credential of Turnout's; ``key`` means nothing beside it."""

    key: Name
    secret: str = Field(min_length=1)


class TransactionLinkRefresh(Strict):
    """What was told when the secret was shown."""

    refresh_token: str = Field(min_length=1, alias="refreshToken")
