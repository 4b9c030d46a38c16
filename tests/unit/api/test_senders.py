"""Senders of webhooks: by published examples, and by whatever a stranger may try."""

from base64 import b64encode
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.api.webhooks.presets import SIGNATURES_MAX
from tests.unit.api.sender_cases import CASES, KEY, NOW, Case, hexed

OTHER = b"another secret altogether, of as many bytes"
every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)
every_signed = pytest.mark.parametrize(
    "case", [c for name, c in CASES.items() if name not in ("basic", "bearer", "header")]
)


@every_case
def test_who_knows_the_secret_is_let_in(case: Case) -> None:
    """And named by what the sender calls the delivery, where it does; the same one each time."""
    body = {"id": "evt_1"} if case.id == "evt_1" else None
    named = case.verify().id_of(body)
    assert named == case.id if case.id else named == case.verify().id_of(body)


@every_case
def test_each_of_several_secrets_lets_in(case: Case) -> None:
    """Wherever it stands among them, also beside one that is none."""
    for secrets in ((case.secret, OTHER), (OTHER, b"", "ü".encode(), case.secret)):
        case.verify(*secrets)
    for secret in (OTHER, b"", case.secret[:-1], case.secret + b"x"):
        case.refused(secret)


@every_case
@pytest.mark.parametrize(
    "values",
    [
        *([], [b""], [b" "], [b"\xff\xfe"], ["é".encode() * 9], [b"v1,"], [b","], [b"t="], [b"="]),
        *([b"v1,!!!!"], [b"v1a,AAAA"], [b"t=1,t=1,v1=ab"], [b"sha256="], [b"v0="], [b"Basic"]),
        *([b"Bearer "], [b"Basic =" * 99], [b"0" * 10_000], [b"\0"]),
    ],
)
def test_what_shows_nothing_right_is_refused(case: Case, values: list[bytes]) -> None:
    """Missing, empty, no signature at all, not of ASCII: refused, and never an error."""
    assert case.refused(headers={case.signature: values})


@every_case
def test_a_header_that_is_given_twice_is_refused(case: Case) -> None:
    """Nobody knows which of them another reader would take."""
    right = case.headers[case.signature]
    for values in ([right, right], [right, b"x"], [b"x", right]):
        assert "twice" in case.refused(headers={case.signature: values})


