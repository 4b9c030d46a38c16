"""What the HTTP server itself says in the log."""

import logging

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.log import server_logger


def server_log() -> logging.Logger:
    """The library's log, without what senders of what cannot be read would fill it with.

    They are told; the log would have a stack trace for each, and what they sent: maybe a secret.
    """
    log = server_logger.getChild("turnout")
    log.addFilter(_is_ours)
    return log


def _is_ours(record: logging.LogRecord) -> bool:
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, HttpProcessingError | web.RequestPayloadError)
