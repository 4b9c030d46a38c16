"""What a caller wants to be so before something is changed."""

from dataclasses import dataclass
from typing import Final

ANY: Final = "*"
"""Stands for whatever there is."""


@dataclass(frozen=True, slots=True)
class Preconditions:
    """Tags of states: one that a thing must be in, and none of which it may be in.

    None: no condition. A thing that is not there is in no state.
    """

    if_match: frozenset[str] | None = None
    if_none_match: frozenset[str] | None = None

    def allow(self, tag: str | None) -> bool:
        """Whether a thing in the state ``tag`` may be changed; None: it is not there."""
        if self.if_match is not None and not _is_among(tag, self.if_match):
            return False
        return self.if_none_match is None or not _is_among(tag, self.if_none_match)


def _is_among(tag: str | None, tags: frozenset[str]) -> bool:
    return tag is not None and (tag in tags or ANY in tags)


UNCONDITIONAL: Final = Preconditions()
