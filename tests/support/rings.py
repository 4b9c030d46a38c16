"""Key rings of tests."""

from base64 import b64encode
from hashlib import sha256

from shared.runtime.keyring import KeyRing, read_ring


def written(*ids: str) -> str:
    """A ring as the settings take it; the same id is the same key."""
    return ",".join(f"{id_}:{b64encode(sha256(id_.encode()).digest()).decode()}" for id_ in ids)


def ring(*ids: str) -> KeyRing:
    """A ring with these keys."""
    return read_ring(written(*ids))
