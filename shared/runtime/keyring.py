"""The keys by which secrets are encrypted where they are kept (docs/adr/0010-secrets.md)."""

import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from secrets import token_bytes
from typing import Annotated, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import PlainValidator

from shared.domain.errors import Conflict, Rejected

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12

_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")


class Unopened(Rejected):
    """Why what was sealed cannot be opened: for the log, and for nobody else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """An encrypted text, and the id of the key that opens it."""

    key_id: str
    nonce: bytes
    ciphertext: bytes


class KeyRing:
    """Keys by their ids: the first one seals, each opens what it has sealed.

    AES-256-GCM. Each nonce is 96 bits of chance: two of the first 2^32 seals by one key share one
    with a probability below 2^-32, so a key is to be replaced before that. A ring without keys is
    none: it seals and opens nothing.
    """

    def __init__(
        self, keys: Mapping[str, bytes] | None = None, chance: Callable[[int], bytes] = token_bytes
    ) -> None:
        self._ciphers = {id_: AESGCM(key) for id_, key in (keys or {}).items()}
        self._chance = chance

    @property
    def ids(self) -> tuple[str, ...]:
        """The keys' ids, that of the one that seals first."""
        return tuple(self._ciphers)

    def seal(self, text: str, about: bytes) -> Sealed:
        """``text`` under the first key; opens only with the same ``about``. Raises Conflict."""
        if not self._ciphers:
            raise Conflict(
                "There is no key to encrypt secrets with: make one with 'turnout secret new-key',"
                " and set TURNOUT_KEYRING to it for the api and the executors."
            )
        key_id, cipher = next(iter(self._ciphers.items()))
        nonce = self._chance(NONCE_BYTES)
        return Sealed(
            key_id=key_id, nonce=nonce, ciphertext=cipher.encrypt(nonce, text.encode(), about)
        )

    def open(self, sealed: Sealed, about: bytes) -> str:
        """The text. Raises Unopened."""
        cipher = self._ciphers.get(sealed.key_id)
        if cipher is None:
            raise Unopened(f"the key ring has no key '{sealed.key_id}'")
        try:
            return cipher.decrypt(sealed.nonce, sealed.ciphertext, about).decode()
        except InvalidTag:
            raise Unopened(
                f"the key '{sealed.key_id}' has not sealed it, or not for here"
            ) from None


def read_ring(text: str) -> KeyRing:
    """``<id>:<key>,<id>:<key>``, each key 32 bytes as base64; no text is a ring without keys.

    Raises ValueError, which quotes no key.
    """
    keys: dict[str, bytes] = {}
    for place, entry in enumerate(text.split(",") if text else (), 1):
        id_, _, encoded = entry.strip().partition(":")
        if not encoded or not _ID.fullmatch(id_):
            raise ValueError(f"Entry {place} is not <id>:<key>")
        try:
            key = b64decode(encoded, validate=True)
        except ValueError:
            raise ValueError(f"The key '{id_}' is not base64") from None
        if len(key) != KEY_BYTES:
            raise ValueError(f"The key '{id_}' has {len(key)} bytes, not {KEY_BYTES}")
        if id_ in keys or key in keys.values():
            raise ValueError(f"The key '{id_}', or its id, is there twice")
        keys[id_] = key
    return KeyRing(keys)


def new_key(chance: Callable[[int], bytes] = token_bytes) -> str:
    """A new key with an id of its own, as ``read_ring`` takes it."""
    return f"k{chance(4).hex()}:{b64encode(chance(KEY_BYTES)).decode()}"


def _as_ring(given: object) -> KeyRing:
    return given if isinstance(given, KeyRing) else read_ring(str(given))


RingSetting = Annotated[KeyRing, PlainValidator(_as_ring)]
"""A field of settings, written as ``read_ring`` takes it."""
