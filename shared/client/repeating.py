"""Asking once more for what may have been done: it was not answered, or with a 503.

A 503 may come after the deed: what was published or committed is durable, and nobody heard of it
in time. So whatever changes something is named before it is asked for the first time.
"""

from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Any, Final, Generic, NamedTuple, TypeVar
from uuid import uuid4

from shared.client.asked import Asked
from shared.client.connection import Answer, Connection
from shared.client.errors import NotNow
from shared.domain.errors import Conflict, NotFound, Unavailable

IF_SO: Final = frozenset({"If-Match", "If-None-Match"})
"""The headers that let a change be made only where something is as they say."""

_KEY: Final = "Idempotency-Key"
# Asked for twice, they do what they do once.
_REPEATABLE: Final = frozenset({"GET", "PUT", "DELETE"})
_EVENTS: Final = frozenset({"v1/events", "v1/events/batch"})
# What workers say counts once, and a task that nobody has heard of comes back when its lease ends.
_OF_WORKERS: Final = "v1/tasks/"
# By their last segments: a POST to these changes nothing.
_LOOKS: Final = frozenset({"diff", "dry-run", "lint", "preview", "validate", "what-if"})
_LOOKED_AT: Final = ("v1/workflows/", "v1/schedules/")

_MAYBE_OURS: Final = (
    "This was asked again, as the first answer did not arrive: it may be that very request which"
    " changed it. See how it is now before you ask once more."
)
_MAYBE_DONE: Final = "It may have been done all the same:"
_LOOK: Final = "look at what there is before you ask once more."

T = TypeVar("T")


class _Named(NamedTuple, Generic[T]):
    """What is asked, under a name where it needs one.

    ``advice`` is for whoever is not told whether it was done; None: none is needed.
    """

    asked: Asked[T]
    headers: Mapping[str, str]
    is_repeatable: bool = True
    advice: str | None = None


class Request(Generic[T]):
    """A question that may be asked more than once: it knows what its attempts may have done.

    Events without an id get one. Other changes get a key, by which a repetition is answered as the
    first attempt was, or told that this was carried out. Other systems' routes take none, nor does
    the API with a document that names an environment of its own: those are asked again only after
    a refusal. PUT and DELETE need none, unless they are made only where something is as it was.
    """

    def __init__(self, connection: Connection, asked: Asked[T], headers: Mapping[str, str]) -> None:
        self._connection = connection
        self._asked, self._headers, self._is_repeatable, self._advice = _named(asked, headers)
        self._may_be_done = False

    async def attempt(self) -> Answer[T]:
        """Ask once. Raises as ``Connection.call``.

        After an attempt that may have done it, what is not there to be deleted any more is deleted.
        """
        try:
            return await self._connection.call(self._asked, self._headers)
        except Unavailable as fault:
            self._may_be_done |= _may_be_done(fault)
            raise
        except NotFound:
            if not self._may_be_done or self._asked.method != "DELETE":
                raise
            body: Any = None  # as of every DELETE
            return Answer(status=HTTPStatus.NO_CONTENT, headers={}, body=body)
        except Conflict as fault:
            if not self._may_be_done or _KEY in self._headers or not IF_SO & self._headers.keys():
                raise
            raise Conflict(f"{fault.message} {_MAYBE_OURS}") from None

    def may_repeat(self, fault: Unavailable) -> bool:
        """Whether to ask again after ``fault`` does no harm."""
        return self._is_repeatable or not _may_be_done(fault)

    def at_last(self, fault: NotNow) -> NotNow:
        """The fault as it is told when it is not asked again: what to look at, if need be."""
        if not self._may_be_done or self._advice is None:
            return fault
        message = f"{fault.message} {_MAYBE_DONE} {self._advice}"
        return NotNow(message, fault.retry_after_s, may_be_done=True)


def _may_be_done(fault: Unavailable) -> bool:
    return not isinstance(fault, NotNow) or fault.may_be_done


def _named(asked: Asked[T], headers: Mapping[str, str]) -> _Named[T]:
    given = dict(headers)
    if _KEY in given or _does_once(asked):
        return _Named(asked, given)
    if asked.method in _REPEATABLE:
        has_key = bool(IF_SO & given.keys()) and _takes_key(asked)
        return _Named(asked, {**given, _KEY: str(uuid4())} if has_key else given)
    if asked.path in _EVENTS:
        return _with_ids(asked, given)
    if not _takes_key(asked):
        return _Named(asked, given, is_repeatable=False, advice=_LOOK)
    key = str(uuid4())
    advice = f"look at what there is, or ask again with the {_KEY} '{key}', which does it once."
    return _Named(asked, {**given, _KEY: key}, advice=advice)


def _with_ids(asked: Asked[T], headers: dict[str, str]) -> _Named[T]:
    """Events get ids and no key: that would leave a row each, and they may name environments."""
    body, ids = asked.body, list[str]()
    if isinstance(body, Mapping):
        named: Any = _with_id(body, ids)
        advice = "".join(f"sent again with the id '{id_}' it counts once." for id_ in ids)
    elif isinstance(body, list | tuple):
        named = [_with_id(each, ids) for each in body]
        advice = _LOOK if ids else ""
    else:
        return _Named(asked, headers, is_repeatable=False, advice=_LOOK)
    return _Named(replace(asked, body=named), headers, advice=advice or None)


def _with_id(event: Any, ids: list[str]) -> Any:
    """An event with an id, a new one of ``ids`` if it has none; what is no event as it is."""
    if not isinstance(event, Mapping) or event.get("id") is not None:
        return event
    ids.append(str(uuid4()))
    return {**event, "id": ids[-1]}


def _takes_key(asked: Asked[Any]) -> bool:
    body = asked.body
    has_place = isinstance(body, Mapping) and body.get("environment_id") is not None
    return asked.path.startswith("v1/") and not has_place


def _does_once(asked: Asked[Any]) -> bool:
    """Whether it is a POST that only looks, or that a worker makes, or that says a key itself."""
    if asked.method != "POST":
        return False
    is_look = asked.path.startswith(_LOOKED_AT) and asked.path.rpartition("/")[2] in _LOOKS
    has_own = isinstance(asked.body, Mapping) and asked.body.get("idempotency_key") is not None
    is_start = asked.path.startswith("v1/workflows/") and asked.path.endswith("/executions")
    return is_look or asked.path.startswith(_OF_WORKERS) or (is_start and has_own)
