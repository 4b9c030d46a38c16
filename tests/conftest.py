"""Fixtures that every test may ask for."""

pytest_plugins = [
    "tests.support.postgres",
    "tests.support.kafka",
    "tests.support.bus",
    "tests.support.conserved",
]
