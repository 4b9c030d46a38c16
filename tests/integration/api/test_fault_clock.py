"""The time that JWTs are held to is everybody's, however wrong the clock of an API's machine is."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from typing import Any

import jwt.api_jwt
import pytest
import pytest_asyncio
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from services.api.app import build_app
from services.api.login.jwt_tokens import Issuers
from services.api.resources import ApiResources
from services.api.settings import ApiSettings
from shared.egress.caller import open_caller
from shared.egress.settings import EgressSettings
from tests.integration.api.asking import OPERATOR, Asker
from tests.integration.api.forgeries import KEY
from tests.integration.api.issued import claims
from tests.integration.api.test_jwt import PINNED, lets_in
from tests.support.answers import open_checked
from tests.support.still_clock import StillClock

HOUR_S = 3_600


@pytest.fixture
def clock() -> StillClock:
    """Postgres' time, as processes have it in common."""
    return StillClock()


@pytest_asyncio.fixture
async def asker(resources: ApiResources, clock: StillClock) -> AsyncIterator[Asker]:
    """An API that knows an issuer."""
    own = replace(resources, token=SecretStr(OPERATOR), registry=CollectorRegistry(), clock=clock)
    async with open_caller(EgressSettings(), clock) as caller:
        app = build_app(own, ApiSettings(), Issuers([PINNED], caller, clock))
        async with open_checked(app) as client:
            yield Asker(client, OPERATOR)


def token(clock: StillClock, **off_s: float | None) -> str:
    """A token whose times are so far from now; it was issued now, and ends in five minutes."""
    now = int(clock.now().timestamp())
    said = {"iat": 0, "exp": 300, **off_s}
    return KEY.token(claims(**{k: None if s is None else now + s for k, s in said.items()}))


@pytest.mark.parametrize("wrong_by_s", [-HOUR_S, HOUR_S])
async def test_a_machine_whose_clock_is_wrong_lets_in_and_refuses_whom_the_others_do(
    asker: Asker, clock: StillClock, monkeypatch: pytest.MonkeyPatch, wrong_by_s: int
) -> None:
    """Neither is a token good for an hour longer, nor is a good one refused."""

    class Wrong(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Any:
            return datetime.now(tz) + timedelta(seconds=wrong_by_s)

    monkeypatch.setattr(jwt.api_jwt, "datetime", Wrong)
    assert await lets_in(asker, token(clock))
    assert not await lets_in(asker, token(clock, iat=-900, exp=-600))
    assert not await lets_in(asker, token(clock, nbf=600))


async def test_times_are_held_to_by_the_second(asker: Asker, clock: StillClock) -> None:
    """Half a minute is let pass either way, and no more; whichever way the clock is set."""
    assert PINNED.leeway_s == 30
    for off_s, is_good in ((-29, True), (-30, False), (-HOUR_S, False), (1, True)):
        assert await lets_in(asker, token(clock, exp=off_s)) is is_good, off_s
    for off_s, is_good in ((30, True), (31, False), (HOUR_S, False), (-HOUR_S, True)):
        for name in ("nbf", "iat"):
            assert await lets_in(asker, token(clock, **{name: off_s})) is is_good, (name, off_s)
    shown = token(clock)
    for by_s, is_good in ((0, True), (HOUR_S, False), (-HOUR_S, False), (0, True)):
        clock.by_s = by_s
        assert await lets_in(asker, shown) is is_good, by_s
