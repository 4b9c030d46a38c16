"""Outbound HTTP: the one client through which Turnout calls addresses that users chose."""
