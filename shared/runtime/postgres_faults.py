"""Which errors of asyncpg pass with time; for everything that keeps state in Postgres."""

import re
from typing import Final

import asyncpg

# Faults of the connection, the server or the moment: the same work may succeed later.
PASSING: Final = (
    asyncpg.PostgresConnectionError,  # 08
    asyncpg.TransactionRollbackError,  # 40: serialization failure, deadlock
    asyncpg.InsufficientResourcesError,  # 53: too many connections, disk full
    asyncpg.LockNotAvailableError,  # 55P03
    asyncpg.OperatorInterventionError,  # 57: shut down, crashed, starting, query cancelled
    asyncpg.IdleInTransactionSessionTimeoutError,  # 25P03
    asyncpg.InvalidCachedStatementError,  # 0A000: a migration changed it; prepared anew next time
    asyncpg.ReadOnlySQLTransactionError,  # 25006: the primary has become a replica
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # "cannot switch to state": the connection broke in mid-use
    OSError,  # ConnectionResetError and TimeoutError included
)

# asyncpg's InterfaceErrors tell of lost connections and of its misuse alike, in words only.
_OURS: Final = re.compile(r"the server expects \d+ argument")


def is_passing(fault: BaseException) -> bool:
    """Whether it passes with time; a wrong number of arguments is ours to mend."""
    if isinstance(fault, asyncpg.InterfaceError):
        return _OURS.search(str(fault)) is None
    return isinstance(fault, PASSING)
