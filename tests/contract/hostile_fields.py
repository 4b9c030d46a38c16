"""Every field of what is sent to the API that may hold any text, as the models have it."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, Literal, get_args, get_origin

from pydantic import BaseModel

from services.api.routes import ROUTES
from shared.domain.values import Value

Place = tuple[str, str]
"""A model and one of its fields; ``*`` are those that it does not know and keeps."""

BODIES: Final[Mapping[str, type[BaseModel]]] = MappingProxyType(
    {f"{r.method} {r.path}": r.body.model for r in ROUTES if r.body is not None}
)


PLAIN: Final[Mapping[str, str]] = MappingProxyType(
    {
        "ActionSpec": "category description metadata source url",
        "AddBlock": "block_name parent_block_id",
        "AltostratData": "component_id description",
        "AltostratEdge": "id source target",
        "AltostratForm": "by data",
        "AltostratNode": "position type",
        "AltostratPayload": "root",
        "AltostratTest": "authorization_id",
        "AltostratWorkflow": "description name",
        "Annotation": "entity_type",
        "Anything": "root",
        "Approval": "message",
        "Approver": "id",
        "Block": "block_id block_name block_type",
        "BlockEdge": "from_block_id to_block_id",
        "Body": "action",
        "BulkRequest": "reason",
        "CancelRequest": "reason",
        "ChangedVaultSecret": "name",
        "Compensation": "action",
        "Completion": "output",
        "DecisionRequest": "by comment decision_id",
        "Edge": "ext id source target",
        "EndpointSpec": "name source",
        "EnvironmentRequest": "name organisation",
        "EventTypeSpec": "description metadata source",
        "ExecutionsWhere": "event_type input output",
        "Failure": "message",
        "Form": "message",
        "Heartbeat": "progress",
        "KeyRequest": "name",
        "LettersRequest": "reason topic",
        "NewVaultSecret": "name",
        "Owner": "org_id team_id workspace_id",
        "PauseRequest": "note",
        "Poll": "actions worker",
        "ReplayRequest": "payload source subject type",
        "RunAs": "authorization_id executing_agent",
        "SaveInteractive": "block_id workflow_description workflow_name",
        "SixtyfourChange": "step workflow_description workflow_name",
        "SixtyfourWorkflow": "id step workflow_description workflow_name",
        "StartInteractive": "block_name cache_config webhook_payload",
        "StartRequest": "idempotency_key metadata origin overrides parameters payload record_id"
        " ui_options",
        "Step": "action depends_on description ext name",
        "SubmissionRequest": "by data decision_id",
        "SubscriptionChange": "kinds name url",
        "SubscriptionRequest": "kinds name url",
        "Terminate": "message",
        "ThenaActivity": "unique_identifier",
        "ThenaAnnotation": "entity_type",
        "ThenaApprover": "uid",
        "ThenaEvent": "event_name uid",
        "ThenaStep": "dependencies",
        "ThenaWorkflow": "executing_agent name sub_type team_id trigger_event type",
        "TransactionLinkCredentials": "key secret",
        "TransactionLinkParameterSet": "parameters",
        "TransactionLinkRefresh": "refresh_token",
        "TransactionLinkStart": "parameters ui_options",
        "Trigger": "event_uid ext step_id",
        "TrutoStep": "action",
        "TrutoWebhookChange": "event_types label target_url",
        "TrutoWebhookRequest": "event_types label target_url",
        "TrutoWorkflow": "label trigger_name",
        "WebhookAuth": "secret secrets",
        "WorkflowRequest": "description ext key kind metadata name subkind",
    }
)
"""Fields of names, of texts for people, and of data: nothing in them is evaluated."""

AGAIN: Final[Mapping[str, str]] = MappingProxyType(
    {
        "AddBlock": "specs",
        "AltostratExecute": "context",
        "AltostratTest": "context",
        "DocumentDryRunRequest": "document event",
        "DryRunRequest": "document event",
        "RunRequest": "specs_override webhook_payload",
        "SubscriptionChange": "filters headers",
        "ThenaChange": "root",
        "TrutoChange": "root",
        "WhatIfRequest": "document",
    }
)
"""Fields that hold once more what another request has held: how that is used sends them too."""


def listed(fields: Mapping[str, str]) -> set[Place]:
    """The places in a list such as these."""
    return {(model, name) for model, names in fields.items() for name in names.split()}


def every() -> set[Place]:
    """All there are, in all that routes take."""
    return {place for model in BODIES.values() for place in within(model)}


def within(model: type[BaseModel]) -> set[Place]:
    """Those of a model, and of what it holds."""
    return set(_within(model, set()))


def holding(model: BaseModel, text: str) -> set[Place]:
    """Those that hold a text."""
    kind = type(model).__name__
    named = {name: getattr(model, name) for name in type(model).model_fields}
    found = {
        place for name, value in named.items() for place in _in_value(value, (kind, name), text)
    }
    return found | set(_in_value(model.model_extra, (kind, "*"), text))


def _within(model: type[BaseModel], seen: set[type[BaseModel]]) -> Iterator[Place]:
    seen.add(model)
    for name, field in model.model_fields.items():
        kinds = list(_kinds(field.annotation))
        # What has to look a certain way holds no expression.
        is_free = not any(getattr(said, "pattern", None) for said in field.metadata)
        if is_free and not {str, Any, Value}.isdisjoint(kinds):
            yield model.__name__, name
        for kind in kinds:
            if (
                isinstance(kind, type)
                and issubclass(kind, BaseModel)
                and kind not in {*seen, Value}
            ):
                yield from _within(kind, seen)


def _kinds(annotation: Any) -> Iterator[Any]:
    """What an annotation is made of, without what has to look a certain way."""
    if get_origin(annotation) is Literal:
        return
    arguments = get_args(annotation)
    metadata = getattr(annotation, "__metadata__", ())
    if any(getattr(said, "pattern", None) for each in metadata for said in (each, *_inside(each))):
        return
    if not arguments:
        yield annotation
    for argument in arguments:
        yield from _kinds(argument)


def _inside(metadata: Any) -> Any:
    return getattr(metadata, "metadata", ())


def _in_value(value: Any, place: Place, text: str) -> Iterator[Place]:
    match value:
        case Value():
            yield from _in_value(value.src, place, text)
        case BaseModel():
            yield from holding(value, text)
        case str() if text in value:
            yield place
        case dict():
            for each in (*value, *value.values()):
                yield from _in_value(each, place, text)
        case list() | tuple():
            for each in value:
                yield from _in_value(each, place, text)
