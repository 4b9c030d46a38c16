"""``turnout db`` and ``turnout doctor``."""

from typing import Any

import pytest

from tests.integration.cli.command import Done, turnout

pytestmark = pytest.mark.xdist_group("cli")


def states(done: Done) -> dict[str, str]:
    """How each check came out."""
    return {finding["check"]: finding["state"] for finding in done.json}


def test_the_schema_is_told_then_made_then_current(empty_database: str) -> None:
    """``db status`` ends with 1 until ``db migrate`` has run; running that again does nothing."""
    env = {"DATABASE_URL": empty_database}

    def status() -> tuple[int, Any]:
        done = turnout("db", "status", "--json", env=env)
        return done.code, done.json["current"]

    assert status() == (1, None)
    lacking = turnout("db", "status", env=env).out
    assert "0001 to 00" in lacking
    assert "0002" not in lacking, "its revisions are told by the first and the last"
    assert turnout("db", "migrate", "--json", env=env).json["applied"]
    assert status()[0] == 0
    assert turnout("db", "migrate", "--json", env=env).json == {"applied": []}
    assert "current" in turnout("db", "migrate", env=env).err


@pytest.mark.parametrize(
    ("env", "code", "said"),
    [
        ({}, 4, "DATABASE_URL is not set"),
        ({"DATABASE_URL": "nonsense"}, 4, "not an address"),
        ({"DATABASE_URL": "postgresql://u:secret@127.0.0.1:1/db"}, 5, "cannot be reached"),
    ],
)
def test_no_database_to_migrate(env: dict[str, str], code: int, said: str) -> None:
    """Without a database the commands end with a sentence, never with its password."""
    for command in ("migrate", "status"):
        done = turnout("db", command, env=env)
        assert (done.code, done.out) == (code, "")
        assert said in done.err
        assert "secret" not in done.err


def test_doctor_finds_all_well(dev_url: str) -> None:
    """On a machine where dev runs, nothing fails."""
    done = turnout("doctor", "--json", env={"TURNOUT_URL": dev_url})
    assert done.code == 0, done.out
    assert states(done)["api"] == "ok"
    assert "DATABASE_URL" in turnout("doctor", env={"TURNOUT_URL": dev_url}).out


def test_doctor_looks_at_postgres(dev_url: str, database: str, empty_database: str) -> None:
    """Postgres, schema, clock, bus and topics are looked at; an empty database fails."""
    env = {"TURNOUT_URL": dev_url, "TURNOUT_EGRESS__ALLOW_LOOPBACK": "true"}
    found = turnout("doctor", "--json", env={**env, "DATABASE_URL": database})
    assert found.code == 0, found.out
    assert states(found) == {
        **dict.fromkeys(("python", "disk", "postgres", "clock", "schema"), "ok"),
        **dict.fromkeys(("secrets", "bus", "api"), "ok"),
        **dict.fromkeys(("egress", "topics"), "warn"),
    }
    empty = turnout("doctor", "--json", env={**env, "DATABASE_URL": empty_database})
    assert empty.code == 1
    assert {"schema", "bus"} <= {c for c, state in states(empty).items() if state == "fail"}
    assert "turnout db migrate" in empty.out
    assert "is empty and lacks 0001 to 00" in empty.out


def test_doctor_names_variables_that_nothing_reads(dev_url: str) -> None:
    """A misspelt setting is a warning, with the one that was meant and without its value."""
    env = {"TURNOUT_URL": dev_url, "TURNOUT_ACTVE_MAX": "5555"}
    done = turnout("doctor", "--json", env=env)
    (found,) = [finding for finding in done.json if finding["check"] == "variables"]
    assert (done.code, found["state"]) == (0, "warn")
    assert "did you mean TURNOUT_ACTIVE_MAX?" in found["found"]
    assert "5555" not in done.out


def test_doctor_names_what_does_not_answer() -> None:
    """With nothing running, each check that fails says so, and the exit code is 1."""
    env = {
        "DATABASE_URL": "postgresql://u:secret@127.0.0.1:1/db",
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
        "TURNOUT_URL": "http://127.0.0.1:1",
    }
    done = turnout("doctor", "--json", env=env)
    assert done.code == 1
    failed = {check for check, state in states(done).items() if state == "fail"}
    assert failed == {"postgres", "schema", "bus", "api"}
    assert all(finding["to_do"] for finding in done.json if finding["state"] == "fail")
    assert done.err == ""
    assert "secret" not in done.out
