"""Why a call gave no response.

``Rejected`` ones are never worth a retry; ``Unavailable`` ones are. The messages go to the
workflow's author, so they never tell a closed port from a filtered one, nor name an address.
The foreign exception stays behind as ``__cause__``, for operators.
"""

from shared.domain.errors import Rejected, Unavailable


class DestinationRefused(Rejected):
    """The destination may not be called."""


class RequestRefused(Rejected):
    """The request is not one that may be sent."""


class ConnectFailed(Unavailable):
    """The destination could not be reached; it has not seen the request."""


class CallTimeout(Unavailable):
    """No complete response came in time; the receiver may have acted."""


class ResponseBroken(Unavailable):
    """The response is cut off, not HTTP or its headers too large; the receiver may have acted."""
