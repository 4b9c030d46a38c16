"""Does what is due by the clock. For now: keeping house in Postgres."""
