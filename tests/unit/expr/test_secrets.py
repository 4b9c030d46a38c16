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


def test_what_one_knows_of_a_marker_is_worth_nothing_elsewhere() -> None:
    """Each has marks of his own, and the same again: nobody else's are anything but text to him."""
    root = SecretMarks("0f" * 16)
    one, other, again = root.of("a", "b", "c"), root.of("a", "bc"), root.of("a", "b", "c")
    marker = one.scope(["A"])["A"]
    for stranger in (other, root):
        assert stranger.names(marker) == set()
        assert stranger.reveal(marker, {"A": "value"}) == stranger.shown(marker) == marker
    assert again.reveal(marker, {"A": "value"}) == "value"


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


ESCAPED = {
    "PHP": (r"sk\/live+A1b2\/c3==", "sk/live+A1b2/c3=="),
    "Go": (r"pa\u0026ss\u003cw\u003eord", "pa&ss<w>ord"),
    ".NET": (r"sk/live\u002BA1b2/c3==", "sk/live+A1b2/c3=="),
    "all": ("".join(f"\\u{ord(c):04X}" for c in 'pa"ss\n'), 'pa"ss\n'),
    "a mixture": (r"\u00e9\/\\\ud83d\ude00\"/+", 'é/\\😀"/+'),
    "of base64": (r"Pz8\/Pz8\/", "??????"),
}


@pytest.mark.parametrize("language", ESCAPED)
def test_a_secret_is_found_however_json_escapes_it(language: str) -> None:
    """As PHP, Go, .NET and others do; of what stands around it nothing is changed."""
    form, secret = ESCAPED[language]
    around = r'401: {"at":"a\/b","key":"%s","then":"\u0026\t"}'
    assert MARKS.conceal([around % form], {"A": secret}) == [around % "[secret A]"]
    assert MARKS.conceal(form, {"A": secret}) == "[secret A]"
    assert MARKS.conceal({form: 1}, {"A": secret}) == {"[secret A]": 1}
    within = json.dumps(around % form)
    for found in (within, json.dumps(within), within + secret + form):
        hidden = MARKS.conceal(found, {"A": secret})
        assert hidden.count("[secret A]") == (3 if found.endswith(form) else 1)
        assert all(read in hidden for read in ("401", "then", "u0026"))


def test_a_short_secret_that_is_escaped_is_found_as_a_whole() -> None:
    """As one that is not."""
    assert MARKS.conceal([r"a\/b", r"xa\/b"], {"A": "a/b"}) == ["[secret A]", r"xa\/b"]


def test_backslashes_that_hide_nothing_stay() -> None:
    """What JSON does not escape so is another text; so is what is escaped beyond all measure."""
    for text in (r"C:\new\table", "\\" * 64 + "u0041bcd", r"\u00g1", "\\", r"\ud83d", r"abc\/d"):
        assert MARKS.conceal(text, {"A": "Abcd"}) == text


@pytest.mark.parametrize(
    ("number", "expected"),
    [(12345678, "[secret A]"), (1234.5, "[secret B]"), (123456789, 123456789), (12, 12)],
)
def test_a_secret_is_found_as_a_number(number: float, expected: object) -> None:
    """Whoever reads it makes one of digits; what is short would be everywhere."""
    values = {"A": "12345678", "B": "1234.5", "C": "12", "D": "True"}
    assert MARKS.conceal({"a": [number, True]}, values) == {"a": [expected, True]}


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
