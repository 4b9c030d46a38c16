"""How many times somebody has left."""

import pytest
from prometheus_client import CollectorRegistry
from pydantic import ValidationError

from services.api.http import rates as module
from services.api.http.answer_headers import takes_gzip
from services.api.http.problems import NotNow
from services.api.http.rates import Rates
from services.api.login.auth import network_of
from services.api.settings import RateSettings
from shared.runtime.clock import SystemClock
from shared.runtime.environment_names import EnvironmentCounter, EnvironmentNames
from tests.unit.api.test_login_settings import TOKEN, read


class Stopwatch(SystemClock):
    """A clock that is moved by hand."""

    at = 1_000.0

    def monotonic(self) -> float:
        return self.at


def open_rates(
    clock: Stopwatch, quota: int = 5, window_s: float = 1
) -> tuple[Rates, CollectorRegistry]:
    """Rates, and the count of what they refuse."""
    registry = CollectorRegistry()
    refused = EnvironmentCounter(
        "refused", "", ("limit",), names=EnvironmentNames(), registry=registry
    )
    return Rates("r", clock, quota=quota, window_s=window_s, refused=refused), registry


def allowed(rates: Rates, who: str, tries: int) -> int:
    """Of so many tries at once, how many are let through."""
    through = 0
    for _ in range(tries):
        try:
            rates.check(who, "no")
        except NotNow:
            continue
        rates.take(who)
        through += 1
    return through


@pytest.mark.parametrize(("quota", "window_s"), [(1, 60), (3, 1), (5, 1), (60, 60), (100, 1)])
def test_a_quota_is_let_through_at_once_and_then_its_rate(quota: int, window_s: float) -> None:
    """Never more than the quota in a pause and the rate after it, whatever was tried."""
    clock = Stopwatch()
    rates, _ = open_rates(clock, quota, window_s)
    assert allowed(rates, "a", quota * 3) == quota
    for _ in range(7):
        clock.at += window_s / quota
        assert allowed(rates, "a", 3) == 1
    clock.at += window_s * 100
    assert allowed(rates, "a", quota * 3) == quota


def test_each_has_a_quota_of_his_own() -> None:
    """One who has none left does not take it from another; the count names nobody."""
    clock = Stopwatch()
    rates, registry = open_rates(clock)
    assert (allowed(rates, "a", 9), allowed(rates, "b", 2)) == (5, 2)
    assert rates.look("b").times == 3
    (metric,) = registry.collect()
    assert {tuple(s.labels.items()): s.value for s in metric.samples if s.value < 1_000} == {
        (("environment", "(other)"), ("limit", "r")): 4.0
    }


def test_a_refusal_says_for_how_long() -> None:
    """In whole seconds, never 0; who waits for that long is let through."""
    clock = Stopwatch()
    rates, _ = open_rates(clock, quota=2, window_s=60)
    allowed(rates, "a", 2)
    clock.at += 0.5
    with pytest.raises(NotNow) as refusal:
        rates.check("a", "no")
    assert refusal.value.headers == {
        "Retry-After": "30",
        "RateLimit-Policy": '"r";q=2;w=60',
        "RateLimit": '"r";r=0;t=60',
    }
    clock.at += 30
    assert allowed(rates, "a", 2) == 1


def test_only_so_many_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever was quiet for longest is forgotten, and begins anew."""
    monkeypatch.setattr(module, "_KNOWN_MAX", 3)
    rates, _ = open_rates(Stopwatch())
    allowed(rates, "a", 5)
    for n in range(2):
        allowed(rates, f"b{n}", 1)
    allowed(rates, "b0", 1)
    assert rates.look("a").times == 0
    allowed(rates, "b2", 1)
    assert [rates.look(who).times for who in ("a", "b0", "b2")] == [5, 3, 4]


def test_whose_address_it_is() -> None:
    """Who has a network of IPv6 is one; each IPv4 address is another, however it is written."""
    assert network_of("2001:db8::1") == network_of("2001:db8::ffff:1") == "2001:db8::/64"
    assert network_of("2001:db8:0:1::1") != network_of("2001:db8::1")
    assert network_of("::ffff:192.0.2.1") == network_of("192.0.2.1") == "192.0.2.1"
    assert network_of("192.0.2.1") != network_of("192.0.2.2")
    assert {network_of(remote) for remote in (None, "", "a socket")} == {""}


def test_what_lets_answers_be_gzipped() -> None:
    """Gzip or a star that is not weighed with nothing; gzip's own weight goes first."""
    takes = ("gzip", "GZIP", "br, gzip;q=0.1", "*", "gzip, *;q=0", "*;q=0, gzip;q=1", " gzip ")
    not_so = ("", "br", "identity", "gzip;q=0", "gzip; q=0.000", "*;q=0", "*, gzip;q=0.0", "xgzip")
    assert [each for each in takes if not takes_gzip(each)] == []
    assert [each for each in not_so if takes_gzip(each)] == []


def test_limits_are_on_unless_they_are_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment can set each; nothing below 0."""
    assert read(token=TOKEN).rate_limit == RateSettings(
        requests_per_s=100, failed_logins_per_min=60
    )
    monkeypatch.setenv("TURNOUT_RATE_LIMIT__REQUESTS_PER_S", "7")
    monkeypatch.setenv("TURNOUT_RATE_LIMIT__FAILED_LOGINS_PER_MIN", "0")
    assert read(token=TOKEN).rate_limit == RateSettings(requests_per_s=7, failed_logins_per_min=0)
    monkeypatch.setenv("TURNOUT_RATE_LIMIT__REQUESTS_PER_S", "-1")
    with pytest.raises(ValidationError):
        read(token=TOKEN)
