"""Postgres: the pool, migrations, and one module for each group of tables."""
