"""Decides which workflows each event starts, and commands it; writes nothing to Postgres."""
