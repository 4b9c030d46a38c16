"""``send_webhook``: posts a payload, signed in the form that its receiver checks.

What signs it is the environment's own; without any of the form the message is unsigned.
"""

import re
from typing import Annotated, Any, Final
from uuid import uuid5

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.executor.actions.answers import failed, send
from services.executor.actions.http_request import in_words
from services.executor.call import Call
from shared.db.pool import Pool, translated
from shared.db.signing_secrets import read_own
from shared.domain.errors import Unavailable
from shared.domain.outcomes import ErrorKind, Outcome
from shared.domain.subscriptions import SigningForm, SigningKey, message_id
from shared.egress.caller import Caller
from shared.egress.forms import Message, headers_of
from shared.egress.message import Request
from shared.runtime.keyring import KeyRing

_ACQUIRE_WITHIN_S: Final = 5
_AN_ID: Final = re.compile(r"[\x21-\x7e]{1,256}")


class WebhookInput(BaseModel):
    """The step's input: the payload is the body, as JSON."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str
    payload: Any = None
    form: SigningForm = SigningForm.STANDARD
    event_type: Annotated[str, Field(min_length=1, max_length=256, pattern=r"^[\x21-\x7e]+$")] = (
        "outgoing_webhook.completed"
    )
    headers: dict[str, str] = Field(default_factory=dict)


class SendWebhook:
    """The action."""

    def __init__(self, caller: Caller, pool: Pool, ring: KeyRing) -> None:
        self._caller = caller
        self._pool = pool
        self._ring = ring

    async def __call__(self, call: Call) -> Outcome:
        try:
            given = WebhookInput.model_validate(call.input)
        except ValidationError as error:
            return failed(ErrorKind.INVALID_INPUT, in_words(error))
        try:
            keys = await self._keys(call, given.form)
        except Unavailable as error:
            return failed(ErrorKind.UNREACHABLE, error.message, retryable=True)
        # The same for each attempt of the step, of each item of an iterator.
        made = message_id(uuid5(call.origin.execution_id, call.key))
        message = Message(
            id=_own_id(given) or made,
            kind=given.event_type,
            attempt=call.attempt,
            sent_at=call.now,
            body=orjson.dumps(given.payload),
        )
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": call.idempotency_key,
            **given.headers,
            **headers_of(given.form, message, keys),
        }
        request = Request(
            method="POST",
            url=given.url,
            headers=headers,
            body=message.body,
            timeout_s=call.timeout_s,
        )
        return await send(self._caller, request, call)

    async def _keys(self, call: Call, form: SigningForm) -> list[SigningKey]:
        environment_id = call.origin.environment_id
        with translated():
            async with self._pool.acquire(timeout=_ACQUIRE_WITHIN_S) as conn:
                return await read_own(conn, self._ring, environment_id, form, call.now)


def _own_id(given: WebhookInput) -> str | None:
    """What the body says that the message's id is, in the form whose readers see it there, too."""
    if given.form is not SigningForm.SIXTYFOUR or not isinstance(given.payload, dict):
        return None
    said = given.payload.get("event_id")
    return said if isinstance(said, str) and _AN_ID.fullmatch(said) else None
