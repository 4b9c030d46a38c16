"""A port for a server that is started later, or again, or never."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def hold_port() -> Iterator[int]:
    """A port of loopback that nobody else is given meanwhile: who connects to it is refused.

    A server can be opened at it all the same: a socket that does not listen is in nobody's way.
    """
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
        yield port


@pytest.fixture
def held_port() -> Iterator[int]:
    """Such a port for one test."""
    with hold_port() as port:
        yield port
