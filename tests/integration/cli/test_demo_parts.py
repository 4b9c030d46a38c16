"""The demo's own judges: the service that checks who calls, and the promises."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from pydantic import SecretStr

from services.cli.demo.plan import SYNC_JOB_ID, events
from services.cli.demo.promises import Account, broken_promises
from services.cli.demo.receiver import SyncJobCall, sync_job_service
from shared.egress.signing import signed_headers

SECRET = SecretStr("whsec_" + "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQQ==")
OTHER = SecretStr("whsec_" + "QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQg==")
BODY = b'{"sync_job_id":"j"}'


def headers(secret: SecretStr, *, age_s: float = 0, body: bytes = BODY) -> dict[str, str]:
    """Those of a call as the executor makes it."""
    sent_at = datetime.now(UTC) - timedelta(seconds=age_s)
    return {"Idempotency-Key": "k", **signed_headers([secret], "k", sent_at, body)}


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        (lambda: headers(SECRET), None),
        (lambda: headers(SECRET) | {"Idempotency-Key": ""}, "Idempotency-Key"),
        (lambda: {"Idempotency-Key": "k"}, "not signed"),
        (lambda: headers(SECRET) | {"webhook-timestamp": "soon"}, "not signed"),
        (lambda: headers(SECRET, age_s=3600), "too old"),
        (lambda: headers(OTHER), "signature is wrong"),
        (lambda: headers(SECRET, body=b"{}"), "signature is wrong"),
    ],
)
async def test_the_service_believes_only_signed_calls(
    given: Callable[[], dict[str, str]], refusal: str | None
) -> None:
    """A call without the key, or not signed by the secret over this body just now, is refused."""
    async with sync_job_service(SECRET) as service, aiohttp.ClientSession() as session:
        async with session.post(service.url, data=BODY, headers=given()) as response:
            assert response.status == (401 if refusal else 201)
        [call] = service.calls
        assert (call.refusal is None) == (refusal is None)
        assert refusal is None or (call.refusal and refusal in call.refusal)


def kept() -> Account:
    """An account of a demo in which all went well."""
    planned = events()
    started = [event for event in planned if event.starts]
    return Account(
        bus="local",
        events=planned,
        results=[{"id": e.id, "type": "turnout.step.completed"} for e in started],
        executions=[{"id": e.id, "status": "COMPLETED"} for e in started],
        calls=[
            SyncJobCall(
                idempotency_key=e.id,
                body={"sync_job_id": SYNC_JOB_ID, "integrated_account_id": e.payload["id"]},
                refusal=None,
            )
            for e in started
        ],
        decisions={e.id: {"is_match": e.starts, "reason": "r"} for e in planned},
        duplicates_dropped=1,
        elapsed_s=1.0,
    )


def test_ten_events_of_which_four_match() -> None:
    """The plan is ten events in eleven records, four of them starting the workflow."""
    account = kept()
    assert (len(account.events), account.published, account.matched) == (10, 11, 4)
    assert broken_promises(account) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda a: {"results": a.results[1:]},
        lambda a: {"results": [*a.results, {"id": "x", "type": "turnout.step.failed"}]},
        lambda a: {"executions": a.executions[1:]},
        lambda a: {"executions": [*a.executions[1:], {"id": "x", "status": "FAILED"}]},
        lambda a: {"calls": a.calls[1:]},
        lambda a: {"calls": [*a.calls, a.calls[0]]},
        lambda a: {"calls": [*a.calls[1:], replace(a.calls[0], refusal="no", body=None)]},
        lambda a: {"calls": [*a.calls[1:], replace(a.calls[0], body=a.calls[1].body)]},
        lambda a: {"decisions": {k: v for k, v in a.decisions.items() if k != "evt-09"}},
        lambda a: {"decisions": {**a.decisions, "evt-09": {"is_match": True, "reason": "M"}}},
        lambda _: {"duplicates_dropped": 0},
    ],
)
def test_each_broken_promise_is_told(change: Callable[[Account], dict[str, Any]]) -> None:
    """Whatever is missing, too much or wrong, there is a sentence for it."""
    account = kept()
    assert broken_promises(replace(account, **change(account)))
