"""How receivers misbehave, each as what to serve on one connection; and one that does not."""

import asyncio
import gzip
import zlib
from collections.abc import Callable, Iterator, Mapping
from itertools import chain, repeat
from types import MappingProxyType
from typing import Final

from tests.support.receiver import OK, Serve, once, sends

BOMB_BYTES: Final = 50_000_000
FINE: Final = OK + b"Content-Length: 4\r\n\r\nfine"
_CHUNKED: Final = OK + b"Transfer-Encoding: chunked\r\n\r\n"
_NEXT: Final = b"HTTP/1.1 102 Processing\r\n\r\n" * 2_000


async def fine(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A good answer to each request."""
    while True:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(FINE)
        await writer.drain()


def _endless(begin: bytes, piece: bytes) -> Serve:
    return sends(lambda: chain([begin], repeat(piece)))


def _bomb(encoding: str, pack: Callable[[], bytes]) -> Serve:
    def pieces() -> Iterator[bytes]:
        packed = pack()
        yield OK + f"Content-Encoding: {encoding}\r\nContent-Length: {len(packed)}".encode()
        yield b"\r\n\r\n" + packed

    return sends(pieces)


def _gzipped() -> bytes:
    return gzip.compress(bytes(BOMB_BYTES), 1)


def _in_many_members() -> bytes:
    return gzip.compress(bytes(1_000)) * 100_000


def _deflated() -> bytes:
    return zlib.compress(bytes(BOMB_BYTES), 1)


def too_large() -> Mapping[str, Serve]:
    """Bodies without end, or with far too much in little; their first bytes are no fault."""
    return MappingProxyType(
        {
            "10 GB that were promised": _endless(
                OK + b"Content-Length: 10000000000\r\n\r\n", b"a" * 65_536
            ),
            "a body without end": _endless(OK + b"\r\n", b"a" * 65_536),
            "chunks without end": _endless(_CHUNKED, (b"20\r\n" + b"a" * 32 + b"\r\n") * 1_000),
            "a gzip bomb": _bomb("gzip", _gzipped),
            "a bomb of many gzip members": _bomb("gzip", _in_many_members),
            "a deflate bomb": _bomb("deflate", _deflated),
        }
    )


def broken() -> Mapping[str, Serve]:
    """What is no answer, or one whose head is too large."""
    return MappingProxyType(
        {
            "headers without end": _endless(OK, b"a: b\r\n" * 10_000),
            "a header without end": _endless(OK + b"X: ", b"a" * 65_536),
            "a header's name without end": _endless(OK, b"a" * 65_536),
            "a reason without end": _endless(b"HTTP/1.1 200 ", b"a" * 65_536),
            "a folded header without end": _endless(OK + b"X: a\r\n", b" aaaaaaa\r\n" * 1_000),
            "trailers without end": _endless(_CHUNKED + b"0\r\n", b"a: b\r\n" * 10_000),
            "a chunk of 2**68 bytes": sends(once(_CHUNKED + b"F" * 17 + b"\r\nabc")),
            "a brotli bomb": _bomb("br", lambda: b"\x1b" * 1_000),
            "a zstd bomb": _bomb("zstd", lambda: b"\x28\xb5\x2f\xfd" * 1_000),
            "gzip in deflate's name": _bomb("deflate", lambda: gzip.compress(b"abc")),
            "two lengths": sends(once(OK + b"Content-Length: 2\r\nContent-Length: 5\r\n\r\nhello")),
            "a length and chunks": sends(
                once(
                    OK + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n"
                    b"5\r\nhello\r\n0\r\n\r\n"
                )
            ),
            "HTTP/0.9": sends(once(b"hello")),
        }
    )


def never_done() -> Mapping[str, Serve]:
    """What goes on until the call's time is up."""
    return MappingProxyType(
        {
            "nothing at all": sends(once(), hold=True),
            "a drip": sends(lambda: chain([OK + b"\r\n"], repeat(b"a")), every_s=0.05),
            "1xx without end": sends(lambda: repeat(_NEXT)),
            "blank lines without end": sends(lambda: repeat(b"\r\n" * 10_000)),
            "a chunk extension without end": _endless(_CHUNKED + b"1;", b"e" * 65_536),
        }
    )
