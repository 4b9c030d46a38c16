"""How much a quota lets through, in a time that the test tells."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.trigger_ingest.quotas import Quotas
from services.trigger_ingest.settings import Quota, QuotaSettings
from shared.domain.ids import EnvironmentId
from shared.runtime.environment_names import OTHER

A, B = (EnvironmentId(UUID(int=n)) for n in (1, 2))
GAPS = st.lists(st.floats(0, 2, allow_subnormal=False), max_size=60)
RATES = st.floats(0.5, 50)
BURSTS = st.floats(0.1, 3)


def tried(given: Quotas, gaps: list[float], environment: EnvironmentId = A) -> list[float]:
    """The times at which an event went on, of tries so long after each other."""
    went_on, now_s = [], 1000.0
    for gap_s in gaps:
        now_s += gap_s
        if given.wait_s(environment, now_s) == 0:
            went_on.append(now_s)
    return went_on


@given(gaps=GAPS, rate=RATES, burst_s=BURSTS)
def test_no_stretch_of_time_has_more_than_its_share_and_the_burst(
    gaps: list[float], rate: float, burst_s: float
) -> None:
    """Between any two events that go on there are at most rate * (time + burst) others."""
    went_on = tried(Quotas(QuotaSettings(events_per_s=rate, burst_s=burst_s)), gaps)
    for first, began in enumerate(went_on):
        for count, ended in enumerate(went_on[first:], start=1):
            assert count <= rate * (ended - began + burst_s) + 1 + 1e-6


@given(gaps=GAPS, rate=RATES, burst_s=BURSTS)
def test_what_keeps_to_the_rate_never_waits(gaps: list[float], rate: float, burst_s: float) -> None:
    """Events at least 1 / rate apart all go on."""
    gaps = [max(gap_s, 1 / rate + 1e-6) for gap_s in gaps]
    assert len(tried(Quotas(QuotaSettings(events_per_s=rate, burst_s=burst_s)), gaps)) == len(gaps)


@given(rate=RATES, burst_s=BURSTS, tries=st.integers(1, 200))
def test_whoever_waits_as_long_as_told_goes_on(rate: float, burst_s: float, tries: int) -> None:
    """The wait is exact: a moment before it is over there is still no room."""
    limited = Quotas(QuotaSettings(events_per_s=rate, burst_s=burst_s))
    now_s = 1000.0
    while (wait_s := limited.wait_s(A, now_s)) == 0 and tries:
        tries -= 1
    if wait_s > 1e-3:
        assert limited.wait_s(A, now_s + wait_s - 1e-4) > 0
        assert limited.wait_s(A, now_s + wait_s + 1e-6) == 0


def test_each_environment_has_its_own_quota() -> None:
    """One's use leaves the other's room as it is; a quota of its own goes before the common one."""
    own = {UUID(str(B)): Quota(events_per_s=4, burst_s=0.5)}
    limited = Quotas(QuotaSettings(events_per_s=1, burst_s=1, environments=own))
    assert [limited.wait_s(e, 0) for e in (A, A, A, B, B, B, B)] == [0, 0, 1, 0, 0, 0, 0.25]
    free = Quotas(QuotaSettings(environments=own))
    assert {free.wait_s(A, 0) for _ in range(100)} == {0}
    assert [limited.name_of(environment) for environment in (A, B, None)] == [OTHER, str(B), OTHER]


def test_a_crowd_of_environments_does_not_make_anybody_forgotten_who_must_wait() -> None:
    """Whoever has used its room up still waits after ten thousand others have come and gone."""
    limited = Quotas(QuotaSettings(events_per_s=1, burst_s=0.1))
    assert limited.wait_s(A, 0) == 0
    for number in range(12_000):
        assert limited.wait_s(EnvironmentId(UUID(int=100 + number)), 0.5) == 0
    assert limited.wait_s(A, 0.5) > 0
