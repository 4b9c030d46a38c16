"""The scheduler, without a database."""
