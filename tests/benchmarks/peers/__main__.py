"""``python -m tests.benchmarks.peers``: see docs/benchmarks/README.md."""

import tempfile
from dataclasses import replace
from pathlib import Path

import click
import uvloop

from services.cli.options import json_option
from services.cli.present import show_rows, write_json
from shared.runtime.settings import LogSettings
from shared.runtime.telemetry import configure_logging
from tests.benchmarks.peers.known import PEERS
from tests.benchmarks.peers.measure import FULL, QUICK, measure_peers
from tests.benchmarks.tables import table_of


@click.command()
@json_option
@click.option("--rounds", type=click.IntRange(1, 100), default=FULL.rounds, show_default=True)
@click.option(
    "--seconds", type=click.FloatRange(0.1, 600), default=FULL.seconds, show_default=True,
    help="Measured in each round.",
)  # fmt: skip
@click.option(
    "--peer", "names", type=click.Choice(list(PEERS)), multiple=True, default=list(PEERS),
    show_default=True, help="May be given more than once.",
)  # fmt: skip
@click.option(
    "--cache", type=click.Path(path_type=Path), show_default=True,
    default=Path(tempfile.gettempdir()) / "turnout-peers", help="Where the peers are installed.",
)  # fmt: skip
@click.option("--quick", is_flag=True, help="Short: shows that it runs, measures nothing.")
def main(
    *, as_json: bool, rounds: int, seconds: float, names: tuple[str, ...], cache: Path, quick: bool
) -> None:
    """Put one three-step job through Turnout and its peers, each durable, on this machine.

    Peers are installed from PyPI and npm, at pinned versions, into environments of their own.
    """
    configure_logging(LogSettings(level="WARNING", format="console"))
    extent = QUICK if quick else replace(FULL, rounds=rounds, seconds=seconds)
    found = uvloop.run(measure_peers(extent, names, cache, lambda line: click.echo(line, err=True)))
    if as_json:
        write_json(found)
    else:
        show_rows(*table_of(found))


if __name__ == "__main__":
    main()