@every_case
def test_a_part_of_a_signature_is_none(case: Case) -> None:
    """Shortened or changed by one character, or with one more, it is refused."""
    right = case.headers[case.signature].replace(b",v0=ab", b"")
    changed = right[:-6] + (b"A" if right[-6:-5] != b"A" else b"B") + right[-5:]
    for wrong in (right[:-1], right[: len(right) // 2], changed, right + b"0"):
        case.refused(headers={case.signature: [wrong]})


@every_signed
def test_another_body_has_another_signature(case: Case) -> None:
    """By one byte, and in nothing at all."""
    for body in (case.body + b" ", b""):
        replace(case, body=body).refused()


@every_signed
def test_a_hundred_thousand_signatures_are_nothing(case: Case) -> None:
    """The first few are looked at: one that is right counts among them, and not behind them."""
    right, wrong = case.headers[case.signature], b"v1,AAAA"
    if case.signature == "webhook-signature":
        spaced = [b" ".join([wrong] * n + [right]) for n in (SIGNATURES_MAX - 1, 100_000)]
    elif case.signature == "stripe-signature":
        time, *rest = right.split(b",")
        spaced = [b",".join([time] + [b"v1=ab"] * n + rest) for n in (14, 100_000)]
    else:
        spaced = [right, b",".join([right] * 100_000)]
    case.verify(headers={case.signature: [spaced[0]]})
    case.refused(headers={case.signature: [spaced[1]]})


@pytest.mark.parametrize("name", ["standard", "stripe", "slack", "hmac of everything"])
def test_time_is_held_to_both_ways(name: str) -> None:
    """Five minutes back and ahead are let in, a second more is not."""
    case = CASES[name]
    for off_s in (0, 299, 300, -299, -300):
        case.verify(at_s=case.at_s + off_s)
    for off_s in (301, -301, 10**6, -(10**6)):
        assert "seconds ago" in case.refused(at_s=case.at_s + off_s)
    narrow = replace(case, auth={**case.auth, "tolerance_s": 1})
    narrow.verify(at_s=case.at_s + 1)
    narrow.refused(at_s=case.at_s + 2)


@pytest.mark.parametrize(
    "written",
    [
        *(b"", b"NaN", b"inf", b"-1614265330", b"+1614265330", b"1614265330.0", b" 1614265330"),
        *(b"1e9", b"0x60376e32", b"9" * 13, b"9" * 9_999, "١٦١٤٢٦٥٣٣٠".encode(), b"1_614_265_330"),
    ],
)
def test_a_time_is_seconds_in_digits(written: bytes) -> None:
    """Whatever else is signed for a time is refused."""
    body, secret = b"{}", b"own"
    sign = hexed(secret, written + b"." + body)
    stripe = replace(
        CASES["stripe"],
        body=body,
        secret=secret,
        headers={"stripe-signature": b"t=" + written + b",v1=" + sign},
    )
    slack = replace(
        CASES["slack"],
        body=body,
        secret=secret,
        headers={
            "x-slack-request-timestamp": written,
            "x-slack-signature": b"v0=" + hexed(secret, b"v0:" + written + b":{}"),
        },
    )
    for case in (stripe, slack):
        assert case.refused()


def test_a_secret_that_is_malformed_is_nobodys() -> None:
    """One that the preset cannot use signs nothing, not even what its letters would sign."""
    case = CASES["standard"]
    for secret in (b"whsec_", b"whsec_!!!", b"whpk_AAAA", b"whpk_", b"\xff", "ü".encode()):
        assert "fit" in case.refused(secret)
        case.verify(secret, case.secret)


def test_what_is_signed_in_another_way_is_not_signed() -> None:
    """By no secret at all, as another version, at two times at once, under an id in two parts."""
    unguarded = {"x-hub-signature-256": [b"sha256=" + hexed(b"", CASES["github"].body)]}
    CASES["github"].refused(b"", headers=unguarded)
    public = CASES["standard, a public key"]
    shown = public.headers["webhook-signature"].replace(b"v1a,", b"v1,")
    public.refused(headers={"webhook-signature": [shown]})
    twice = b"t=" + NOW + b"," + CASES["stripe"].headers["stripe-signature"]
    CASES["stripe"].refused(headers={"stripe-signature": [twice]})
    parted = {
        "webhook-id": [b"msg_1.1"],
        "webhook-signature": [b"v1a," + b64encode(KEY.sign(b"msg_1.1." + NOW + b".{}"))],
    }
    public.refused(headers=parted)


def test_what_is_signed_names_the_delivery() -> None:
    """Not a header that anybody may change; an id in the body counts where it is a short text."""
    stripe, slack = CASES["stripe"].verify(), CASES["slack"].verify()
    assert stripe.id_of({"id": "evt_1"}) == "evt_1"
    bodies: tuple[Any, ...] = (None, [], {}, {"id": 1}, {"id": "x" * 257}, {"id": "ü"})
    unnamed = {stripe.id_of(body) for body in bodies}
    assert (unnamed, len(stripe.id or "")) == ({stripe.id}, 64)
    assert slack.id_of({"event_id": "Ev1", "id": "x"}) == "Ev1"
    assert CASES["github"].verify().id_of({"": "x", "id": "x"}) == CASES["github"].id
    assert CASES["standard"].verify().id_of({"id": "x"}) == CASES["standard"].id
    assert CASES["hmac, sha1"].verify().id_of({"id": "x"}) is None


@given(
    name=st.sampled_from(sorted(CASES)),
    values=st.lists(st.binary(max_size=80), max_size=2),
    body=st.binary(max_size=40),
    secret=st.binary(max_size=60),
)
def test_nothing_that_is_sent_is_an_error(
    name: str, values: list[bytes], body: bytes, secret: bytes
) -> None:
    """Chance lets nobody in, and breaks nothing."""
    case = replace(CASES[name], body=body)
    changed = dict.fromkeys(case.headers, values)
    assert case.refused(secret + b"!", headers=changed)
