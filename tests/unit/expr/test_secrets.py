"""Secrets as references."""

import base64
import json
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from shared.expr.errors import ExpressionError
from shared.expr.secrets import SecretMarks

MARKS = SecretMarks("n0nce")
names = st.text("ABC_", min_size=1, max_size=4)
secrets = st.dictionaries(names, st.text(st.characters(codec="utf-8"), min_size=4), min_size=1)
texts = st.text(st.characters(codec="utf-8"), max_size=20)


@st.composite
def trees_with_markers(draw: st.DrawFn) -> tuple[dict[str, str], Any]:
    """Secrets, and a tree with some of their markers in its texts and keys."""
    values = draw(secrets)
    marked = st.lists(st.sampled_from([*MARKS.scope(values).values()]) | texts).map("".join)
    tree = st.recursive(
        marked | st.none() | st.integers(),
        lambda inner: st.lists(inner) | st.dictionaries(marked, inner),
    )
    return values, draw(tree)


def dumped(value: Any) -> str:
    """``value`` as a text in which every text of it can be found."""
    return json.dumps(value, ensure_ascii=False)


@given(trees_with_markers())
def test_no_marker_outlives_revealing_concealing_or_showing(
    marked: tuple[dict[str, str], Any],
) -> None:
    """Whatever is done with a value, its markers are gone, and concealed it has no secret."""
    values, tree = marked
    assert MARKS.names(tree) <= values.keys()
    for done in (MARKS.reveal(tree, values), MARKS.conceal(tree, values), MARKS.shown(tree)):
        assert MARKS.names(done) == set()
    assert all(f"{{{{secrets.{name}}}}}" in dumped(MARKS.shown(tree)) for name in MARKS.names(tree))


@given(values=secrets, before=texts, after=texts)
def test_a_revealed_secret_is_found_again_in_every_form(
    values: dict[str, str], before: str, after: str
) -> None:
    """What a service echoes of a secret is concealed, encoded as it may be."""
    name, secret = next(iter(values.items()))
    assume(not any(secret in hidden for hidden in (f"[secret {other}]" for other in values)))
    raw, around = secret.encode(), (before + secret + after).encode()
    for form in (
        secret,
        json.dumps(secret)[1:-1],
        quote(secret, safe=""),
        quote_plus(secret),
        base64.b64encode(raw).decode(),
        base64.urlsafe_b64encode(raw).decode().rstrip("="),
    ):
        echoed = {"a": [f"{before}{form}{after}"], f"k{form}": form}
        assert form not in dumped(MARKS.conceal(echoed, {name: secret}))
    if len(raw) > TRACKED:
        encoded = base64.b64encode(around).decode()
        assert "[secret" in MARKS.conceal(encoded, {name: secret})


TRACKED = 8
"""From so many bytes on, six characters of base64 and more are the secret's alone."""


@given(trees_with_markers())
def test_what_has_no_secret_stays_as_it_is(marked: tuple[dict[str, str], Any]) -> None:
    """Concealing changes only what gives a secret away, and another process's marker is text."""
    _, tree = marked
    stranger = SecretMarks("0f" * 16)  # no text that stands here: Hypothesis draws such, too
    assert stranger.conceal(tree, {}) == tree
    assert stranger.reveal(tree, {}) == tree
    assert stranger.names(tree) == set()


def test_a_forged_marker_is_just_text() -> None:
    """Who does not know the nonce cannot ask for a secret."""
    forged = "\ue000secret:guess:A\ue001"
    assert MARKS.reveal(forged, {"A": "value"}) == forged


@pytest.mark.parametrize("cut", [slice(0, -1), slice(1, None), slice(1, -1)])
def test_a_marker_that_was_cut_does_not_tell_the_nonce(cut: slice) -> None:
    """Nor does one that was escaped, where references are shown or secrets are concealed."""
    own = SecretMarks("0f" * 16)
    marker = own.scope(["A"])["A"]
    for text in (marker[cut], repr(marker)):
        assert "0f" not in own.shown([text])[0]
        assert "0f" not in own.conceal({text: 1}, {}).popitem()[0]


def test_a_marker_can_be_put_into_a_longer_text() -> None:
    """Concatenation is what authors do with a secret."""
    marker = MARKS.scope(["A"])["A"]
    assert MARKS.reveal({"auth": f"Bearer {marker}!"}, {"A": "v"}) == {"auth": "Bearer v!"}
    assert MARKS.shown(f"Bearer {marker}") == "Bearer {{secrets.A}}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("abc", "[secret A]"), ("abcd", "abcd"), ("YWJj", "[secret A]"), ("xYWJj", "xYWJj"), ("", "")],
)
def test_a_short_secret_is_found_as_a_whole_only(text: str, expected: str) -> None:
    """Three letters would be everywhere; an empty secret is none."""
    assert MARKS.conceal(text, {"A": "abc", "B": ""}) == expected


def test_the_longest_secret_wins() -> None:
    """A secret that contains another is told by its own name."""
    values = {"SHORT": "abcdef", "LONG": "abcdefghi"}
    assert MARKS.conceal("x abcdefghi abcdef", values) == "x [secret LONG] [secret SHORT]"


def test_an_unknown_secret_is_named() -> None:
    """Asking for a secret that is not there fails, and says which."""
    scope = MARKS.scope(["A"])
    for ask in (
        lambda: scope["B"],
        lambda: MARKS.reveal(MARKS.scope(["B"]).get("B"), {}),
        lambda: scope.refuse_unknown("{'x': secrets.A & secrets.B}"),
        lambda: scope.refuse_unknown("secrets.`B`"),
        lambda: scope.refuse_unknown("context.secrets.B"),
    ):
        with pytest.raises(ExpressionError, match="'B'") as failed:
            ask()
        assert failed.value.code == "UNKNOWN_SECRET"


@pytest.mark.parametrize(
    "source",
    ["secrets.A", "'secrets.B'", "payload.secrets.B", "my_secrets.B", '"it\\"s secrets.B"'],
)
def test_a_reference_is_told_from_what_only_looks_like_one(source: str) -> None:
    """Texts and other fields of that name are no references."""
    MARKS.scope(["A"]).refuse_unknown(source)
