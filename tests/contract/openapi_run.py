"""The long run: ``python -m tests.contract.openapi_run --cases 10000``; it starts all it needs."""

import asyncio
import sys
from collections import Counter
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

import click
from schemathesis import __version__ as schemathesis_version

from shared.db.migrate import migrate
from shared.embedded.postgres import EmbeddedPostgres
from shared.runtime.settings import LogSettings
from shared.runtime.telemetry import configure_logging
from tests.contract.openapi_cases import Asked, Wrong
from tests.contract.openapi_served import ask_served

_ABOUT = """\
# The API against its document

`/openapi.json` says what each route takes and answers. [schemathesis](https://schemathesis.io)
makes requests from it, half of them as it wants them and half not, and an API with Postgres, an
executor and one thing of each kind is asked all of them. A request fails when its answer is a 5xx,
has a status, a header, a media type or a shape that is not documented, or accepts what the document
refuses. Streams, which do not end, are left out. Half of the requests are about what is there;
where few bodies are taken by chance, half of those that are as wanted have one that is known to be.

    python -m tests.contract.openapi_run --cases 10000 --page docs/benchmarks/openapi.md

takes about ten minutes, and ends with 1 when a request failed. `--start` gives other requests. A
short run is among the tests: `tests/contract/test_openapi_cases.py`.
"""


@click.command()
@click.option("--cases", type=click.IntRange(1), default=10_000, show_default=True)
@click.option("--start", type=click.IntRange(0), default=0, show_default=True, help="Of the seeds.")
@click.option("--page", type=click.Path(dir_okay=False, path_type=Path), help="Write it here too.")
def main(cases: int, start: int, page: Path | None) -> None:
    """Ask the API as its document says, and otherwise; end with 1 when an answer is not so."""
    configure_logging(LogSettings(level="ERROR", format="console"))
    began = monotonic()
    asked = asyncio.run(_run(cases, start))
    written = "\n".join([_ABOUT, *_result(asked, start, monotonic() - began)])
    click.echo(written)
    if page is not None:
        page.write_text(written + "\n", "utf-8")
    for wrong in asked.wrong.values():
        click.echo(_shown(wrong), err=True)
    sys.exit(1 if asked.wrong else 0)


async def _run(cases: int, start: int) -> Asked:
    with TemporaryDirectory() as folder:
        async with EmbeddedPostgres(Path(folder)) as server:
            await migrate(server.dsn)
            return await ask_served(
                server.dsn,
                cases=cases,
                start=start,
                tell=lambda done: click.echo(f"{done:,} of {cases:,}", err=True),
            )


def _result(asked: Asked, start: int, took_s: float) -> Iterator[str]:
    operations = {operation for operation, _ in asked.statuses}
    yield (
        f"**{asked.cases:,} requests to {len(operations)} operations,"
        f" {len(asked.wrong)} failures**, in {took_s:,.0f} s"
        f" (schemathesis {schemathesis_version}, start {start})."
    )
    done = {operation for operation, status in asked.statuses if status < HTTPStatus.BAD_REQUEST}
    yield f"{len(done)} of the operations did what was asked at least once; the others refused all."
    yield ""
    yield "| operation | requests | answers |"
    yield "|---|---|---|"
    for operation in sorted(operations):
        of = {status: n for (one, status), n in asked.statuses.items() if one == operation}
        listed = ", ".join(f"{status}: {of[status]:,}" for status in sorted(of))
        yield f"| `{operation}` | {sum(of.values()):,} | {listed} |"
    total = Counter[int]()
    for (_, status), count in asked.statuses.items():
        total[status] += count
    listed = ", ".join(f"{status}: {total[status]:,}" for status in sorted(total))
    yield f"| all | {asked.cases:,} | {listed} |"


def _shown(wrong: Wrong) -> str:
    return f"\n{wrong.operation}: {wrong.check}\n{wrong.told}\n{wrong.curl}"


if __name__ == "__main__":
    main()
