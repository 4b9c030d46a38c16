"""How long it takes to look at a delivery tells nothing of the secrets."""

import sys
from types import FrameType
from typing import Any

import pytest

from services.api.webhooks import presets, verify_sender
from tests.unit.api.sender_cases import CASES, Case

every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)
LETTERS_MAX = 4
FILES = {presets.__file__, verify_sender.__file__}


class Shown(bytes):
    """What a sender shows, and any part of it; ``==`` may be asked of a few letters only."""

    __hash__ = bytes.__hash__

    def __eq__(self, other: object) -> bool:
        assert not isinstance(other, bytes) or len(other) <= LETTERS_MAX, "compared by =="
        return bytes(self) == other

    def __ne__(self, other: object) -> bool:
        return not self == other

    def split(self, *how: Any) -> Any:
        """Parts that are shown, too."""
        return [Shown(part) for part in super().split(*how)]

    def partition(self, by: Any) -> Any:
        """Parts that are shown, too."""
        return tuple(Shown(part) for part in super().partition(by))

    def strip(self, *what: Any) -> Any:
        """A part that is shown, too."""
        return Shown(super().strip(*what))


def looked(case: Case, *secrets: bytes) -> int:
    """How many calls are made to let a sender in who knows one of these secrets."""
    calls = 0

    def count(frame: FrameType, _event: str, _: Any) -> None:
        nonlocal calls
        calls += frame.f_code.co_filename in FILES

    sys.setprofile(count)
    try:
        case.verify(*secrets)
    finally:
        sys.setprofile(None)
    return calls


@every_case
def test_what_is_shown_is_compared_whole(case: Case) -> None:
    """Never by ``==``, which ends at the first byte that differs."""
    values = [Shown(case.headers[case.signature])]
    case.verify(headers={case.signature: values})
    case.refused(case.secret[:-4] + b"AAAA", headers={case.signature: values})


@every_case
def test_each_secret_is_tried(case: Case) -> None:
    """Also behind the one that was right: which of them it is makes no difference."""
    other = case.secret[:-4] + b"AAAA"
    assert looked(case, case.secret, other, other) == looked(case, other, other, case.secret)
