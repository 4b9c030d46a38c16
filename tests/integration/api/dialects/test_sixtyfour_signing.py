"""Sixtyfour's signing secret: made, rolled, shown by its end, revoked; and what it signs."""

import hashlib
import hmac
from typing import Any

from tests.integration.api.dialects.sixtyfour import Sixtyfour, check
from tests.integration.api.face import Face, open_face
from tests.integration.webhooks.stage import Got, Hooks, open_hooks
from tests.support.rings import written
from tests.support.works import all_ended, start, workflow

PATH = "/webhooks/signing-secret"


async def made(api: Sixtyfour) -> Any:
    """A new secret, whose answer is as it is described."""
    async with api.client.post(f"/sixtyfour{PATH}") as reply:
        document = await reply.json()
        assert reply.status == 201, document
        assert reply.headers["Cache-Control"] == "no-store"
    check("POST", PATH, 201, document)
    return document


async def sent(face: Face, hooks: Hooks, count: int) -> Got:
    """What a step sends as the webhook that is the ``count``th."""
    step = {
        "id": "tell",
        "action": "send_webhook",
        "input": {
            "src": {"url": hooks.url, "form": "sixtyfour", "event_type": "a.b", "payload": [1]}
        },
    }
    await start(face.works, await face.works.register(workflow(step)))
    await all_ended(face.works.pool, count)
    got = hooks.got[count - 1]
    assert got.body == b"[1]"
    assert got.headers["Sixtyfour-Event-Type"] == "a.b"
    return got


def right(secret: str, got: Got) -> str:
    """The signature that a secret makes of a message."""
    stamp = got.headers["Sixtyfour-Signature"].split(",")[0].removeprefix("t=")
    signed = stamp.encode() + b"." + got.body
    return "v1=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


async def test_a_secret_signs_what_steps_send(database: str) -> None:
    """Unsigned until there is one; during a roll both sign; after a new one that alone."""
    async with open_hooks() as hooks, open_face(database, keyring=written("k1")) as face:
        api = Sixtyfour(face.client)
        assert await api.ask("GET", PATH) is None
        assert "Sixtyfour-Signature" not in (await sent(face, hooks, 1)).headers

        first = await made(api)
        assert first["plaintext"].startswith("sk_whsec_")
        shown = await api.ask("GET", PATH)
        assert shown == first["meta"]
        assert shown["preview"].endswith(first["plaintext"][-4:])
        second = await api.ask("POST", f"{PATH}/roll", {"expire_overlap_hours": 1})
        got = await sent(face, hooks, 2)
        assert got.headers["Sixtyfour-Signature"].split(",")[1:] == [
            right(one["plaintext"], got) for one in (second, first)
        ]

        third = await made(api)
        got = await sent(face, hooks, 3)
        assert got.headers["Sixtyfour-Signature"].split(",")[1:] == [right(third["plaintext"], got)]

        async with face.client.delete(f"/sixtyfour{PATH}") as reply:
            assert reply.status == 204
        assert await api.ask("GET", PATH) is None
        assert "Sixtyfour-Signature" not in (await sent(face, hooks, 4)).headers
        assert len({one.headers["Sixtyfour-Event-Id"] for one in hooks.got}) == 4


async def test_how_long_they_overlap_is_bounded(database: str) -> None:
    """0 to 72 hours; anything else is 422 as Sixtyfour says it."""
    async with open_face(database) as face:
        api = Sixtyfour(face.client)
        for hours in (-1, 73, "1", None, 1.5):
            body = {"expire_overlap_hours": hours}
            refused = await api.ask("POST", f"{PATH}/roll", body, status=422)
            assert refused["detail"][0]["loc"] == ["body", "expire_overlap_hours"]
