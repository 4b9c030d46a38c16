"""One attempt at a delivery, and what follows of it."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from random import Random
from traceback import format_tb
from typing import Final

import structlog

from services.webhooks.disable import disable
from services.webhooks.metrics import WebhooksMetrics
from services.webhooks.note import Notes
from services.webhooks.prepare import Means, prepare
from services.webhooks.retries import again_at
from services.webhooks.settings import DeliverySettings
from shared.assembly.platform import Platform
from shared.db.secrets import SecretUnreadable
from shared.db.webhook_deliveries import Attempted, Claimed, Tried
from shared.domain.errors import Rejected, Unavailable
from shared.domain.subscriptions import DeliveryStatus
from shared.egress.caller import Caller
from shared.egress.errors import CallTimeout, ConnectFailed, ResponseBroken
from shared.egress.message import Response
from shared.expr.secrets import SecretMarks
from shared.runtime.keyring import KeyRing

ANSWER_CHARS_MAX: Final = 1_024
"""So much is kept of an answer."""

_DEFECT: Final = "Turnout failed to make this attempt (DEFECT); its log says where."

log = structlog.get_logger(__name__)


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
        self._disabling = asyncio.Lock()

    async def make(self, claimed: Claimed, means: Means) -> None:
        """Send the message once, note how that went, and do what follows. Raises Unavailable.

        The net under every delivery: whatever else is raised fails this attempt and no other's.
        """
        clock = self._platform.clock
        at, began_s = clock.now(), clock.monotonic()
        try:
            went = await self._send(claimed, means)
            attempted = self._attempted(claimed, went)
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - see above
            _tell_defect(claimed, error)
            duration_ms = round(1_000 * (clock.monotonic() - began_s))
            went = _Went(
                outcome="defect", tried=Tried(at=at, duration_ms=duration_ms, error=_DEFECT)
            )
            attempted = self._attempted(claimed, went)
        failing_since = await self._notes.add(attempted)
        self._metrics.attempts.add(claimed.environment_id, went.outcome)
        self._metrics.seconds.observe(went.tried.duration_ms / 1_000)
        if attempted.status is DeliveryStatus.FAILED:
            self._metrics.given_up.add(claimed.environment_id)
        try:
            await self._follow(attempted, failing_since)
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - likewise; the attempt is noted
            _tell_defect(claimed, error)

    def _attempted(self, claimed: Claimed, went: _Went) -> Attempted:
        """What the delivery's state is after the attempt."""
        if went.outcome == "delivered":
            return Attempted(claimed, went.tried, DeliveryStatus.DELIVERED, None)
        again = None
        if went.tried.status != HTTPStatus.GONE:
            now = self._platform.clock.now()
            again = again_at(claimed, self._settings, self._chance, now, went.headers)
        status = DeliveryStatus.PENDING if again else DeliveryStatus.FAILED
        return Attempted(claimed, went.tried, status, again)

    async def _follow(self, attempted: Attempted, failing_since: datetime | None) -> None:
        """Disable the subscription where nothing more can be delivered to it."""
        if attempted.tried.status == HTTPStatus.GONE:
            await self._disable(attempted.claimed, "The receiver answered 410 Gone.")
        elif attempted.status is not DeliveryStatus.DELIVERED:
            await self._give_up(attempted.claimed, failing_since, attempted.tried.at)

    async def _give_up(
        self, claimed: Claimed, failing_since: datetime | None, now: datetime
    ) -> None:
        limit = timedelta(seconds=self._settings.disable_after_s)
        if failing_since is not None and now - failing_since >= limit:
            since = f"{failing_since:%Y-%m-%d %H:%M} UTC"
            await self._disable(claimed, f"Every attempt since {since} has failed.")

    async def _disable(self, claimed: Claimed, reason: str) -> None:
        """One at a time: each holds a connection while it publishes, which may take another one."""
        async with self._disabling:
            if await disable(self._platform, claimed, reason):
                self._metrics.disablings.add(claimed.environment_id)

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


def _tell_defect(claimed: Claimed, error: Exception) -> None:
    # What an error says may quote what is sent, and with it a secret: the places do not.
    log.error(
        "webhook_defect",
        delivery_id=str(claimed.id),
        subscription_id=str(claimed.subscription_id),
        environment_id=str(claimed.environment_id),
        error=type(error).__name__,
        at="".join(format_tb(error.__traceback__)),
    )
