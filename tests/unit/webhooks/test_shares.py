"""How the room for attempts is shared, and how long pauses are."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from random import Random
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.webhooks.retries import again_at
from services.webhooks.settings import DeliverySettings
from services.webhooks.shares import Busy, share
from shared.db.webhook_deliveries import Claimed, Due
from shared.domain.ids import EnvironmentId
from shared.domain.subscriptions import TEST, SigningForm, WebhookFormat

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
HOURS_S = 3_600.0

environments = st.integers(1, 3).map(lambda n: EnvironmentId(UUID(int=n)))
some_due = st.lists(
    st.builds(
        Due,
        st.integers(1, 12).map(lambda n: UUID(int=n)),
        environments,
        st.just(NOW),
        st.booleans(),
    ),
    unique_by=lambda due: due.subscription_id,
)


@given(some_due, some_due, st.integers(1, 10), st.integers(1, 6), st.integers(1, 4))
def test_nobody_has_more_than_they_may(
    before: list[Due], due: list[Due], overall: int, within: int, each: int
) -> None:
    """Overall, in an environment, of a subscription; no room is left that one could have."""
    limits = DeliverySettings(
        in_flight_max=overall,
        in_flight_per_environment_max=within,
        in_flight_per_subscription_max=each,
    )
    busy = Busy()
    for one in before[:overall]:
        busy.begun(one.subscription_id, one.environment_id)
    shares = share(due, busy, limits)
    used = {**dict.fromkeys((d.environment_id for d in due), 0)}
    for one in due:
        used[one.environment_id] += shares.get(one.subscription_id, 0)
        mine = busy.of[one.subscription_id] + shares.get(one.subscription_id, 0)
        most = 1 if one.is_failing else each
        assert mine <= max(most, busy.of[one.subscription_id])
    assert busy.of.total() + sum(shares.values()) <= max(overall, busy.of.total())
    for environment_id, given_ in used.items():
        assert given_ == 0 or busy.within[environment_id] + given_ <= within
    for one in due:
        has_room = busy.of.total() + sum(shares.values()) < overall
        has_room &= busy.within[one.environment_id] + used[one.environment_id] < within
        mine = busy.of[one.subscription_id] + shares.get(one.subscription_id, 0)
        assert not has_room or mine >= (1 if one.is_failing else each)


def test_ended_attempts_make_room() -> None:
    """Begun and ended as often, nothing is busy."""
    busy, one, home = Busy(), uuid4(), EnvironmentId(uuid4())
    busy.begun(one, home)
    busy.begun(one, home)
    busy.ended(one, home)
    assert (busy.of.total(), busy.within[home]) == (1, 1)
    busy.ended(one, home)
    assert busy.full(DeliverySettings(in_flight_per_subscription_max=1)) == ([], [])


def claimed(
    tries: int = 0, format_: WebhookFormat = WebhookFormat.NATIVE, kind: str = "step.failed"
) -> Claimed:
    """A delivery after so many attempts."""
    return Claimed(
        id=uuid4(),
        environment_id=EnvironmentId(uuid4()),
        subscription_id=uuid4(),
        kind=kind,
        execution_id=None,
        record=b"{}",
        created_at=NOW,
        claims=1,
        attempts=tries,
        tries=tries,
        url="https://receiver.example",
        format=format_,
        signing=SigningForm.STANDARD,
        headers={},
    )


def pause_s(one: Claimed, headers: dict[str, str] | None = None, jitter: float = 0) -> float | None:
    """The seconds until the next attempt."""
    settings = DeliverySettings(jitter=jitter)
    at = again_at(one, settings, Random(1), NOW, headers or {})
    return None if at is None else (at - NOW).total_seconds()


def test_pauses_are_those_of_standard_webhooks() -> None:
    """5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h, and no more."""
    hours = [h * HOURS_S for h in (2, 5, 10, 14, 20, 24)]
    assert [pause_s(claimed(n)) for n in range(10)] == [5, 300, 1_800, *hours, None]


def test_transactionlink_is_asked_five_times_more() -> None:
    """Each five seconds after the one before; a test is never asked again."""
    found = [pause_s(claimed(n, WebhookFormat.TRANSACTIONLINK)) for n in range(6)]
    assert found == [5, 5, 5, 5, 5, None]
    assert pause_s(claimed(kind=TEST)) is None


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("60", 60),
        ("1", 5),
        ("999999999999", 24 * HOURS_S),
        (format_datetime(NOW + timedelta(minutes=2), usegmt=True), 120),
        (format_datetime(NOW - timedelta(minutes=2), usegmt=True), 5),
        ("soon", 5),
        ("²", 5),
        ("Sun, 22 Nov 2026 10:02:00", 5),
        ("Mon, 01 Jan 99999999999999999999 00:00:00 GMT", 5),
        ("Sun, 22 Nov 2026 10:02:00 +9999999999999", 5),
        ("", 5),
    ],
)
def test_a_receiver_may_ask_for_more_time(value: str, seconds: float) -> None:
    """Never for less, nor for more than a day; what cannot be read says nothing."""
    assert pause_s(claimed(), {"retry-after": value}) == seconds


def test_chance_spreads_pauses() -> None:
    """A pause may be longer by a tenth, and is never shorter."""
    found = pause_s(claimed(1), jitter=0.1)
    assert found is not None
    assert 300 < found <= 330
