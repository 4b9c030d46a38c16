"""What the operations of the OpenAPI document share: paths' parts, headers, refusals, logins."""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Final

from services.api.dialects.face import Form
from services.api.dialects.faces import FACES
from shared.domain.subscriptions import SigningForm
from shared.wire.documents.refusals import RefusalDocument

Parts = Mapping[str, Any]

_UUID: Final[Parts] = {"type": "string", "format": "uuid"}
_TEXT: Final[Parts] = {"type": "string", "minLength": 1, "maxLength": 256}
_NAME: Final[Parts] = {"type": "string", "minLength": 1, "maxLength": 256}
_THENA: Final[Parts] = {"type": "string", "pattern": "^[0-7][0-9A-HJKMNP-TV-Z]{25}$"}


def _altostrat(prefix: str) -> Parts:
    return {"type": "string", "pattern": f"^{prefix}[0-7][0-9a-z]{{25}}$"}


IN_PATH: Final[Mapping[str, tuple[str, Parts]]] = MappingProxyType(
    {
        "workflows": ("The workflow's id.", _UUID),
        "workflow": ("The workflow's id.", _UUID),
        "workflow-run": ("The run's id.", _UUID),
        "triggers": ("The trigger's id; one without any is `t` and its place from 0.", _TEXT),
        "versions": ("The version's number.", {"type": "integer", "minimum": 1}),
        "webhook-endpoints": ("The endpoint's id.", _UUID),
        "actions": ("The action's name.", _NAME),
        "event-types": ("The event type's name.", _NAME),
        "hooks": ("The token of the webhook's address.", _TEXT),
        "events": ("The event's key, or the id that its publisher gave.", _TEXT),
        "executions": ("The execution's id.", _UUID),
        "resume-from": ("The step's id.", _TEXT),
        "steps": ("The step's id.", _TEXT),
        "schedules": ("The schedule's id.", _UUID),
        "tasks": ("The task's id, as the worker got it.", _TEXT),
        "environments": ("The environment's id.", _UUID),
        "keys": ("The key's id.", _UUID),
        "dead-letters": ("The dead letter's id.", _UUID),
        "interactive": ("The job's id.", _UUID),
        "job-status": ("The run's id.", _UUID),
        "runs": ("The run's id.", _TEXT),
        "csv": ("The block's id.", _TEXT),
        "json": ("The block's id.", _TEXT),
        "secrets": ("The secret's name.", _NAME),
        "{flow_id}": ("The workflow's id.", _altostrat("fl_")),
        "{flow_run_id}": ("The run's id.", _altostrat("fl_run_")),
        "{vault_id}": ("The id of a secret of the vault.", _altostrat("vlt_")),
        "{workflow_uid}": ("The workflow's uid.", _THENA),
        "{instance_uid}": ("The execution's id.", _THENA),
        "{node_id}": ("The node's id.", _TEXT),
        "webhooks": ("The token of the webhook's address.", _TEXT),
        "signing-secrets": ("The form.", {"type": "string", "enum": [*SigningForm]}),
        "webhook-subscriptions": ("The subscription's id.", _UUID),
        "webhook": ("The webhook's id.", _UUID),
        "webhook-deliveries": ("The delivery's id.", _UUID),
        "parameters": ("The set's id.", _UUID),
        "{key_id}": ("The `kid` of a `JWS-SIGNATURE`.", _UUID),
    }
)
"""What stands in a path, by its own name or after each word: a sentence and a schema."""

REQUEST_ID_GIVEN: Final[Parts] = {
    "name": "X-Request-Id",
    "in": "header",
    "description": "What the caller calls this request; the answer, the log and the audit log say"
    " it again. One is made where this is not `[A-Za-z0-9._-]{1,128}`.",
    "schema": {"type": "string"},
}
ENVIRONMENT_NAMED: Final[Parts] = {
    "name": "X-Turnout-Environment",
    "in": "header",
    "description": "Another environment than one's own, or than the default one.",
    "schema": _UUID,
}
IDEMPOTENCY_KEY: Final[Parts] = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "What names the request: sent again, it does nothing new.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 256, "pattern": "^[ -~]+$"},
}
IF_MATCH: Final[Parts] = {
    "name": "If-Match",
    "in": "header",
    "description": "The `ETag` that the caller has seen: it is changed only while it is so.",
    "schema": {"type": "string"},
}
IF_NONE_MATCH: Final[Parts] = {
    "name": "If-None-Match",
    "in": "header",
    "description": "The `ETag` that the caller has: unchanged, it is not sent again.",
    "schema": {"type": "string"},
}
PARAMETERS: Final[Parts] = {
    "RequestId": REQUEST_ID_GIVEN,
    "Environment": ENVIRONMENT_NAMED,
    "IdempotencyKey": IDEMPOTENCY_KEY,
    "IfMatch": IF_MATCH,
    "IfNoneMatch": IF_NONE_MATCH,
}
LOCATED: Final = frozenset({"/v1/workflows/{id}/executions"})
"""Where a 202 says where its outcome will be."""

HEADERS: Final[Parts] = {
    "RequestId": {
        "description": "What the log knows the request by.",
        "required": True,
        "schema": {"type": "string"},
    },
    "RetryAfter": {
        "description": "After how many seconds to try again.",
        "required": True,
        "schema": {"type": "integer", "minimum": 0},
    },
    "ETag": {"description": "What this state of it is known by.", "schema": {"type": "string"}},
    "Location": {"description": "Where the outcome will be.", "schema": {"type": "string"}},
    "Challenge": {
        "description": "What to log in by.",
        "required": True,
        "schema": {"type": "string"},
    },
}

SECURITY_SCHEMES: Final[Parts] = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "The operator's token, a key (`tot_…`) or a JWT of a configured issuer.",
    },
    "apiKey": {"type": "apiKey", "in": "header", "name": "x-api-key", "description": "The same."},
    "raw": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "The same, without a scheme.",
    },
}


NATIVE: Final = Form("", "application/problem+json", RefusalDocument)
FORMS: Final[Mapping[str, Form]] = MappingProxyType({face.prefix: face.form for face in FACES})

REFUSALS: Final[Mapping[HTTPStatus, tuple[str, Mapping[str, str]]]] = MappingProxyType(
    {
        HTTPStatus.BAD_REQUEST: (
            "What was sent cannot be read, or is not for this route.",
            {},
        ),
        HTTPStatus.UNAUTHORIZED: (
            "Nobody known asks: show a token, a key or a JWT.",
            {"WWW-Authenticate": "Challenge"},
        ),
        HTTPStatus.FORBIDDEN: ("Whoever asks lacks a scope, or is of another environment.", {}),
        HTTPStatus.NOT_FOUND: ("There is no such thing in this environment.", {}),
        HTTPStatus.CONFLICT: ("It cannot be done as things stand.", {}),
        HTTPStatus.PRECONDITION_FAILED: ("It is in another state than the one asked for.", {}),
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ("The body is too large.", {}),
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE: ("The body is of another media type.", {}),
        HTTPStatus.UNPROCESSABLE_ENTITY: ("What was sent can be read, and is wrong: see why.", {}),
        HTTPStatus.TOO_MANY_REQUESTS: (
            "Whoever asks has asked too often.",
            {"Retry-After": "RetryAfter"},
        ),
        HTTPStatus.SERVICE_UNAVAILABLE: (
            "Something that Turnout needs does not answer; nothing was done.",
            {"Retry-After": "RetryAfter"},
        ),
    }
)
"""What each refusal means, and its headers."""
