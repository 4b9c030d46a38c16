"""Answers that refuse."""

from typing import NotRequired

from typing_extensions import TypedDict

from shared.wire.documents.parts import ProblemDocument


class RefusalDocument(TypedDict):
    """A problem document (RFC 9457); its type is ``about:blank``, which the status says enough of.

    ``errors`` has each fault of what was sent, at most 100 of them. ``request_id`` is what the log
    knows the request by.
    """

    title: str
    status: int
    detail: str
    request_id: str
    errors: NotRequired[list[ProblemDocument]]


class TrutoRefusal(TypedDict):
    """Truto's form of it; the message names each fault and its place."""

    statusCode: int
    error: str
    message: str
