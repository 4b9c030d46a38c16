"""Taking what is sent to an endpoint: it becomes an event, as any publisher would send it."""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

import structlog

from services.api.events.send_event import send_event
from services.api.resources import ApiResources
from shared.domain.errors import Invalid
from shared.domain.events import Event
from shared.domain.ids import EnvironmentId, EventKey, event_key
from shared.domain.webhooks import WebhookEndpoint
from shared.expr.bounds import RUN_IF, RUN_IF_BYTES_MAX
from shared.expr.errors import ExpressionError
from shared.expr.jsonata import UNDEFINED, Document
from shared.wire.event_fields import EventLimits
from shared.wire.strict_json import invalid

NO_EVENT_TYPE: Final = "NO_EVENT_TYPE"
BAD_SUBJECT: Final = "BAD_SUBJECT"

_log: Final = structlog.get_logger(__name__)


async def receive_at_endpoint(
    resources: ApiResources,
    endpoint: WebhookEndpoint,
    payload: Mapping[str, Any],
    key: str | None,
    limits: EventLimits,
    chain: Mapping[str, Any],
) -> Event:
    """Publish what was sent as an event; on return it is durable.

    The same ``key`` names the same event; ``chain`` tells what has led to it. Raises Unavailable,
    and Invalid when what was sent has no type or an unfit subject as the endpoint finds them, or is
    too large as an event.
    """
    environment_id, spec = EnvironmentId(endpoint.environment_id), endpoint.spec
    id_ = key or str(resources.new_id())
    named = event_key(environment_id, endpoint.source, id_)
    reading = _Reading(resources, endpoint, payload, named, limits)
    type_, subject = spec.event_type, None
    if spec.event_type_from is not None:
        type_ = await reading.text(spec.event_type_from, NO_EVENT_TYPE)
    if spec.subject_from is not None:
        subject = await reading.text(spec.subject_from, BAD_SUBJECT)
    if type_ is None:
        raise reading.refusal(NO_EVENT_TYPE, "it came to nothing")
    event = Event(
        key=named,
        environment_id=environment_id,
        type=type_,
        source=endpoint.source,
        id=id_,
        received_at=resources.clock.now(),
        payload=payload,
        subject=subject,
        attributes=chain,
    )
    await send_event(resources, event)
    return event


class _Reading:
    """What an endpoint's expressions come to, for one delivery."""

    def __init__(
        self,
        resources: ApiResources,
        endpoint: WebhookEndpoint,
        payload: Mapping[str, Any],
        key: EventKey,
        limits: EventLimits,
    ) -> None:
        self._resources = resources
        self._endpoint = endpoint
        self._document = Document.of(payload)
        self._key = key
        self._limits = limits

    async def text(self, source: str, code: str) -> str | None:
        """A text; None where there is none. Raises Invalid with ``code`` for anything else."""
        resources, environment_id = self._resources, EnvironmentId(self._endpoint.environment_id)
        evaluate = partial(
            resources.expressions.get(source, bytes_max=RUN_IF_BYTES_MAX).evaluate,
            self._document,
            bounds=RUN_IF,
            now=resources.clock.now(),
            seed=self._key.int % 2**64,
        )
        try:
            value = await resources.pace.evaluate(environment_id, evaluate)
        except ExpressionError as error:
            raise self.refusal(code, str(error)) from None
        if value is UNDEFINED or value is None:
            return None
        if not isinstance(value, str) or not 0 < len(value.encode()) <= self._limits.id_bytes_max:
            raise self.refusal(code, "it is no text, empty, or too long")
        return value

    def refusal(self, code: str, reason: str) -> Invalid:
        """What the sender is told; the log has ``reason``."""
        id_ = str(self._endpoint.id)
        _log.info("delivery_not_understood", endpoint_id=id_, code=code, reason=reason)
        return invalid("", code, "This address finds no fit event in what was sent.")
