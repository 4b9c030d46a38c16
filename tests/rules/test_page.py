"""The page of the rules shows every case, and every topic has its place on it."""

from tests.rules.case import load, paths
from tests.rules.page import PAGE, TOPICS, written

CASES_MIN = 120


def test_the_page_is_complete() -> None:
    """docs/RULES.md is what the cases say; ``python -m tests.rules.page`` writes it anew."""
    assert PAGE.read_text() == written()


def test_every_topic_has_a_title_and_cases() -> None:
    """No topic is empty, and no folder of cases is without a title."""
    assert {path.parent.name for path in paths()} == {topic.folder for topic in TOPICS}


def test_titles_are_rules_of_their_own() -> None:
    """No two cases state the same rule, and what cannot be run really says why."""
    cases = [load(path) for path in paths()]
    assert len({case.title for case in cases}) == len(cases) >= CASES_MIN
    assert all(case.why for case in cases if case.only)
