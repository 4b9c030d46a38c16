"""The registry of actions: every version is kept and never changes.

Changes of one action are made one transaction at a time.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import orjson
from asyncpg import Record

from shared.db.pool import Connection
from shared.domain.actions import ActionSpec, RegisteredAction, Throttle, Transport
from shared.domain.errors import NotFound
from shared.domain.ids import EnvironmentId
from shared.runtime.sql import statements
from shared.wire.envelope import dumps

NAMES_MAX = 10_000
"""An environment's further actions, in the order of names, are not known to ``versions_of``."""

_SQL = statements(Path(__file__).parent / "queries" / "actions")


@dataclass(frozen=True, slots=True, kw_only=True)
class Put:
    """The action as it stands now, and the version before, None when there was none."""

    action: RegisteredAction
    before: RegisteredAction | None

    @property
    def is_new(self) -> bool:
        """Whether there was none of its name."""
        return self.before is None


async def lock_action(conn: Connection, environment_id: EnvironmentId, name: str) -> None:
    """Wait until nobody else changes an action; needs a transaction, whose end frees it."""
    await conn.execute(_SQL["lock_name"], environment_id, name)


async def put_action(
    conn: Connection, environment_id: EnvironmentId, name: str, spec: ActionSpec, now: datetime
) -> Put:
    """Give an action this content, in a new version if it differs. Needs a transaction."""
    await lock_action(conn, environment_id, name)
    row = await conn.fetchrow(_SQL["find_latest"], environment_id, name)
    latest = None if row is None else _action(row)
    before = None if row is None or row["is_deleted"] else latest
    if before is not None and _content(before.spec) == _content(spec):
        return Put(action=before, before=before)
    action = RegisteredAction(
        environment_id=environment_id,
        name=name,
        version=1 if latest is None else latest.version + 1,
        spec=spec,
        updated_at=now,
    )
    await conn.execute(
        _SQL["add_version"],
        environment_id,
        name,
        action.version,
        spec.transport.value,
        spec.url,
        _written(spec.input_schema),
        _written(spec.output_schema),
        spec.description,
        spec.category,
        spec.source,
        spec.timeout_s,
        None if spec.throttle is None else spec.throttle.model_dump_json(),
        _written(spec.metadata),
        now,
    )
    return Put(action=action, before=before)


async def find_action(
    conn: Connection, environment_id: EnvironmentId, name: str, version: int | None = None
) -> RegisteredAction | None:
    """A version, or the latest; None: there is none, or the action is deleted."""
    row = await conn.fetchrow(_SQL["find_latest"], environment_id, name)
    if row is None or row["is_deleted"]:
        return None
    if version not in (None, row["version"]):
        row = await conn.fetchrow(_SQL["find_version"], environment_id, name, version)
    return None if row is None else _action(row)


async def get_action(
    conn: Connection, environment_id: EnvironmentId, name: str, version: int | None = None
) -> RegisteredAction:
    """A version, or the latest. Raises NotFound."""
    found = await find_action(conn, environment_id, name, version)
    if found is None:
        raise _not_found(name, version)
    return found


async def list_versions(
    conn: Connection, environment_id: EnvironmentId, name: str, *, before: int, limit: int
) -> list[RegisteredAction]:
    """Versions of an action before a number, the latest first; none of one that is deleted."""
    rows = await conn.fetch(_SQL["list_versions"], environment_id, name, before, limit)
    return [_action(row) for row in rows]


async def list_actions(
    conn: Connection, environment_id: EnvironmentId, *, after: str = "", limit: int
) -> list[RegisteredAction]:
    """Latest versions in the order of names, those after a name."""
    rows = await conn.fetch(_SQL["list_actions"], environment_id, after, limit)
    return [_action(row) for row in rows]


async def delete_action(
    conn: Connection, environment_id: EnvironmentId, name: str, now: datetime
) -> None:
    """End an action; needs a transaction. Raises NotFound."""
    await lock_action(conn, environment_id, name)
    if await conn.fetchrow(_SQL["delete_action"], environment_id, name, now) is None:
        raise _not_found(name)


async def versions_of(conn: Connection, environment_id: EnvironmentId) -> dict[str, int]:
    """The actions that an environment's steps may use beside the built-in ones: latest versions."""
    rows = await conn.fetch(_SQL["list_latest"], environment_id, NAMES_MAX)
    return {row["name"]: row["version"] for row in rows}


def _action(row: Record) -> RegisteredAction:
    return RegisteredAction(
        environment_id=row["environment_id"],
        name=row["name"],
        version=row["version"],
        spec=ActionSpec(
            transport=Transport(row["transport"]),
            url=row["url"],
            input_schema=_read(row["input_schema"]),
            output_schema=_read(row["output_schema"]),
            description=row["description"],
            category=row["category"],
            source=row["source"],
            timeout_s=row["timeout_s"],
            throttle=_throttle(row["throttle"]),
            metadata=None if row["metadata"] is None else orjson.loads(row["metadata"]),
        ),
        updated_at=row["updated_at"],
    )


def _throttle(text: str | None) -> Throttle | None:
    return None if text is None else Throttle.model_validate_json(text)


def _content(spec: ActionSpec) -> bytes:
    """Compared as bytes, since Python takes 1, 1.0 and true for equal."""
    return orjson.dumps(spec.model_dump(mode="json"), option=orjson.OPT_SORT_KEYS)


def _written(value: object) -> str | None:
    return None if value is None else dumps(value).decode()


def _read(schema: str | None) -> dict[str, object] | bool | None:
    read: dict[str, object] | bool | None = None if schema is None else orjson.loads(schema)
    return read


def _not_found(name: str, version: int | None = None) -> NotFound:
    which = "" if version is None else f" in version {version}"
    return NotFound(f"There is no action '{name}'{which}.")
