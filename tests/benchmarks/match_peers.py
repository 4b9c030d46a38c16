"""``python -m tests.benchmarks.match_peers``: see docs/benchmarks/README.md."""

import asyncio
import shutil
import sys
import tempfile
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import click
import orjson
import uvloop

from services.cli.options import json_option
from services.cli.present import show_rows, write_json
from shared.domain.errors import Unavailable
from tests.benchmarks.costs import medians
from tests.benchmarks.machine import Tell, observed
from tests.benchmarks.match_cases import CASES, Case
from tests.benchmarks.match_one import numbers_of
from tests.benchmarks.match_patterns import Unsaid, patterns_of
from tests.benchmarks.tables import table_of

TURNOUT: Final = "turnout"
RULER: Final = "event-ruler"
QUAMINA: Final = "quamina"
_PROGRAMS: Final = Path(__file__).parent / "peers"
_EVENTS: Final = 1_000
_INSTALL_WITHIN_S: Final = 600.0
_TAIL: Final = 300

Command = Sequence[str]
Found = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """How much: CPU-seconds before and while it is measured, and for how long one may take."""

    rounds: int
    warm_s: float
    seconds: float
    within_s: float
    counts: Sequence[int]
    cases: Sequence[str]


FULL: Final = Extent(
    rounds=3, warm_s=2, seconds=2, within_s=120,
    counts=(1_000, 10_000, 100_000), cases=tuple(CASES),
)  # fmt: skip
QUICK: Final = replace(FULL, rounds=1, warm_s=0.1, seconds=0.1, counts=(100,))


async def measure_match_peers(
    extent: Extent, cache: Path, quamina: Path | None, tell: Tell
) -> Found:
    """Match the same events by the same rules in Turnout and in its peers, by turns.

    ``quamina``: a checkout of it to use in place of the published module. Gives JSON as
    docs/benchmarks/README.md explains it.
    """
    commands, absent = await _installed(cache, quamina)
    found: dict[str, dict[str, dict[str, list[Found]]]] = {}
    async with observed(tell) as machine:
        for number in range(1, extent.rounds + 1):
            for name in extent.cases:
                for count in extent.counts:
                    of = found.setdefault(name, {}).setdefault(f"{count:,}", {})
                    for side in (TURNOUT, *commands):
                        one = await _one(side, commands.get(side, ()), name, count, extent)
                        of.setdefault(side, []).append(one)
                        tell(f"round {number}, {name}, {count:,}, {side}: {_told(one)}")
    return {
        "benchmark": "match_peers",
        "machine": machine,
        "extent": asdict(extent),
        "absent": absent,
        "cases": {
            name: {
                count: {side: _summary(rounds) for side, rounds in of.items()}
                for count, of in by_count.items()
            }
            for name, by_count in found.items()
        },
    }


def _summary(rounds: Sequence[Found]) -> Found:
    """The medians; where one round has no figures, why."""
    failed = next((found for found in rounds if "not_measured" in found), None)
    return failed or {**medians(rounds), "rounds": rounds}


def _told(found: Found) -> str:
    if "not_measured" in found:
        return str(found["not_measured"])
    return f"{found['events_per_cpu_s']:,.0f} events/s"


async def _one(side: str, command: Command, name: str, count: int, extent: Extent) -> Found:
    """The figures of one side, or why there are none."""
    case = CASES[name]
    with tempfile.TemporaryDirectory() as folder:
        rules, events = Path(folder) / "rules", Path(folder) / "events"
        events.write_bytes(b"\n".join(_events(case, count)))
        if side == TURNOUT:
            module = "tests.benchmarks.match_lines"
            command = (sys.executable, "-m", module, name, str(count), str(events))
        else:
            try:
                rules.write_bytes(b"\n".join(_rules(case, count, side)))
            except Unsaid as error:
                return {"not_measured": f"it has no words for {error}"}
            command = (*command, str(rules), str(events))
        try:
            said = await _run((*command, str(extent.warm_s), str(extent.seconds)), extent.within_s)
        except Unavailable as error:
            return {"not_measured": str(error)}
    found: Found = orjson.loads(said)
    return found


