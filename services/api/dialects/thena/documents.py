"""What Thena's routes answer with."""

from typing import Any, NotRequired

from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict

from shared.wire.documents.parts import Data, ProblemDocument, Time


class ThenaRefusal(TypedDict):
    """What NestJS answers; the message is a list where several things are wrong."""

    statusCode: int
    message: str | list[str]
    error: str


class ThenaEventDocument(TypedDict):
    """A type of events."""

    uid: str
    description: str
    eventName: str
    eventType: str
    source: str
    schema: dict[str, Any]
    metadata: dict[str, Any]


@with_config(ConfigDict(extra="allow", strict=True))
class ThenaWorkflowDocument(TypedDict):
    """A workflow in one version, and whatever else its author has sent.

    Its steps are as they were sent, with every documented field. ``problems`` has what keeps it
    from running, with places in this document; nothing starts it while there are any.
    """

    uid: str
    type: str
    subType: str
    uniqueIdentifier: str
    name: str
    version: int
    triggerEvent: ThenaEventDocument | None
    filters: dict[str, Any]
    annotations: list[Any]
    workflowDefinition: list[dict[str, Any]]
    executingAgent: str | None
    isActive: bool
    createdAt: Time
    updatedAt: Time
    createdBy: str | None
    teamId: str | None
    metadata: dict[str, Any]
    problems: NotRequired[list[ProblemDocument]]


class ThenaDeletedDocument(TypedDict):
    """What was deleted."""

    uid: str
    uniqueIdentifier: str


class ThenaThrottlerDocument(TypedDict):
    """How often an activity may be called: ``limit`` times in ``ttl`` seconds for each key."""

    ttl: float
    limit: int
    key: str | None
    enabled: bool


class ThenaActivityDocument(TypedDict):
    """An activity in its latest version."""

    uid: str
    name: str
    uniqueIdentifier: str
    version: int
    source: str
    description: str
    requestSchema: dict[str, Any]
    responseSchema: dict[str, Any]
    throttler: ThenaThrottlerDocument | None
    metadata: dict[str, Any]


class ThenaOperatorDocument(TypedDict):
    """A word of filters, and what it takes."""

    name: str
    description: str


class ThenaOperatorsDocument(TypedDict):
    """The words of filters: on one value, and on several filters."""

    filterOperators: list[ThenaOperatorDocument]
    logicalOperators: list[ThenaOperatorDocument]


class ThenaExecutionDocument(TypedDict):
    """An execution; ``error`` says why it failed, was cancelled or expired."""

    id: str
    workflowId: str
    version: int
    status: str
    context: Data
    error: Data
    startedAt: Time
    lastUpdatedAt: Time


class ThenaCalledDocument(TypedDict):
    """Which activity a task calls."""

    name: str
    uniqueIdentifier: str


class ThenaTaskDocument(TypedDict):
    """One attempt of a step, or of its compensation."""

    id: str
    stepIdentifier: int
    activity: ThenaCalledDocument
    status: str
    input: Data
    result: Data
    isRetry: bool
    isCompensation: bool
    executionTime: float
    startedAt: Time | None
    lastUpdatedAt: Time
