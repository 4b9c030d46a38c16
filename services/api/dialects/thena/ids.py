"""Thena's form of ids."""

from uuid import UUID

from shared.domain.ids import as_uuid
from shared.domain.short_ids import from_short_id


def id_of(written: str) -> UUID | None:
    """The UUID that an id stands for, in Thena's form or in its own; None for anything else."""
    return from_short_id(written) or as_uuid(written)
