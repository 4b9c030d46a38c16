"""``http_request``: one HTTP request to an address of the author's choice."""

from typing import Annotated, Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.executor.actions.answers import failed, send
from services.executor.call import Call
from shared.domain.outcomes import ErrorKind, Outcome
from shared.egress.caller import Caller
from shared.egress.message import Request


class HttpInput(BaseModel):
    """The step's input. ``json_body`` (written ``json``) is sent as JSON, ``body`` as it is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str
    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] = "GET"
    headers: dict[str, str] = Field(default_factory=dict)
    json_body: Annotated[Any, Field(alias="json")] = None
    body: str | None = None


class HttpRequest:
    """The action."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def __call__(self, call: Call) -> Outcome:
        try:
            given = HttpInput.model_validate(call.input)
        except ValidationError as error:
            return failed(ErrorKind.INVALID_INPUT, in_words(error))
        headers = {"Idempotency-Key": call.idempotency_key, **given.headers}
        sent = None if given.body is None else given.body.encode()
        if given.json_body is not None:
            headers.setdefault("Content-Type", "application/json")
            sent = orjson.dumps(given.json_body)
        request = Request(
            method=given.method,
            url=given.url,
            headers=headers,
            body=sent,
            timeout_s=call.timeout_s,
        )
        return await send(self._caller, request, call)


def in_words(error: ValidationError) -> str:
    """Every fault of a step's input in one sentence."""
    faults = "; ".join(
        f"{'/'.join(map(str, fault['loc'])) or 'input'}: {fault['msg']}"
        for fault in error.errors(include_url=False, include_input=False)
    )
    return f"The step's input does not fit the action: {faults}."
