"""Whom the server runs as: Postgres refuses root."""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path

from shared.domain.errors import Unavailable

CANDIDATES = ("postgres", "nobody")


@dataclass(frozen=True, slots=True)
class Account:
    """A user and group of the machine."""

    uid: int
    gid: int


def server_account(data: Path) -> Account:
    """Ourselves, or, for root, the owner of ``data`` if it exists, else ``postgres`` or ``nobody``.

    Raises Unavailable when root finds none of them.
    """
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    if data.exists():
        owner = data.stat()
        return Account(owner.st_uid, owner.st_gid)
    for name in CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise Unavailable(
        "Postgres does not run as root, and this machine has no user named"
        f" {' or '.join(CANDIDATES)}: add one, or start as another user."
    )
