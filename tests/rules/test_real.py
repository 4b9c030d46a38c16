"""Every rule holds for the real services: executor, matcher, database, bus and receiver."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from tests.rules.case import Case, load, name_of, paths
from tests.rules.real import play_all
from tests.rules.seen import wanted
from tests.support.postgres import drop, execute, sibling

Results = dict[str, dict[str, Any] | str]

pytestmark = pytest.mark.timeout(600)  # all cases are played while the first waits


def played() -> list[Path]:
    """The cases that real services can run."""
    return [path for path in paths() if load(path).only is None]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def results(
    request: pytest.FixtureRequest, postgres: str, migrated_template: str
) -> AsyncIterator[Results]:
    """What the cases that were asked for came to; those that crash alike are played together.

    So are only those that agree on how long a history may be.
    """
    asked = {name_of(path) for path in _asked(request.session)}
    acts: defaultdict[tuple[int, tuple[float, ...]], dict[str, Case]] = defaultdict(dict)
    for path in played():
        if (name := name_of(path)) in asked:
            case = load(path)
            acts[case.history_max, case.crashes][name] = case
    found: Results = {}
    for cases in acts.values():
        name = f"rules_{uuid4().hex}"
        await execute(postgres, f'CREATE DATABASE "{name}" TEMPLATE "{migrated_template}"')
        try:
            found |= await play_all(sibling(postgres, name), cases)
        finally:
            await drop(postgres, name)
    yield found


@pytest.mark.parametrize("path", played(), ids=name_of)
def test_the_rule_holds_in_the_services(path: Path, results: Results) -> None:
    """What a case expects is what the database holds in the end, in virtual time."""
    assert results[name_of(path)] == wanted(load(path))


def _asked(session: pytest.Session) -> Iterator[Path]:
    for item in session.items:
        if isinstance(item, pytest.Function) and "results" in item.fixturenames:
            yield Path(str(item.callspec.params["path"]))
