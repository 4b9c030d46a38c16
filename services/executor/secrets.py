"""Secrets at the moment of sending: put in just before, taken out of whatever comes back."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from traceback import extract_tb
from typing import Any, Protocol, assert_never

import structlog
from yarl import URL

from services.executor.actions.answers import failed
from services.executor.actions.registered import HttpAction, WorkerAction
from services.executor.call import Action, Call
from shared.domain.errors import Rejected, Unavailable
from shared.domain.ids import EnvironmentId
from shared.domain.outcomes import (
    Completed,
    ErrorKind,
    Failed,
    Interrupted,
    Outcome,
    Parked,
    Skipped,
)
from shared.expr.errors import ExpressionError
from shared.expr.secrets import SecretMarks

log = structlog.get_logger(__name__)


class SecretSource(Protocol):
    """Where an environment's secrets are."""

    async def names(self, environment_id: EnvironmentId) -> frozenset[str]:
        """Which there are. Raises Unavailable."""
        ...

    async def names_now(self, environment_id: EnvironmentId) -> frozenset[str]:
        """Which there are at this moment, whatever is remembered. Raises Unavailable."""
        ...

    async def get(self, environment_id: EnvironmentId, names: Collection[str]) -> Mapping[str, str]:
        """The values of those of ``names`` that there are. Raises Unavailable."""
        ...


async def send_with_secrets(
    action: Action, call: Call, marks: SecretMarks, source: SecretSource
) -> Outcome:
    """What ``action`` makes of the input with its secrets; nothing of them is in the outcome.

    For actions that send: what others keep would be kept without its secrets. A worker's task lies
    in the log and on a topic, so it has references, and so has the outcome's input. Errors become
    outcomes here, since what they say may hold a secret.
    """
    names = marks.names(call.input)
    if not names:
        return await action(call)
    shown = marks.shown(call.input)
    if isinstance(action, WorkerAction):
        return await action(replace(call, input=shown))
    try:
        values = await source.get(call.origin.environment_id, names)
        revealed = replace(call, input=marks.reveal(call.input, values))
    except ExpressionError as error:
        return replace(failed(ErrorKind.EXPRESSION, error.message), input=shown)
    except Unavailable as error:
        return replace(failed(ErrorKind.UNREACHABLE, error.message, retryable=True), input=shown)
    outcome = await _sent(action, revealed)
    return _concealed(outcome, shown, lambda value: _hidden(value, marks, values), action)


async def _sent(action: Action, call: Call) -> Outcome:
    try:
        return await action(call)
    except Rejected as error:
        return failed(ErrorKind.REFUSED, error.message)
    except Unavailable as error:
        return failed(ErrorKind.UNREACHABLE, error.message, retryable=True)
    except TimeoutError:  # broken off as its turn came: no fault, and its text is shown nowhere
        raise
    except Exception as error:  # noqa: BLE001 - as in perform, but a traceback may quote a secret
        place = extract_tb(error.__traceback__)[-1]
        log.error(  # noqa: TRY400
            "step_defect",
            execution_id=str(call.origin.execution_id),
            step_id=call.step_id,
            error=type(error).__name__,
            at=f"{place.filename}:{place.lineno}",
        )
        return failed(ErrorKind.DEFECT, "Turnout failed to run this step; its log says where.")


def _concealed(
    outcome: Outcome, shown: Any, hidden: Callable[[Any], Any], action: Action
) -> Outcome:
    match outcome:
        case Completed(output=dict(output)) if not isinstance(action, HttpAction):
            # Our own keys stay, whatever a secret's value is: they are what steps look for.
            concealed = {key: hidden(value) for key, value in output.items()}
            return replace(outcome, input=shown, output=concealed)
        case Completed(output=output):
            return replace(outcome, input=shown, output=hidden(output))
        case Failed(error=error):
            error = replace(error, message=hidden(error.message))
            return replace(outcome, input=shown, error=error)
        case Parked():  # until there is room: that tells times, and nothing of the input
            return replace(outcome, input=shown)
        case Skipped() | Interrupted():
            return outcome
        case _:
            assert_never(outcome)


def _hidden(value: Any, marks: SecretMarks, values: Mapping[str, str]) -> Any:
    """``value`` without the secrets, also as our client writes them into a path or a query."""
    paths = {name: URL(f"http://h/{secret}").raw_path[1:] for name, secret in values.items()}
    queries = {name: URL(f"http://h/?{secret}").raw_query_string for name, secret in values.items()}
    for known in (values, paths, queries):
        value = marks.conceal(value, known)
    return value
