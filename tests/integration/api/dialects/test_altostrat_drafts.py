"""Drafts in Altostrat's words: what they are once they are mended."""

from typing import Any

import pytest

from tests.integration.api.conftest import Client
from tests.integration.api.dialects.test_altostrat import ask, create
from tests.unit.dialects.altostrat_documents import SEED, flow, node

BROKEN = flow(node("a", "get_site", site="{{ start.site }}"))
MENDED = {"nodes": SEED["nodes"], "edges": SEED["edges"]}


@pytest.mark.parametrize("said", [{}, {"is_active": True}, {"is_active": False}])
async def test_a_draft_that_is_sent_back_mended_becomes_active(
    client: Client, said: dict[str, Any]
) -> None:
    """The ``is_active: false`` of its answer is not the author's, unless it was created so."""
    draft, wanted = await create(client, {**BROKEN, **said}), said.get("is_active", True)
    assert await ask(client, "PUT", draft["id"], draft) == (200, draft)
    status, ready = await ask(client, "PUT", draft["id"], {**draft, **MENDED})
    assert (status, ready["is_active"], "problems" in ready) == (200, wanted, False)
    _, off = await ask(client, "PUT", draft["id"], {**ready, "is_active": False})
    _, still = await ask(client, "PUT", draft["id"], {**off, "name": "Other"})
    assert (off["is_active"], still["is_active"], still["name"]) == (False, False, "Other")
    _, on = await ask(client, "PUT", draft["id"], {**still, "is_active": True})
    assert on["is_active"] is True


async def test_a_draft_is_switched_off_by_its_author(client: Client) -> None:
    """Before it is mended, or with it: then it stays off."""
    for first, then in (({"is_active": False}, MENDED), ({}, {**MENDED, "is_active": False})):
        draft = await create(client, BROKEN)
        await ask(client, "PUT", draft["id"], first)
        status, ready = await ask(client, "PUT", draft["id"], then)
        assert (status, ready["is_active"], "problems" in ready) == (200, False, False)
