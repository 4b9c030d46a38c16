"""What the answer to an outbound call means for the step."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson

from services.executor.call import Call
from shared.domain.outcomes import Completed, ErrorKind, Failed, Outcome, StepError
from shared.egress.caller import Caller
from shared.egress.errors import (
    CallTimeout,
    ConnectFailed,
    DestinationRefused,
    RequestRefused,
    ResponseBroken,
)
from shared.egress.message import Request, Response
from shared.egress.retry_after import retry_after_s

STORED_BYTES_MAX = 262_144
_AGAIN = frozenset({408, 425, 429})


async def send(caller: Caller, request: Request, call: Call) -> Outcome:
    """Send ``request``; a 2xx completes the step with {status, headers, body}."""
    response = await fetch(caller, request, call)
    if isinstance(response, Failed):
        return response
    return Completed(
        output={
            "status": response.status,
            "headers": dict(response.headers),
            "body": body(response),
        }
    )


async def fetch(caller: Caller, request: Request, call: Call) -> Response | Failed:
    """Send ``request``; a 2xx of a size that can be kept, whole, or why there is none."""
    try:
        depth, environment_id = call.origin.cause.depth + 1, call.origin.environment_id
        response = await caller.call(replace(request, depth=depth, environment_id=environment_id))
    except (DestinationRefused, RequestRefused) as error:
        return failed(ErrorKind.REFUSED, error.message)
    except CallTimeout as error:
        return failed(ErrorKind.TIMEOUT, error.message, retryable=True)
    except (ConnectFailed, ResponseBroken) as error:
        return failed(ErrorKind.UNREACHABLE, error.message, retryable=True)
    if not 200 <= response.status < 300:  # noqa: PLR2004 - the class of success
        return Failed(error=_status_error(response, call))
    if response.truncated or len(response.body) > STORED_BYTES_MAX:
        return failed(
            ErrorKind.TOO_LARGE,
            f"The answer is larger than {STORED_BYTES_MAX} bytes; ask for less.",
        )
    return response


def failed(kind: ErrorKind, message: str, *, retryable: bool = False) -> Failed:
    """A failed attempt without an HTTP status."""
    return Failed(error=StepError(kind=kind, message=message, retryable=retryable))


def body(response: Response) -> Any:
    """The body as JSON where it is JSON that a record can carry, else as text."""
    text = response.body.decode("utf-8", errors="replace")
    if "json" not in response.headers.get("content-type", ""):
        return text
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def _status_error(response: Response, call: Call) -> StepError:
    # Not cut here: half of a secret would not be recognised in it. Performing the step cuts it.
    shown = response.body.decode("utf-8", errors="replace")
    answered_at = call.now + timedelta(seconds=response.duration_s)
    return StepError(
        kind=ErrorKind.HTTP,
        message=f"The receiver answered {response.status}: {shown}",
        retryable=response.status in _AGAIN or response.status >= 500,  # noqa: PLR2004
        status=response.status,
        retry_after_s=retry_after_s(response.headers, answered_at),
    )
