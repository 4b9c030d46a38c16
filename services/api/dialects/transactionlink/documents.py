"""What TransactionLink's routes answer."""

from typing import Annotated, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from services.api.dialects.transactionlink.statuses import ExecutionStatus
from shared.wire.documents.parts import Data, Id, Time


class TransactionLinkRefusal(TypedDict):
    """Why it was refused; the message names each fault and its place."""

    code: str
    message: str


class TransactionLinkExecution(TypedDict):
    """An execution, which TransactionLink calls a workflow."""

    id: Id
    workspaceId: str
    workflowDefinitionId: Id
    parameters: Data
    name: str
    revision: str
    status: ExecutionStatus
    locale: str | None
    recordId: str | None
    expiresAt: Time | None
    uiOptions: Data
    executionType: Literal["BACKGROUND", "INTERACTIVE"]
    executionVersion: Annotated[int, Field(description="The version of the definition.")]
    origin: Annotated[str | None, Field(description="'API' where it was started here.")]
    link: NotRequired[
        Annotated[str, Field(description="Where its questions to people are listed.")]
    ]


class TransactionLinkRunning(TypedDict):
    """An execution as older versions of the API show it."""

    id: Id
    caseId: str | None
    status: ExecutionStatus


class TransactionLinkLink(TypedDict):
    """Where the questions of an execution to people are listed."""

    link: str


class TransactionLinkTokens(TypedDict):
    """What whoever was let in shows from now on, in seconds for how long."""

    accessToken: str
    refreshToken: str
    expiryDuration: int
    tokenType: Literal["Bearer"]


class TransactionLinkParameters(TypedDict):
    """Parameters that are kept, and what starts name them by."""

    id: Id
    parameters: Data
    createdAt: Time
    updatedAt: Time
