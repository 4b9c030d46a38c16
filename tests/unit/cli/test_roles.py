"""Roles by their names, with settings that can work."""

import pytest
from pydantic import SecretStr

from services.cli.process.roles import POOL_MIN, ROLES, read_roles
from shared.domain.errors import Rejected

GIVEN = {"database_url": SecretStr("postgresql://u@h/d"), "token": SecretStr("t" * 16)}


def test_all_roles_in_one_process_need_some_connections() -> None:
    """Else the last of those that keep one would wait for ever; one role gets by with two."""
    assert set(read_roles(ROLES, {**GIVEN, "pool_max": POOL_MIN})) == set(ROLES)
    with pytest.raises(Rejected, match=r"TURNOUT_POOL_MAX is 5, .* need 6"):
        read_roles(ROLES, {**GIVEN, "pool_max": POOL_MIN - 1})
    assert list(read_roles(["executor"], {**GIVEN, "pool_max": 2})) == ["executor"]
