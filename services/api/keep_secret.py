"""Keeping and deleting secrets, both noted without their values."""

from typing import Annotated, Final

from pydantic import AfterValidator, Field, SecretStr, StringConstraints
from pydantic_core import PydanticCustomError

from services.api.note_changes import note
from services.api.resources import ApiResources
from shared.db.audit import Change
from shared.db.secrets import Secret, delete_secret, put_secret
from shared.domain.principals import Caller
from shared.domain.values import Strict

VALUE_BYTES_MAX: Final = 65_536

SecretName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_][a-z0-9_-]{0,255}$")]


def _within(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value().encode()) > VALUE_BYTES_MAX:
        raise PydanticCustomError(
            "too_many_bytes", "It may have {bytes} bytes in UTF-8", {"bytes": VALUE_BYTES_MAX}
        )
    return value


class SecretRequest(Strict):
    """A secret's value, which nobody is told again."""

    value: Annotated[
        SecretStr, Field(min_length=1, max_length=VALUE_BYTES_MAX), AfterValidator(_within)
    ]


async def keep_secret(
    resources: ApiResources, caller: Caller, name: str, value: SecretStr
) -> Secret:
    """Give a secret of the caller's environment a value; version 1 is of a new one.

    Raises Conflict without a key ring, and when there are too many.
    """
    async with resources.tenant(caller.environment_id) as conn:
        kept = await put_secret(
            conn,
            resources.ring,
            (caller.environment_id, name),
            value.get_secret_value(),
            now=resources.clock.now(),
            by=caller.name,
        )
        before = {"version": kept.version - 1} if kept.version > 1 else None
        after = {"version": kept.version, "key_id": kept.key_id}
        change = Change(action="secret.put", target=f"secret:{name}", before=before, after=after)
        await note(resources, conn, caller, change)
    return kept


async def end_secret(resources: ApiResources, caller: Caller, name: str) -> None:
    """Delete a secret of the caller's environment. Raises NotFound."""
    async with resources.tenant(caller.environment_id) as conn:
        version = await delete_secret(conn, (caller.environment_id, name))
        before = {"version": version}
        change = Change(action="secret.delete", target=f"secret:{name}", before=before)
        await note(resources, conn, caller, change)
