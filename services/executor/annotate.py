"""Looking up the entities that a workflow's annotations name, before its first step."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final, Protocol

import orjson
import structlog
from pydantic import SecretStr

from services.executor.actions.answers import STORED_BYTES_MAX, failed, fetch
from services.executor.call import Call
from shared.domain.errors import Invalid, Rejected, Unavailable
from shared.domain.outcomes import Completed, ErrorKind, Failed, Outcome
from shared.domain.values import Value
from shared.domain.workflows import Annotation
from shared.egress.caller import Caller
from shared.egress.message import Request
from shared.egress.signing import signed_call
from shared.expr.errors import ExpressionError
from shared.wire.envelope import dumps
from shared.wire.strict_json import JsonLimits, read_json

GROUP: Final = "turnout.resolvers"
"""The entry points of installed resolvers; an entry point's name is the entity type."""

Lookup = Callable[[str, Mapping[str, Any], Sequence[str]], Awaitable[Any]]
"""(entity_type, fields, relations) to the entity as JSON, or to None where there is none."""

_ANSWER = JsonLimits(body_bytes_max=STORED_BYTES_MAX)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """An annotation with its fields' values; ``key`` names this lookup at each attempt."""

    key: str
    annotation: Annotation
    fields: Mapping[str, Any]


class Resolver(Protocol):
    """Knows the entities of a type."""

    async def __call__(self, wanted: Wanted, call: Call) -> Completed | Failed:
        """The entity as the output; None: there is none."""
        ...


class HttpResolver:
    """Posts {entity_type, fields, relations}, signed by each of ``secrets``; answered with JSON.

    ``null``, or nothing, says that there is no such entity.
    """

    def __init__(self, caller: Caller, *, url: str, secrets: Sequence[SecretStr]) -> None:
        self._caller = caller
        self._url = url
        self._secrets = secrets

    async def __call__(self, wanted: Wanted, call: Call) -> Completed | Failed:
        annotation = wanted.annotation
        body = dumps(
            {
                "entity_type": annotation.entity_type,
                "fields": wanted.fields,
                "relations": annotation.relations,
            }
        )
        headers = {"Content-Type": "application/json", "Idempotency-Key": wanted.key}
        if self._secrets:
            environment_id = call.origin.environment_id
            headers |= signed_call(self._secrets, environment_id, wanted.key, call.now, body)
        request = Request(
            method="POST", url=self._url, headers=headers, body=body, timeout_s=call.timeout_s
        )
        response = await fetch(self._caller, request, call)
        if isinstance(response, Failed):
            return response
        try:
            return Completed(output=read_json(response.body, _ANSWER) if response.body else None)
        except Invalid as error:
            return failed(ErrorKind.UNFIT, f"The resolver's answer cannot be kept. {error.message}")


class PythonResolver:
    """Asks a function of an installed package."""

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup

    async def __call__(self, wanted: Wanted, call: Call) -> Completed | Failed:
        annotation = wanted.annotation
        try:
            async with asyncio.timeout(call.timeout_s):
                entity = await self._lookup(
                    annotation.entity_type, wanted.fields, annotation.relations
                )
            # As it will be read again: a date, say, is a text from here on.
            return Completed(output=orjson.loads(orjson.dumps(entity)))
        except (OSError, TimeoutError, Unavailable) as error:
            message = f"The resolver cannot answer now ({type(error).__name__})."
            return failed(ErrorKind.UNREACHABLE, message, retryable=True)
        except orjson.JSONEncodeError as error:
            return failed(ErrorKind.UNFIT, f"The resolver gave what is not JSON: {error}.")
        except Exception as error:
            # Somebody else's code: what it drops fails this annotation and nothing else.
            log.exception("resolver_failed", entity_type=annotation.entity_type)
            message = f"The resolver failed ({type(error).__name__}); the executor's log says why."
            return failed(ErrorKind.REMOTE, message)


def installed_resolvers() -> dict[str, Resolver]:
    """The resolvers that installed packages offer, by entity type. Raises Rejected."""
    return {point.name: PythonResolver(_loaded(point)) for point in entry_points(group=GROUP)}


class Annotator:
    """Looks entities up through the resolvers of their types, in either case.

    The names of settings come from the environment, which has no case: ``Ticket`` is ``ticket``.
    """

    def __init__(self, resolvers: Mapping[str, Resolver]) -> None:
        self._resolvers = {name.lower(): resolver for name, resolver in resolvers.items()}

    async def annotate(
        self, annotations: Sequence[Annotation], resolve: Callable[[Value], Any], call: Call
    ) -> Outcome:
        """All lookups at once: {entities: {target_path: entity}, missing: [{target_path, reason}]}.

        An annotation with a field that has no value is not looked up. The first lookup that fails,
        in the order of the annotations, fails all.
        """
        try:
            given = await call.in_turn(partial(_wanted, annotations, resolve, call))
        except ExpressionError as error:
            return failed(ErrorKind.EXPRESSION, error.message)
        call = call.as_of_now()
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._look_up(wanted, call)) for wanted in given]
        found = [task.result() for task in tasks]
        return next((f for f in found if isinstance(f, Failed)), None) or _output(given, found)

    async def _look_up(self, wanted: Wanted, call: Call) -> Completed | Failed:
        annotation = wanted.annotation
        if _lacking(wanted):
            return Completed()
        resolver = self._resolvers.get(annotation.entity_type.lower())
        if resolver is None:
            known = ", ".join(sorted(self._resolvers)) or "none"
            detail = (
                f"No resolver knows '{annotation.entity_type}'; there are: {known}."
                f" TURNOUT_RESOLVERS__{annotation.entity_type.upper()}__URL names one."
            )
            return failed(ErrorKind.REFUSED, detail)
        outcome = await resolver(wanted, call)
        if isinstance(outcome, Completed):
            return outcome
        message = f"Looking up '{annotation.target_path}' failed. {outcome.error.message}"
        return replace(outcome, error=replace(outcome.error, message=message))


def _wanted(
    annotations: Sequence[Annotation], resolve: Callable[[Value], Any], call: Call
) -> list[Wanted]:
    return [
        Wanted(
            key=f"{call.idempotency_key}:{index}",
            annotation=annotation,
            fields={n: resolve(v) for n, v in annotation.required_fields.items()},
        )
        for index, annotation in enumerate(annotations)
    ]


def _output(given: Sequence[Wanted], found: Sequence[Completed | Failed]) -> Completed:
    entities, missing = {}, []
    for wanted, outcome in zip(given, found, strict=True):
        path = wanted.annotation.target_path
        if isinstance(outcome, Completed) and outcome.output is not None:
            entities[path] = outcome.output
        else:
            lacking = ", ".join(_lacking(wanted))
            reason = f"no value for {lacking}" if lacking else "no such entity"
            missing.append({"target_path": path, "reason": reason})
    return Completed(output={"entities": entities, "missing": missing})


def _lacking(wanted: Wanted) -> list[str]:
    return [name for name, value in wanted.fields.items() if value is None]


def _loaded(point: EntryPoint) -> Lookup:
    try:
        lookup: Lookup = point.load()
    except Exception as error:
        raise Rejected(f"The resolver '{point.name}' ({point.value}) cannot be loaded.") from error
    if not callable(lookup):
        raise Rejected(f"The resolver '{point.name}' ({point.value}) is no function.")
    return lookup
