"""Who may say who somebody is: issuers of JWTs, each with the one algorithm that it signs by."""

from typing import Final, Literal, Self
from urllib.parse import urlsplit

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from jwt import get_algorithm_by_name
from jwt.algorithms import AllowedPublicKeys
from jwt.exceptions import InvalidKeyError
from pydantic import Field, SecretStr, model_validator

from shared.db.environments import DEFAULT_ORGANISATION
from shared.runtime.settings import Group

LEEWAY_S_MAX: Final = 60
LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_SECRET_BYTES_MIN: Final = {"HS256": 32, "HS384": 48, "HS512": 64}

# "none" is none of these, however it is spelled.
Algorithm = Literal[
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512",
    "ES256", "ES384", "ES512", "EdDSA", "HS256", "HS384", "HS512",
]  # fmt: skip


class Issuer(Group):
    """An issuer, where its keys are, and what its claims mean.

    A token is for the organisation that ``organisation_claim`` names, or for ``organisation``
    where no such claim is set; for the environment that ``environment_claim`` holds, or for any of
    the organisation. Its scopes are those of both other claims: texts with spaces, or lists.
    """

    issuer: str = Field(min_length=1, max_length=1_024, description="the claim iss, to the letter")
    audience: str = Field(min_length=1, max_length=1_024, description="what aud must hold")
    algorithm: Algorithm
    jwks_url: str | None = None
    public_key: str | None = Field(default=None, description="PEM")
    secret: SecretStr | None = Field(default=None, description="for HS256, HS384 and HS512")
    leeway_s: float = Field(default=30, ge=0, le=LEEWAY_S_MAX)
    organisation: str = DEFAULT_ORGANISATION
    organisation_claim: str | None = None
    environment_claim: str | None = None
    scopes_claim: str = "scope"
    role_claim: str | None = None

    @model_validator(mode="after")
    def _has_one_key(self) -> Self:
        given = [name for name in ("jwks_url", "public_key", "secret") if getattr(self, name)]
        if self.algorithm in _SECRET_BYTES_MIN:
            if given != ["secret"]:
                raise ValueError(f"{self.algorithm} is checked with a secret, and nothing else")
        elif given not in (["jwks_url"], ["public_key"]):
            raise ValueError(f"{self.algorithm} is checked with a jwks_url or a public_key")
        if self.jwks_url is not None:
            _check_url(self.jwks_url)
        else:
            self.read_key()
        return self

    def read_key(self) -> AllowedPublicKeys | bytes:
        """The key that is written here. Raises ValueError when it is none for the algorithm."""
        if self.secret is not None:
            secret = self.secret.get_secret_value().encode()
            least = _SECRET_BYTES_MIN[self.algorithm]
            if len(secret) < least:
                raise ValueError(f"the secret for {self.algorithm} needs {least} bytes or more")
            return secret
        algorithm = get_algorithm_by_name(self.algorithm)
        try:
            key: AllowedPublicKeys = algorithm.prepare_key(
                load_pem_public_key((self.public_key or "").encode())
            )
        except (ValueError, TypeError, InvalidKeyError, UnsupportedAlgorithm):
            # Without its cause, which may quote the key.
            raise ValueError(f"public_key is no PEM of a public key for {self.algorithm}") from None
        if weakness := algorithm.check_key_length(key):
            raise ValueError(weakness)
        return key


def _check_url(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme != "https" and (parts.scheme, parts.hostname in LOOPBACK) != ("http", True):
        raise ValueError("jwks_url must be https; http is for this machine alone")
