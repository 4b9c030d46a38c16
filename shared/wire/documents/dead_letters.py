"""Dead letters, as they are shown."""

from typing import Any

from typing_extensions import TypedDict

from shared.wire.documents.parts import Id, Time


class LetterDocument(TypedDict):
    """A record that could not be used: where it stands, and why.

    ``is_whole``: all of it was kept, so that it can be published again.
    """

    id: Id
    environment_id: Id
    at: Time
    reason: str
    detail: Any
    pointer: str
    topic: str
    partition: int
    offset: int
    value_bytes: int
    is_whole: bool


class WholeLetterDocument(LetterDocument):
    """A letter with what its record held; ``value`` is a text, ``value_base64`` any other bytes."""

    key: Any
    value: Any
    value_base64: Any
    headers: Any


class LettersDocument(TypedDict):
    """How many letters were meant, and what became of them; a preview changes nothing.

    ``left``: those that are not whole, or that somebody else took first. ``more``: there are
    others that are meant; ask again.
    """

    preview: bool
    matched: int
    done: int
    left: int
    more: bool
