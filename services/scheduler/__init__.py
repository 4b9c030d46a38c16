"""Does what is due by the clock: starts workflows by their schedules, keeps house in Postgres."""