def _rules(case: Case, count: int, side: str) -> Sequence[bytes]:
    numbers = side == RULER
    return [orjson.dumps(patterns_of(case, n, count, has_numbers=numbers)) for n in range(count)]


def _events(case: Case, count: int) -> Sequence[bytes]:
    return [
        orjson.dumps({"type": case.event_name(n), "payload": case.payload(n, count)})
        for n in numbers_of(count, _EVENTS)
    ]


async def _installed(
    cache: Path, quamina: Path | None
) -> tuple[Mapping[str, Command], Mapping[str, str]]:
    """How to run each peer; and of those that cannot be, why."""
    commands, absent = dict[str, Command](), dict[str, str]()
    for name, making in ((RULER, _ruler(cache / RULER)), (QUAMINA, _quamina(cache, quamina))):
        try:
            commands[name] = await making
        except Unavailable as error:
            absent[name] = str(error)
    return commands, absent


async def _ruler(jars: Path) -> Command:
    program = _PROGRAMS / "event_ruler"
    goal = ("dependency:copy-dependencies", f"-DoutputDirectory={jars}")
    pom = ("-f", str(program / "pom.xml"))
    await _run(("mvn", "-q", "-B", *pom, *goal), _INSTALL_WITHIN_S)
    return "java", "-cp", f"{jars}/*", str(program / "Match.java")


async def _quamina(cache: Path, checkout: Path | None) -> Command:
    folder = cache / QUAMINA
    shutil.copytree(_PROGRAMS / "quamina", folder, dirs_exist_ok=True)
    if checkout is not None:
        taken = f"quamina.net/go/quamina/v2={checkout}"
        await _run(("go", "mod", "edit", "-replace", taken), _INSTALL_WITHIN_S, folder)
    await _run(("go", "build", "-mod=mod", "-o", "match", "."), _INSTALL_WITHIN_S, folder)
    return (str(folder / "match"),)


async def _run(command: Command, within_s: float, folder: Path | None = None) -> bytes:
    """What a program says. Raises Unavailable."""
    name = Path(command[0]).name
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=DEVNULL, stdout=PIPE, stderr=PIPE, cwd=folder
        )
    except OSError as error:
        raise Unavailable(f"{name} cannot be run: {error}.") from error
    try:
        async with asyncio.timeout(within_s):
            said, complaint = await process.communicate()
    except TimeoutError as error:
        raise Unavailable(f"not done within {within_s:.0f} s") from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise Unavailable(f"{name} failed: {complaint.decode(errors='replace')[-_TAIL:]}")
    return said


@click.command()
@json_option
@click.option("--rounds", type=click.IntRange(1, 100), default=FULL.rounds, show_default=True)
@click.option(
    "--counts", type=click.IntRange(1, 10_000_000), multiple=True, default=FULL.counts,
    show_default=True, help="How many workflows. May be given more than once.",
)  # fmt: skip
@click.option(
    "--cases", type=click.Choice(FULL.cases), multiple=True, default=FULL.cases,
    help="Kinds of conditions; all of them, unless given.",
)  # fmt: skip
@click.option(
    "--cache", type=click.Path(path_type=Path), show_default=True,
    default=Path(tempfile.gettempdir()) / "turnout-match-peers", help="Where the peers are put.",
)  # fmt: skip
@click.option(
    "--quamina", type=click.Path(exists=True, resolve_path=True, path_type=Path),
    help="A checkout of quamina, in place of the published module.",
)  # fmt: skip
@click.option("--quick", is_flag=True, help="Short: shows that it runs, measures nothing.")
def main(*, as_json: bool, cache: Path, quamina: Path | None, quick: bool, **given: Any) -> None:
    """Match the same events by the same rules in Turnout, event-ruler and quamina.

    The peers are installed by Maven and by Go, at pinned versions; what is not there is left out.
    """
    extent = replace(QUICK, cases=given["cases"]) if quick else replace(FULL, **given)
    measuring = measure_match_peers(extent, cache, quamina, lambda line: click.echo(line, err=True))
    found = uvloop.run(measuring)
    if as_json:
        write_json(found)
    else:
        show_rows(*table_of(found))


if __name__ == "__main__":
    main()
