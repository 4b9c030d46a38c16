"""What each end of a command means, to people and to scripts.

====  ============  ================================================================
code  name          when
====  ============  ================================================================
0     OK            done
1     FAILED        done, and the answer is bad: a failed execution, check or promise
2     USAGE         the command line is wrong
3     NOT_FOUND     there is no such thing
4     REJECTED      a document, setting or request is wrong, or the state forbids it
5     UNAVAILABLE   a service or program that is needed does not answer or is missing
6     DENIED        the token is missing or wrong, or may not do this
7     DEFECT        Turnout is broken; please report it
130   INTERRUPTED   ended with Ctrl-C
====  ============  ================================================================
"""

from enum import IntEnum

import click

from services.cli.present import plain, show_problems
from shared.domain.errors import Defect, Invalid, NotFound, Rejected, TurnoutError


class Exit(IntEnum):
    """Exit codes."""

    OK = 0
    FAILED = 1
    USAGE = 2
    NOT_FOUND = 3
    REJECTED = 4
    UNAVAILABLE = 5
    DENIED = 6
    DEFECT = 7
    INTERRUPTED = 130

    @property
    def label(self) -> str:
        """The name in words."""
        return self.name.lower().replace("_", " ")


class Denied(Rejected):
    """The API wants a token, or another one."""


def exit_code(error: TurnoutError) -> Exit:
    """The code by which a command ends that raised ``error``."""
    match error:
        case NotFound():
            return Exit.NOT_FOUND
        case Denied():
            return Exit.DENIED
        case Rejected():
            return Exit.REJECTED
        case Defect():
            return Exit.DEFECT
        case _:
            return Exit.UNAVAILABLE


def show_error(error: TurnoutError) -> None:
    """Say on standard error what is wrong, with every problem of a document."""
    click.echo(f"Error: {plain(error.message)}", err=True)
    if isinstance(error, Invalid):
        show_problems(error.problems)


def first_of_ours(group: BaseExceptionGroup[BaseException]) -> TurnoutError | None:
    """The first error of ours in a group; None when it holds none."""
    for error in group.exceptions:
        found = first_of_ours(error) if isinstance(error, BaseExceptionGroup) else error
        if isinstance(found, TurnoutError):
            return found
    return None
