"""Making, changing and ending the endpoints of an environment, each noted."""

from collections.abc import Iterator
from typing import Final
from uuid import UUID

from services.api.http.etags import check
from services.api.note_changes import note
from services.api.resources import ApiResources
from services.api.workflows.webhook_tokens import hash_of, unknown_secrets
from shared.db.audit import Change
from shared.db.pool import Connection
from shared.db.webhook_endpoints import add_endpoint, delete_endpoint, lock_endpoint, put_endpoint
from shared.domain.errors import Invalid, Problem
from shared.domain.ids import is_of_trigger
from shared.domain.principals import Caller
from shared.domain.webhooks import EndpointSpec, WebhookEndpoint
from shared.expr.bounds import RUN_IF_BYTES_MAX
from shared.matching.senders import kept_header_problems, sender_problems
from shared.wire.event_fields import RESERVED, EventFault, EventLimits

_LIMITS: Final = EventLimits()


async def create_endpoint(
    resources: ApiResources, caller: Caller, spec: EndpointSpec
) -> tuple[WebhookEndpoint, str]:
    """Give an environment another endpoint; with its token, which nobody is told again.

    Raises Invalid, and Conflict when there are too many.
    """
    now, token = resources.clock.now(), resources.new_token()
    endpoint = WebhookEndpoint(
        id=resources.new_id(),
        environment_id=caller.environment_id,
        token_hash=hash_of(token),
        spec=spec,
        created_by=caller.name,
        created_at=now,
        updated_at=now,
        address_made_at=now,
    )
    async with resources.tenant(caller.environment_id) as conn:
        await _check_spec(resources, conn, caller, spec)
        await add_endpoint(conn, endpoint)
        await note(resources, conn, caller, _change("create", None, endpoint))
    return endpoint, token


async def replace_endpoint(
    resources: ApiResources, caller: Caller, endpoint_id: UUID, spec: EndpointSpec
) -> WebhookEndpoint:
    """Make an endpoint do this; its address stays. Raises NotFound, Changed and Invalid."""
    async with resources.tenant(caller.environment_id) as conn:
        old = await lock_endpoint(conn, caller.environment_id, endpoint_id)
        check(caller, old)
        await _check_spec(resources, conn, caller, spec)
        if old.spec == spec:
            return old
        changes = {"spec": spec, "updated_at": resources.clock.now()}
        new = old.model_copy(update=changes)
        await put_endpoint(conn, new)
        await note(resources, conn, caller, _change("replace", old, new))
    return new


async def rotate_endpoint(
    resources: ApiResources, caller: Caller, endpoint_id: UUID
) -> tuple[WebhookEndpoint, str]:
    """Give an endpoint a new token; the old one is nobody's. Raises NotFound and Changed."""
    now, token = resources.clock.now(), resources.new_token()
    async with resources.tenant(caller.environment_id) as conn:
        old = await lock_endpoint(conn, caller.environment_id, endpoint_id)
        check(caller, old)
        changes = {"token_hash": hash_of(token), "updated_at": now, "address_made_at": now}
        new = old.model_copy(update=changes)
        await put_endpoint(conn, new)
        await note(resources, conn, caller, _change("rotate", old, new))
    return new, token


async def end_endpoint(resources: ApiResources, caller: Caller, endpoint_id: UUID) -> None:
    """Delete an endpoint. Raises NotFound and Changed."""
    async with resources.tenant(caller.environment_id) as conn:
        old = await lock_endpoint(conn, caller.environment_id, endpoint_id)
        check(caller, old)
        await delete_endpoint(conn, old)
        await note(resources, conn, caller, _change("delete", old, None))


async def _check_spec(
    resources: ApiResources, conn: Connection, caller: Caller, spec: EndpointSpec
) -> None:
    """Raises Invalid with everything that keeps an endpoint from working."""
    secrets = await resources.secret_names(conn, caller.environment_id)
    problems = list(_problems(resources, spec))
    problems += kept_header_problems(spec.keep_headers, spec.auth, "/keep_headers")
    if spec.auth is not None:
        problems += sender_problems(spec.auth, "/auth")
        problems += unknown_secrets(spec.auth, "/auth", secrets)
    if problems:
        raise Invalid(problems)


def _problems(resources: ApiResources, spec: EndpointSpec) -> Iterator[Problem]:
    if (spec.event_type is None) is (spec.event_type_from is None):
        detail = "Name the type of its events in 'event_type', or where it is in 'event_type_from'."
        yield Problem(pointer="/event_type", code="MISSING", detail=detail)
    for name in ("event_type", "source"):
        if len((getattr(spec, name) or "").encode()) > _LIMITS.id_bytes_max:
            detail = f"It may have {_LIMITS.id_bytes_max} bytes in UTF-8."
            yield Problem(pointer=f"/{name}", code=EventFault.TOO_LONG, detail=detail)
    if is_of_trigger(spec.source or ""):
        yield Problem(pointer="/source", code=EventFault.RESERVED_SOURCE, detail=RESERVED)
    for name in ("event_type_from", "subject_from"):
        source = getattr(spec, name)
        try:
            if source is not None:
                resources.expressions.get(source, pointer=f"/{name}", bytes_max=RUN_IF_BYTES_MAX)
        except Invalid as error:
            yield from error.problems


def _change(action: str, old: WebhookEndpoint | None, new: WebhookEndpoint | None) -> Change:
    one = old or new
    assert one is not None, "a change is of something"
    return Change(
        action=f"webhook_endpoint.{action}",
        target=f"webhook-endpoint:{one.id}",
        before=None if old is None else old.spec.model_dump(mode="json"),
        after=None if new is None else new.spec.model_dump(mode="json"),
    )
