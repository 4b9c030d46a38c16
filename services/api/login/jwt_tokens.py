"""Reading JWTs: which issuer a token is of, whether it is genuine, and what it says."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import jwt
from jwt import PyJWK
from jwt.algorithms import AllowedPublicKeys
from jwt.exceptions import PyJWTError

from services.api.http.problems import NotLetIn
from services.api.login.issuers import Issuer
from services.api.login.jwt_keys import KEY_ID_CHARS_MAX, FetchedKeys
from shared.domain.errors import Invalid
from shared.domain.ids import EnvironmentId, as_uuid
from shared.domain.principals import SCOPES_OF, Role, Scope
from shared.egress.caller import Caller
from shared.runtime.clock import Clock
from shared.wire.strict_json import JsonLimits, read_json

TOKEN_BYTES_MAX: Final = 8_000
_NEEDED: Final = ("exp", "iat", "iss", "aud", "sub")
_LIMITS: Final = JsonLimits(body_bytes_max=TOKEN_BYTES_MAX)
_TEXT_CHARS_MAX: Final = 256
# Headers that ask for more than we would do, or say how the rest is to be understood.
_UNHEARD_OF: Final = frozenset({"crit", "b64", "zip", "enc"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a genuine token says; ``name`` is its issuer's and its subject's."""

    name: str
    organisation: str
    environment_id: EnvironmentId | None
    scopes: frozenset[Scope]


class Issuers:
    """The issuers whose tokens count."""

    def __init__(self, issuers: Iterable[Issuer], caller: Caller, clock: Clock) -> None:
        self._clock = clock
        self._issuers = {
            issuer.issuer: (
                issuer,
                issuer.read_key()
                if issuer.jwks_url is None
                else FetchedKeys(issuer.jwks_url, issuer.algorithm, caller, clock),
            )
            for issuer in issuers
        }

    async def read(self, token: str) -> Said:
        """What a token says. Raises NotLetIn, with the reason, and Unavailable.

        Before its signature is checked, nothing of it is used but to choose among our own keys.
        """
        if len(token) > TOKEN_BYTES_MAX or not token.isascii():
            raise NotLetIn("the token is too long, or not of ASCII")
        header, claims = _parts(token)
        found = self._issuers.get(_text(claims, "iss"))
        if found is None:
            raise NotLetIn("the issuer is not ours")
        issuer, source = found
        key = await source.key(_key_id(header)) if isinstance(source, FetchedKeys) else source
        _check(token, issuer, key)
        _check_times(claims, self._clock.now().timestamp(), issuer.leeway_s)
        return _said(claims, issuer)


def _parts(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The header and the claims, unchecked; PyJWT is content with a name that is given twice."""
    try:
        first, second, _ = token.split(".")
        header, claims = _object(first), _object(second)
    except (ValueError, Invalid):
        raise NotLetIn("it is no JWT, or says something twice") from None
    if _UNHEARD_OF & header.keys():
        raise NotLetIn("its header asks for what is not done here")
    return header, claims


def _object(segment: str) -> dict[str, Any]:
    raw = urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    read_json(raw, _LIMITS)
    found = json.loads(raw, object_pairs_hook=_once)
    if not isinstance(found, dict):
        raise ValueError("no object")  # noqa: TRY004 - as of any other fault of the token
    return found


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is given twice")
    return found


def _check(token: str, issuer: Issuer, key: PyJWK | AllowedPublicKeys | bytes) -> None:
    try:
        jwt.decode(
            token,
            key,
            algorithms=[issuer.algorithm],
            audience=issuer.audience,
            issuer=issuer.issuer,
            options={
                "require": list(_NEEDED),
                "enforce_minimum_key_length": True,
                "verify_exp": False,  # see _check_times
                "verify_nbf": False,
                "verify_iat": False,
            },
        )
    except (PyJWTError, ValueError, TypeError, OverflowError) as fault:
        raise NotLetIn(str(fault)) from None


def _check_times(claims: Mapping[str, Any], now_s: float, leeway_s: float) -> None:
    """Hold a token to its times, by ``now_s``: PyJWT asks the machine, whose clock may be wrong."""
    if _seconds(claims, "exp") <= now_s - leeway_s:
        raise NotLetIn("it has expired")
    if any(_seconds(claims, name) > now_s + leeway_s for name in ("nbf", "iat") if name in claims):
        raise NotLetIn("it is not valid yet")


def _seconds(claims: Mapping[str, Any], name: str) -> int:
    try:
        return int(claims[name])
    except (ValueError, TypeError, OverflowError):
        raise NotLetIn(f"its claim {name} is no time") from None


def _said(claims: Mapping[str, Any], issuer: Issuer) -> Said:
    organisation = issuer.organisation
    if issuer.organisation_claim is not None:
        organisation = _text(claims, issuer.organisation_claim)
    environment_id = None
    if issuer.environment_claim is not None and issuer.environment_claim in claims:
        parsed = as_uuid(_text(claims, issuer.environment_claim))
        if parsed is None:
            raise NotLetIn("its environment is no UUID")
        environment_id = EnvironmentId(parsed)
    return Said(
        name=f"jwt:{issuer.issuer}|{_text(claims, 'sub')}",
        organisation=organisation,
        environment_id=environment_id,
        scopes=_scopes(claims, issuer),
    )


def _scopes(claims: Mapping[str, Any], issuer: Issuer) -> frozenset[Scope]:
    """Words that mean nothing here are passed over: a token may be for others as well."""
    said = _words(claims.get(issuer.scopes_claim))
    roles = set() if issuer.role_claim is None else _words(claims.get(issuer.role_claim))
    scopes = {scope for scope in Scope if scope in said}
    return frozenset(scopes.union(*(SCOPES_OF[role] for role in Role if role in roles)))


def _words(claim: Any) -> set[str]:
    listed = claim.split(" ") if isinstance(claim, str) else claim
    return {word for word in listed if isinstance(word, str)} if isinstance(listed, list) else set()


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= _TEXT_CHARS_MAX:
        raise NotLetIn(f"its claim {name} is missing, or no short text")
    if not value.isprintable():
        raise NotLetIn(f"its claim {name} holds what does not print")
    return value


def _key_id(header: Mapping[str, Any]) -> str | None:
    key_id = header.get("kid")
    if not isinstance(key_id, str | None) or len(key_id or "") > KEY_ID_CHARS_MAX:
        raise NotLetIn("its key id is no short text")
    return key_id
