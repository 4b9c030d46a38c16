"""How to reach Kafka, as the environment of a process says it."""

from typing import Any

import orjson
import pytest

from shared.assembly.settings import ProcessSettings

GIVEN: dict[str, Any] = {
    "DATABASE_URL": "postgresql://a:b@127.0.0.1:1/c",
    "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9092",
}
SET = {"SESSION_TIMEOUT_S": 20, "record_bytes_max": 2_000_000, "SASL_USERNAME": "turnout"}


@pytest.mark.parametrize("is_whole", [True, False])
def test_it_is_said_at_once_or_by_name(monkeypatch: pytest.MonkeyPatch, *, is_whole: bool) -> None:
    """With the names that the table of settings has; numbers as JSON has them."""
    if is_whole:
        monkeypatch.setenv("TURNOUT_KAFKA", orjson.dumps(SET).decode())
    else:
        for name, value in SET.items():
            monkeypatch.setenv(f"TURNOUT_KAFKA__{name.upper()}", str(value))
    found = ProcessSettings(**GIVEN).kafka_settings
    assert found is not None
    assert (found.session_timeout_s, found.record_bytes_max) == (20, 2_000_000)
    assert (found.sasl_username, found.bootstrap_servers) == ("turnout", "127.0.0.1:9092")


def test_the_limits_of_events_are_every_process_s(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who publishes them holds them to what who reads them does."""
    monkeypatch.setenv("TURNOUT_EVENT_LIMITS", '{"body_bytes_max": 500000}')
    limits = ProcessSettings(**GIVEN).event_limits
    assert (limits.body_bytes_max, limits.depth_max) == (500_000, 64)
