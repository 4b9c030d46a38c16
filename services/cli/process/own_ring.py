"""The key ring of a server in development: made when it is first needed, kept beside its data."""

import os
from pathlib import Path

from shared.domain.errors import Rejected
from shared.runtime.keyring import KeyRing, new_key, read_ring


def own_ring(folder: Path) -> KeyRing:
    """The ring of the file ``keyring`` in ``folder``, which its owner alone may read.

    Raises Rejected when it holds something else.
    """
    path = folder / "keyring"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        _write(path, f"{new_key()}\n")
    try:
        ring = read_ring(path.read_text("utf-8").strip())
    except (ValueError, OSError) as fault:
        raise Rejected(f"{path} holds no key ring that can be read ({fault}).") from None
    if not ring.ids:
        raise Rejected(f"{path} is empty, and the secrets in the database need the key it had.")
    return ring


def _write(path: Path, text: str) -> None:
    """All of it or nothing, on the disk before it is under its name."""
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
