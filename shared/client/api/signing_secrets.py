"""The native routes of what an environment signs its messages by.

Made by ``make client``.
"""

from uuid import UUID

from shared.client.asked import Asked, body_of, path_of, query_of
from shared.wire.documents.subscriptions import IssuedSigningSecretDocument, SigningSecretsDocument


def list_(*, environment_id: UUID | str | None = None) -> Asked[SigningSecretsDocument]:
    """Those that sign now, without their values."""
    return Asked(
        method="GET", path="v1/signing-secrets", query=query_of(environment_id=environment_id)
    )


def roll(
    form: str, *, expire_overlap_hours: int | None = None, environment_id: UUID | str | None = None
) -> Asked[IssuedSigningSecretDocument]:
    """201 with a new one, told this once; those before it sign beside it while they overlap."""
    return Asked(
        method="POST",
        path=path_of("v1/signing-secrets/{form}/roll", form),
        query=query_of(environment_id=environment_id),
        body=body_of(expire_overlap_hours=expire_overlap_hours),
    )


def delete(form: str, *, environment_id: UUID | str | None = None) -> Asked[None]:
    """204; messages of the form are unsigned from now on."""
    return Asked(
        method="DELETE",
        path=path_of("v1/signing-secrets/{form}", form),
        query=query_of(environment_id=environment_id),
    )
