"""Servers of our own, for development and tests."""
