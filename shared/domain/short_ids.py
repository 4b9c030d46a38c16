"""UUIDs as systems write their ids: 26 characters in Crockford's base 32, as a ULID has them.

Nothing is stored for it: each UUID has one such form, and the form has the UUID.
https://www.crockford.com/base32.html
"""

from typing import Final
from uuid import UUID

UUID_PATTERN: Final = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
"""A UUID as it is written in a text."""

_DIGITS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUES: Final = {digit: value for value, digit in enumerate(_DIGITS)}
_LENGTH: Final = 26
_BITS: Final = 5


def short_id(id_: UUID) -> str:
    """The form in capitals; a system that writes it small may."""
    return "".join(_DIGITS[id_.int >> _BITS * place & 31] for place in reversed(range(_LENGTH)))


def from_short_id(written: str) -> UUID | None:
    """The UUID of a form, in either case; None for anything else."""
    if len(written) != _LENGTH or not written.isascii():
        return None
    number = 0
    for digit in written.upper():
        if digit not in _VALUES:
            return None
        number = number << _BITS | _VALUES[digit]
    return UUID(int=number) if number < 1 << 128 else None
