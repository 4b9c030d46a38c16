"""Deciding what to attempt, and when."""
