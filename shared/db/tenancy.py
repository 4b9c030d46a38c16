"""Asking Postgres on behalf of one environment (docs/adr/0009-tenancy.md)."""

from pathlib import Path

from shared.db.pool import Connection
from shared.domain.ids import EnvironmentId
from shared.runtime.sql import statements

_SQL = statements(Path(__file__).parent / "queries" / "tenancy")


async def become_tenant(conn: Connection, environment_id: EnvironmentId) -> None:
    """Show, and let change, the rows of one environment only, until the transaction ends.

    Needs a transaction: what holds for a session would go on to the connection's next user.
    """
    await conn.execute(_SQL["become_tenant"], environment_id)
