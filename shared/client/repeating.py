"""Asking once more for what may have been done: its answer did not arrive."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final, TypeVar
from uuid import uuid4

from shared.client.asked import Asked
from shared.client.connection import Answer, Connection
from shared.domain.errors import Conflict, NotFound

IF_SO: Final = frozenset({"If-Match", "If-None-Match"})
"""The headers that let a change be made only where something is as they say."""

_KEY: Final = "Idempotency-Key"
# Asked for twice, they do what they do once.
_CHANGES: Final = frozenset({"PUT", "DELETE"})
_REPEATABLE: Final = _CHANGES | {"GET"}
_MAYBE_OURS: Final = (
    "This was asked again, as the first answer did not arrive: it may be that very request which"
    " changed it. See how it is now before you ask once more."
)

T = TypeVar("T")


def keyed(asked: Asked[Any], headers: Mapping[str, str]) -> dict[str, str]:
    """The headers, with a key where a repetition would else stumble over what it has done itself.

    By the key it finds its first answer. Other systems' routes take none, nor does the API with a
    document that names an environment of its own.
    """
    body = asked.body
    has_place = isinstance(body, Mapping) and body.get("environment_id") is not None
    takes_one = asked.path.startswith("v1/") and asked.method in _CHANGES and not has_place
    if _KEY in headers or not takes_one or not IF_SO & headers.keys():
        return dict(headers)
    return {**headers, _KEY: str(uuid4())}


def is_repeatable(asked: Asked[Any], headers: Mapping[str, str]) -> bool:
    """Whether to ask twice does no harm: for reads, PUT, DELETE, and whatever has a key."""
    return _KEY in headers or asked.method in _REPEATABLE


async def ask_once(
    connection: Connection, asked: Asked[T], headers: Mapping[str, str], *, may_be_done: bool
) -> Answer[T]:
    """One attempt; ``may_be_done``: an earlier one, whose answer is lost, may have done it.

    Raises as ``Connection.call``. What is not there to be deleted any more is deleted.
    """
    try:
        return await connection.call(asked, headers)
    except NotFound:
        if not may_be_done or asked.method != "DELETE":
            raise
        body: Any = None  # as of every DELETE
        return Answer(status=HTTPStatus.NO_CONTENT, headers={}, body=body)
    except Conflict as fault:
        if not may_be_done or _KEY in headers or not IF_SO & headers.keys():
            raise
        raise Conflict(f"{fault.message} {_MAYBE_OURS}") from None
