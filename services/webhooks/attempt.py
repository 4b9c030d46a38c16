"""One attempt at a delivery, and what follows of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from random import Random
from typing import Final

from services.webhooks.disable import disable
from services.webhooks.metrics import WebhooksMetrics
from services.webhooks.note import Notes
from services.webhooks.prepare import Means, prepare
from services.webhooks.retries import again_at
from services.webhooks.settings import DeliverySettings
from shared.assembly.platform import Platform
from shared.db.secrets import SecretUnreadable
from shared.db.webhook_deliveries import Attempted, Claimed, Tried
from shared.domain.errors import Rejected
from shared.domain.subscriptions import DeliveryStatus
from shared.egress.caller import Caller
from shared.egress.errors import CallTimeout, ConnectFailed, ResponseBroken
from shared.egress.message import Response
from shared.expr.secrets import SecretMarks
from shared.runtime.keyring import KeyRing

ANSWER_CHARS_MAX: Final = 1_024
"""So much is kept of an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Went:
    """How an attempt went, and what the receiver asks for."""

    outcome: str
    tried: Tried
    headers: Mapping[str, str] = field(default_factory=dict)


class Attempts:
    """Makes attempts; safe to share between tasks."""

    def __init__(
        self,
        platform: Platform,
        caller: Caller,
        notes: Notes,
        ring: KeyRing,
        settings: DeliverySettings,
        metrics: WebhooksMetrics,
        chance: Random,
    ) -> None:
        self._platform = platform
        self._caller = caller
        self._notes = notes
        self._ring = ring
        self._settings = settings
        self._metrics = metrics
        self._chance = chance
        self._marks = SecretMarks(f"{chance.getrandbits(128):x}")

    async def make(self, claimed: Claimed, means: Means) -> None:
        """Send the message once, and note how that went. Raises Unavailable."""
        went = await self._send(claimed, means)
        is_gone = went.tried.status == HTTPStatus.GONE
        status, again = DeliveryStatus.DELIVERED, None
        if went.outcome != "delivered":
            now = self._platform.clock.now()
            if not is_gone:
                again = again_at(claimed, self._settings, self._chance, now, went.headers)
            status = DeliveryStatus.PENDING if again else DeliveryStatus.FAILED
        failing_since = await self._notes.add(Attempted(claimed, went.tried, status, again))
        self._metrics.attempts.add(claimed.environment_id, went.outcome)
        self._metrics.seconds.observe(went.tried.duration_ms / 1_000)
        if status is DeliveryStatus.FAILED:
            self._metrics.given_up.add(claimed.environment_id)
        if is_gone:
            await disable(self._platform, claimed, "The receiver answered 410 Gone.")
        elif status is not DeliveryStatus.DELIVERED:
            await self._give_up(claimed, failing_since, went.tried.at)

    async def _give_up(
        self, claimed: Claimed, failing_since: datetime | None, now: datetime
    ) -> None:
        limit = timedelta(seconds=self._settings.disable_after_s)
        if failing_since is not None and now - failing_since >= limit:
            since = f"{failing_since:%Y-%m-%d %H:%M} UTC"
            await disable(self._platform, claimed, f"Every attempt since {since} has failed.")

    async def _send(self, claimed: Claimed, means: Means) -> _Went:
        """Raises Unavailable when it is us who cannot."""
        clock = self._platform.clock
        at, began_s = clock.now(), clock.monotonic()

        def went(outcome: str, error: str) -> _Went:
            duration_ms = round(1_000 * (clock.monotonic() - began_s))
            return _Went(outcome=outcome, tried=Tried(at=at, duration_ms=duration_ms, error=error))

        try:
            prepared = await prepare(
                self._platform, self._ring, claimed, means, self._settings.timeout_s
            )
            response = await self._caller.call(prepared.request)
        except SecretUnreadable as error:
            return went("unsigned", error.message)
        except Rejected as error:
            return went("refused", error.message)
        except CallTimeout as error:
            return went("timeout", error.message)
        except (ConnectFailed, ResponseBroken) as error:
            return went("unreachable", error.message)
        text = response.body.decode("utf-8", errors="replace").replace("\0", "\ufffd")
        return _answered(response, at, self._marks.conceal(text, prepared.secrets))


def _answered(response: Response, at: datetime, text: str) -> _Went:
    is_fine = HTTPStatus.OK <= response.status < HTTPStatus.MULTIPLE_CHOICES
    return _Went(
        outcome="delivered" if is_fine else "status",
        tried=Tried(
            at=at,
            duration_ms=round(1_000 * response.duration_s),
            status=response.status,
            error=None if is_fine else f"The receiver answered {response.status}.",
            answer=text[:ANSWER_CHARS_MAX],
        ),
        headers=response.headers,
    )
