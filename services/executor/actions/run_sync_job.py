"""``run_sync_job``: asks the configured sync-job service to run a job.

The service gets the step's input as a JSON body, signed after Standard Webhooks, with an
``Idempotency-Key`` that is the same for each attempt of the step, and the environment.
"""

from collections.abc import Sequence

import orjson
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from services.executor.actions.answers import failed, send
from services.executor.actions.http_request import in_words
from services.executor.call import Call
from shared.domain.outcomes import ErrorKind, Outcome
from shared.egress.caller import Caller
from shared.egress.message import Request
from shared.egress.signing import signed_call


class SyncJobInput(BaseModel):
    """What the service must be told; what else it is told is its own affair."""

    model_config = ConfigDict(extra="allow", frozen=True)

    sync_job_id: str = Field(min_length=1)


class RunSyncJob:
    """The action."""

    def __init__(self, caller: Caller, *, url: str | None, secrets: Sequence[SecretStr]) -> None:
        self._caller = caller
        self._url = url
        self._secrets = secrets

    async def __call__(self, call: Call) -> Outcome:
        if self._url is None:
            return failed(
                ErrorKind.REFUSED,
                "No sync-job service is configured; set TURNOUT_RUN_SYNC_JOB__URL.",
            )
        try:
            SyncJobInput.model_validate(call.input)
        except ValidationError as error:
            return failed(ErrorKind.INVALID_INPUT, in_words(error))
        body = orjson.dumps(call.input)
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": call.idempotency_key,
        }
        if self._secrets:
            of, key = call.origin.environment_id, call.idempotency_key
            headers |= signed_call(self._secrets, of, key, call.now, body)
        request = Request(
            method="POST", url=self._url, headers=headers, body=body, timeout_s=call.timeout_s
        )
        return await send(self._caller, request, call)
