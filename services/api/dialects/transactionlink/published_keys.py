"""TransactionLink's route of the keys by which receivers check what they are sent."""

from base64 import b64encode
from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt import PyJWK

from services.api.http.parameters import uuid_in_path
from services.api.http.query_strings import QueryString
from services.api.http.route import OPEN, Media, Route, query_of
from services.api.resources import RESOURCES
from shared.db.signing_secrets import find_public_key
from shared.domain.errors import NotFound


class KeyQuery(QueryString):
    """How the key is written: as PEM, or as the Base64 of its DER on one line."""

    pem: bool = True


async def get_key(request: web.Request) -> web.Response:
    """The public key that the ``kid`` of a ``JWS-SIGNATURE`` names, while its pair signs.

    Its environment is that of the key: whoever was sent a message knows its ``kid`` alone.
    """
    id_, is_pem = uuid_in_path(request, "key_id"), query_of(request, KeyQuery).pem
    resources = request.app[RESOURCES]
    async with resources.engine() as conn:
        found = await find_public_key(conn, id_, resources.clock.now())
    if found is None:
        raise NotFound(f"There is no key {id_}.")
    return web.Response(text=_written(found, is_pem=is_pem), content_type="text/plain")


def _written(jwk: Mapping[str, Any], *, is_pem: bool) -> str:
    """The SubjectPublicKeyInfo of an RSA key."""
    key = PyJWK(dict(jwk)).key
    if is_pem:
        return str(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode())
    return b64encode(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


ROUTES: Final = (
    Route(
        *("GET", "/transactionlink/auth/webhooks/key/{key_id}", get_key, OPEN),
        query=KeyQuery,
        answers={200: Media("text/plain")},
    ),
)
