"""``turnout secret``: values go in through a pipe, and rings are changed while everything runs."""

import asyncio
import os
import stat
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from services.cli.exits import Exit
from services.cli.process.own_ring import own_ring
from shared.db.pool import Pool
from shared.db.secrets import Place, put_secret, read_secrets
from shared.domain.errors import Rejected
from shared.domain.ids import DEFAULT_ENVIRONMENT, EnvironmentId
from shared.runtime.keyring import read_ring
from tests.integration.cli.command import Done, turnout
from tests.integration.cli.conftest import Turnout
from tests.support.rings import ring, written

pytestmark = pytest.mark.xdist_group("cli")

OTHER = EnvironmentId(UUID(int=9))


def test_a_secret_is_set_listed_and_deleted(client: Turnout) -> None:
    """The value comes by standard input, without the end of its line, and is shown nowhere."""
    name, value = f"s{uuid4().hex}", "swordfish 7f3a"
    made = client("secret", "set", name, "--json", given=f"{value}\n")
    assert (made.code, made.json["name"], made.json["version"]) == (Exit.OK, name, 1)
    again = client("secret", "set", name, given=value)
    assert (again.code, again.out, "version 2" in again.err) == (Exit.OK, "", True)
    [listed] = [one for one in client("secret", "list", "--json").json if one["name"] == name]
    assert (listed["version"], listed["updated_by"]) == (2, "anonymous")
    assert name in client("secret", "list").out
    assert client("secret", "set", "API_KEY", given=value).code == Exit.REJECTED
    assert client("secret", "set", name, given="").code == Exit.REJECTED
    gone = client("secret", "delete", name, "--json")
    assert gone.json == {"name": name, "result": "deleted"}
    assert client("secret", "delete", name).code == Exit.NOT_FOUND
    assert value not in str((made, again, listed, gone, client("audit", "--json")))


def test_new_keys_are_printed_and_make_a_ring() -> None:
    """Two of them, with a comma between, are one."""
    first, second = turnout("secret", "new-key"), turnout("secret", "new-key", "--json")
    both = read_ring(f"{first.out.strip()},{second.json['key']}")
    assert len(both.ids) == 2


def test_dev_makes_a_ring_once_and_keeps_it(tmp_path: Path) -> None:
    """Its owner alone may read it; what is no ring is refused and stays as it is."""
    folder = tmp_path / "data"
    before = os.umask(0)
    try:
        made = own_ring(folder)
    finally:
        os.umask(before)
    [path] = folder.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    sealed = made.seal("swordfish", b"")
    assert own_ring(folder).open(sealed, b"") == "swordfish"
    for broken in ("", "nonsense", path.read_text("utf-8")[:20]):
        path.write_text(broken, "utf-8")
        with pytest.raises(Rejected, match="keyring"):
            own_ring(folder)
        assert path.read_text("utf-8") == broken


async def stored(pool: Pool, places: list[Place], key_id: str) -> None:
    """Store a value at each place, under a key."""
    async with pool.acquire() as conn:
        for place in places:
            value = f"value of {place[1]}"
            await put_secret(conn, ring(key_id), place, value, now=datetime.now(UTC), by="me")


async def test_a_ring_is_rotated(database: str, pool: Pool) -> None:
    """Whatever is under old keys comes under the new one, in every environment, and is noted."""
    places: list[Place] = [(e, f"s{n}") for e in (DEFAULT_ENVIRONMENT, OTHER) for n in range(120)]
    await stored(pool, places, "k1")

    async def rewrap(*ids: str) -> Done:
        env = {"DATABASE_URL": database, "TURNOUT_KEYRING": written(*ids)}
        return await asyncio.to_thread(turnout, "secret", "rewrap", "--json", env=env)

    lost = await rewrap("k2")
    assert (lost.code, lost.json["rewrapped"], lost.json["remaining"]) == (1, 0, {"k1": 240})
    assert "value of" not in lost.out + lost.err
    done = await rewrap("k2", "k1")
    assert (done.code, done.json) == (
        0,
        {"key_id": "k2", "rewrapped": 240, "unreadable": 0, "remaining": {}},
    )
    assert (await rewrap("k2")).json["rewrapped"] == 0
    async with pool.acquire() as conn:
        for environment_id, name in places[::40]:
            now = datetime.now(UTC)
            found = await read_secrets(conn, ring("k2"), environment_id, [name], now)
            assert found == {name: f"value of {name}"}
    noted = await pool.fetch(
        "SELECT environment_id, principal, target, sum((before ->> 'k1')::int) AS before,"
        " sum((after ->> 'k2')::int) AS after FROM audit_log WHERE action = 'secret.rewrap'"
        " GROUP BY 1, 2, 3 ORDER BY 1"
    )
    assert [tuple(row) for row in noted] == [
        (environment_id, "operator", "secrets", 120, 120)
        for environment_id in sorted((DEFAULT_ENVIRONMENT, OTHER))
    ]


async def test_doctor_tells_of_secrets_whose_key_is_gone(database: str, pool: Pool) -> None:
    """How many are under which key; with that key in the ring all is well."""
    await stored(pool, [(OTHER, "a"), (OTHER, "b")], "k1")

    async def looked(keyring: str) -> Done:
        env = {"DATABASE_URL": database, "TURNOUT_KEYRING": keyring}
        return await asyncio.to_thread(turnout, "doctor", "--json", env=env)

    for keyring, state in ((written("k2"), "warn"), ("", "warn"), (written("k2", "k1"), "ok")):
        [found] = [one for one in (await looked(keyring)).json if one["check"] == "secrets"]
        assert found["state"] == state
        assert ("'k1' (2)" in found["found"]) == (state == "warn")
    said = (await looked("nonsense")).json
    assert [one["state"] for one in said if one["check"] == "settings"] == ["fail"]


@pytest.mark.parametrize(
    ("ring_given", "said"), [("", "TURNOUT_KEYRING is not set"), ("k:short", "TURNOUT_KEYRING")]
)
def test_without_a_ring_nothing_is_encrypted_anew(ring_given: str, said: str) -> None:
    """The command ends with a sentence."""
    env = {"DATABASE_URL": "postgresql://u@127.0.0.1:1/db", "TURNOUT_KEYRING": ring_given}
    done = turnout("secret", "rewrap", env=env)
    assert (done.code, said in done.err) == (Exit.REJECTED, True)
    assert "short" not in done.err
