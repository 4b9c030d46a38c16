"""Applying files against an API that others use at the same time."""

from pathlib import Path

import pytest

from services.cli.client import open_client
from services.cli.workflow.files import read_definitions
from services.cli.workflow.syncing import Applied, apply_planned, planned
from shared.domain.errors import Rejected
from tests.integration.api.face import open_face


async def test_a_change_in_between_is_not_overwritten(database: str, tmp_path: Path) -> None:
    """The file is refused by its name; forced, it is sent all the same."""
    file = tmp_path / "flow.yaml"
    file.write_text("id: 4a4de828-f4c9-4bea-8ef4-2d705aec43bc\nname: one\n")
    path = "workflows/4a4de828-f4c9-4bea-8ef4-2d705aec43bc"
    async with open_face(database) as face, open_client(str(face.client.make_url("/")), None) as us:
        [create] = await planned(us, read_definitions([file]))
        await face.call("PUT", path, {"name": "theirs"})
        with pytest.raises(Rejected, match=r"flow\.yaml is refused"):
            await apply_planned(us, create, force=False)
        [update] = await planned(us, read_definitions([file]))
        await face.call("PUT", path, {"name": "theirs again"})
        with pytest.raises(Rejected, match=r"flow\.yaml is refused"):
            await apply_planned(us, update, force=False)
        assert (await face.get(path))["name"] == "theirs again"
        done, workflow = await apply_planned(us, update, force=True)
        assert (done, workflow["name"], workflow["version"]) == (Applied.UPDATED, "one", 3)
