"""``turnout db``: the schema of the database."""
