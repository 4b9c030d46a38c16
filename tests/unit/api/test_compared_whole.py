"""How long a comparison takes tells nothing of a secret: it is made whole, and by ``hmac``."""

import hmac
from typing import Any, cast
from uuid import uuid4

import pytest
from pydantic import SecretStr

from services.api.dialects.sixtyfour.files import FileFormat, Link
from services.api.login import identities
from services.api.webhooks.presets import SIGNATURES_MAX
from shared.domain.ids import DEFAULT_ENVIRONMENT, ExecutionId
from tests.unit.api.sender_cases import CASES, Case

COMPARED = {name: case for name, case in CASES.items() if name != "standard, a public key"}


class Comparing:
    """Compares as ``hmac`` does, and counts."""

    def __init__(self) -> None:
        self.count = 0
        self._compare = hmac.compare_digest

    def __call__(self, one: bytes, other: bytes) -> bool:
        self.count += 1
        return self._compare(one, other)


@pytest.fixture
def comparing(monkeypatch: pytest.MonkeyPatch) -> Comparing:
    """Counts all comparisons of the test."""
    counting = Comparing()
    monkeypatch.setattr(hmac, "compare_digest", counting)
    monkeypatch.setattr(identities, "compare_digest", counting)
    return counting


@pytest.mark.parametrize("case", COMPARED.values(), ids=COMPARED)
def test_every_secret_is_compared_whichever_is_right(case: Case, comparing: Comparing) -> None:
    """Whoever shows something learns not even which of the secrets it was."""
    others = (b"b3RoZXI=", b"b25lIG1vcmU=")
    case.verify(case.secret, *others)
    case.verify(*others, case.secret)
    case.refused(*others, b"dGhpcmQ=")
    assert comparing.count == 9


def test_every_signature_is_compared(comparing: Comparing) -> None:
    """Also those behind the one that is right."""
    case = CASES["standard"]
    right = case.headers[case.signature]
    shown = b" ".join([right, *[b"v1,AAAA"] * (SIGNATURES_MAX - 1)])
    case.verify(headers={case.signature: [shown]})
    assert comparing.count == SIGNATURES_MAX


def test_the_operators_token_is_compared(comparing: Comparing) -> None:
    """Whatever is shown, of whatever length."""
    known = identities.Identities(cast("Any", _Resources()), None)
    assert [known.is_operator(shown) for shown in ("right", "wrong", "", "\udcff")] == [
        True,
        *[False] * 3,
    ]
    assert comparing.count == 4


def test_a_links_signature_is_compared(comparing: Comparing) -> None:
    """The link is all that who has it must show."""
    link = Link(
        environment_id=DEFAULT_ENVIRONMENT,
        run_id=ExecutionId(uuid4()),
        step_id="a",
        format=FileFormat.CSV,
        expires=1,
    )
    key, signature = b"key", link.signed(b"key")
    assert [link.is_signed(key, s) for s in (signature, signature[:-1], "")] == [True, False, False]
    assert comparing.count == 3


class _Resources:
    """What identities are made of, where nobody has a key."""

    token = SecretStr("right")
    clock = None
