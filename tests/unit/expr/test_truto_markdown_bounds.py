"""Markdown of strangers ends with the time of its evaluation."""

import pytest

from shared.expr.errors import ExpressionError
from shared.expr.limits import limited
from shared.expr.truto_functions import markdown_trees
from shared.expr.truto_functions.markdown_trees import to_html


@pytest.mark.parametrize(
    "markdown",
    ["*a* " * 8_000, "[" * 32_000, "- a\n" * 8_000, "&amp;" * 6_500, "![a](" * 6_000],
)
def test_markdown_ends_with_the_time_of_the_evaluation(markdown: str) -> None:
    """Also what one call reads: it looks at the clock at each block and mark."""
    with limited(60):
        to_html(markdown[:400])
    with limited(0), pytest.raises(ExpressionError) as raised:
        to_html(markdown)
    assert raised.value.code == "D1012"


@pytest.mark.parametrize("markdown", ["[" * 50, "***\n\n" * 50])
def test_markdown_looks_at_the_clock_all_along(
    markdown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At marks within a block, and at blocks without any."""
    looks = list[None]()
    monkeypatch.setattr(markdown_trees, "look", lambda: looks.append(None))
    to_html(markdown)
    assert len(looks) >= 50


def test_tables_are_not_filled_up_without_end() -> None:
    """Short rows have as many cells as the first one has, so these are counted."""
    head = "|a" * 200 + "\n" + "|-" * 200 + "\n"
    assert to_html(head + "|b\n" * 40).count("<td>") == 40 * 200
    with pytest.raises(ExpressionError, match="cells"):
        to_html(head + "|b\n" * 60)
    assert to_html("a|" * 200 + "\n" + "b\n" * 60).startswith("<p>")
