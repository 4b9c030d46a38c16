"""What regular expressions cost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.expr.patterns import COST_MAX, pattern_cost

Part = tuple[str, int]
"""A part of a pattern, and how many atoms it has with its repetitions written out."""

ATOMS = [
    "a",
    ".",
    r"\w",
    r"\(",
    r"\)",
    r"\[",
    r"\{",
    "[a-z]",
    "[^()]",
    r"[\]){3}]",
    r"\p{L}",
    "]",
    "-",
]


def repeated(part: Part, least: int, most: int, written: str) -> Part:
    """So many times at most, in one of the ways to say so."""
    text, size = part
    return text + written.format(least, least + most), size * max(least + most, 1)


def joined(parts: list[Part], opening: str) -> Part:
    """A group."""
    return opening + "".join(text for text, _ in parts) + ")", sum(size for _, size in parts)


def counted(parts: st.SearchStrategy[Part]) -> st.SearchStrategy[Part]:
    """Groups and repetitions of these."""
    numbers = st.integers(0, 9)
    ways = st.sampled_from(["{{{0},{1}}}", "{{ {0} , {1} }}", "{{{1}}}", "{{{0},{1}}}?"])
    groups = st.builds(joined, st.lists(parts, max_size=4), st.sampled_from(["(", "(?:", "(?P<n>"]))
    optional = st.builds(
        lambda part, sign: (part[0] + sign, part[1]), groups, st.sampled_from("?*+")
    )
    return groups | st.builds(repeated, groups | optional | parts, numbers, numbers, ways)


PARTS = st.recursive(st.sampled_from(ATOMS).map(lambda atom: (atom, 1)), counted, max_leaves=12)


@given(st.lists(PARTS, max_size=4))
def test_a_pattern_costs_what_it_has_written_out(parts: list[Part]) -> None:
    """No less; and little more where it is plain what each count repeats."""
    pattern, size = "".join(text for text, _ in parts), sum(size for _, size in parts)
    assert pattern_cost(pattern) >= size


@pytest.mark.parametrize("pattern", ["(a){30}(b){40}(c){50}", "(?:ab){100}", r"(\d{3}-){2}\d{4}"])
def test_what_stands_side_by_side_adds_up(pattern: str) -> None:
    """Only what stands within a counted group is repeated by it."""
    assert pattern_cost(pattern) <= 200


@pytest.mark.parametrize(
    "pattern",
    [
        "((a{20}){20}){20}",
        "(?x) (a{40}) # {1}\n {40}",
        "([^])]a{40}){40}",
        "([])]a{40}){40}",
        "([a[)]]b{40}){40}",
        "(ab)?{30}{40}",
        "(abc){,900}",
    ],
)
def test_no_way_of_writing_hides_what_a_count_repeats(pattern: str) -> None:
    """Where it is not plain, each may repeat everything."""
    assert pattern_cost(pattern) > COST_MAX
