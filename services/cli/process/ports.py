"""Ports: found free, or said to be taken before anything starts."""

import os
import socket

from shared.domain.errors import Conflict

LOOPBACK = "127.0.0.1"


def claim_port(port: int) -> int:
    """``port`` if it is free on loopback, a free one for 0. Raises Conflict when it is taken."""
    try:
        with socket.create_server((LOOPBACK, port)) as probe:
            return int(probe.getsockname()[1])
    except OSError as fault:
        why = os.strerror(fault.errno or 0)
        raise Conflict(
            f"Port {port} on {LOOPBACK} cannot be used ({why}): end what uses it, or choose"
            " another with --port (0: any free one)."
        ) from None
