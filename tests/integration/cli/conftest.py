"""One ``turnout dev`` for the commands that speak to it."""

import signal
from collections.abc import Callable, Iterator, Mapping

import pytest

from tests.integration.cli.command import Done, running, turnout

Turnout = Callable[..., Done]


@pytest.fixture(autouse=True, scope="session")
def ctrl_c_counts() -> None:
    """Also where the tests run in the background of a shell, which has their children ignore it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def dev_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running ``turnout dev``."""
    folder = tmp_path_factory.mktemp("dev")
    with running("dev", "--port", "0", "--json", folder=folder) as dev:
        yield dev.said()["url"]


@pytest.fixture
def client(dev_url: str) -> Turnout:
    """``turnout`` that speaks to the running dev."""

    def run(*arguments: str, given: str = "", env: Mapping[str, str] | None = None) -> Done:
        return turnout(*arguments, given=given, env={"TURNOUT_URL": dev_url, **(env or {})})

    return run
