"""The one way in which an expression or a template fails."""

from typing import Final

from shared.domain.errors import Rejected

MESSAGE_CHARS_MAX = 300

OUT_OF_BOUNDS: Final = frozenset({"U1001", "U1006", "D1011", "D1012"})
"""Codes of passed bounds: size, steps, depth, time."""


class ExpressionError(Rejected):
    """The expression could not be evaluated.

    ``code`` is JSONata's (``T2001``), jlens's for a passed bound (``U1001`` size, ``U1006`` steps,
    ``D1011`` depth, ``D1012`` time), or a word of ours in capitals. ``position`` counts characters
    of the author's text, None where the fault has no place in it. The message may quote data of
    the event, so it is cut short.
    """

    def __init__(self, code: str, message: str, position: int | None = None) -> None:
        super().__init__(message[:MESSAGE_CHARS_MAX] or code)
        self.code = code
        self.position = position
