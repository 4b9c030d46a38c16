"""Each peer's own environment, made once and kept in a folder."""

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from shared.domain.errors import Unavailable
from tests.benchmarks.peers.known import Peer

_WITHIN_S = 600.0
_TAIL = 300


@dataclass(frozen=True, slots=True)
class Installed:
    """Where a peer's programs are."""

    python: Path
    node_bin: Path

    def program(self, name: str) -> Path:
        """A program beside the environment's Python."""
        return self.python.parent / name


async def install(peer: Peer, cache: Path) -> Installed:
    """Make the environment unless it is there. Raises Unavailable with what the installer said."""
    folder = cache / peer.environment
    found = Installed(folder / "bin" / "python", folder / "node_modules" / ".bin")
    made, wanted = folder / "pins.txt", "\n".join((*peer.pip, *peer.npm))
    if made.exists() and made.read_text("utf-8") == wanted:
        return found
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(f"{folder} cannot be made: {error}.") from error
    await _run(sys.executable, "-m", "venv", "--clear", str(folder))
    quiet = ("install", "--quiet", "--disable-pip-version-check")
    await _run(str(found.python), "-m", "pip", *quiet, *peer.pip)
    if peer.npm:
        await _run("npm", "install", "--silent", "--prefix", str(folder), *peer.npm)
    made.write_text(wanted, "utf-8")
    return found


async def _run(*command: str) -> None:
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE
        )
    except OSError as error:
        raise Unavailable(f"{command[0]} cannot be run: {error}.") from error
    try:
        async with asyncio.timeout(_WITHIN_S):
            _, said = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise Unavailable(f"{_shown(command)} failed: {said.decode(errors='replace')[-_TAIL:]}")


def _shown(command: Sequence[str]) -> str:
    return " ".join(Path(word).name for word in command)
