"""Every error Turnout raises.

::

    TurnoutError
     ├─ Rejected          the caller's fault: never retried, shown as it is
     │   ├─ Invalid       a body, record or definition is wrong; carries every Problem found
     │   ├─ NotFound      no such thing
     │   └─ Conflict      the thing's state forbids the request
     ├─ Unavailable       the world's fault: retried, 503
     │   └─ Fenced        another owner took the partition: drop it, its new owner goes on
     └─ Defect            ours: a promise inside the program is broken

A failing step is no exception but an Outcome (``outcomes.py``).
"""

from collections.abc import Sequence
from dataclasses import dataclass


class TurnoutError(Exception):
    """Base of all errors Turnout raises."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").strip())

    @property
    def message(self) -> str:
        """The sentence shown to people."""
        return str(self.args[0])


class Rejected(TurnoutError):
    """The request cannot be carried out as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One fault in a document: where (RFC 6901 JSON pointer), what, and how to mend it."""

    pointer: str
    code: str
    detail: str


class Invalid(Rejected):
    """The document is not valid."""

    def __init__(self, problems: Sequence[Problem], message: str | None = None) -> None:
        super().__init__(message or problems[0].detail)
        self.problems = tuple(problems)


class NotFound(Rejected):
    """There is no such thing."""


class Conflict(Rejected):
    """The thing is not in a state that allows this."""


class Unavailable(TurnoutError):
    """A service that Turnout needs does not answer."""


class Fenced(Unavailable):
    """Another process owns this partition now."""


class Defect(TurnoutError):
    """A promise inside Turnout is broken; please report it."""
