"""Fixtures that every test may ask for."""

from hypothesis import HealthCheck, settings

pytest_plugins = [
    "tests.support.postgres",
    "tests.support.kafka",
    "tests.support.bus",
    "tests.support.conserved",
    "tests.support.ports",
]


def pytest_configure() -> None:
    """A busy machine fails no test: what hypothesis draws may take its time."""
    settings.register_profile(
        "busy", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    settings.load_profile("busy")
