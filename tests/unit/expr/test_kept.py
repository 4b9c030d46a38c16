"""What is kept of texts: as much as fits, whoever they are of."""

import gc
import threading
from weakref import WeakSet

import pytest

from shared.expr.jsonata import ExpressionCache
from shared.expr.kept import SHORT_CHARS, Kept
from shared.expr.liquid import TemplateCache


class Made:
    """What was made of a text."""

    def __init__(self, text: str, **options: object) -> None:
        self.text = text
        self.options = options


def test_what_is_asked_for_stays() -> None:
    """The rest goes, in time; options make another one of a text."""
    kept = Kept(Made, 6)
    one, two, other = kept("a"), kept("b"), kept("a", size=1)
    assert (other.text, other.options) == ("a", {"size": 1})
    for n in range(20):
        assert kept("a") is one
        assert kept("a", size=1) is other
        kept(f"new {n}")
    assert kept("b") is not two


def test_as_many_are_alive_as_are_wanted() -> None:
    """However many different texts there were."""
    kept, made = Kept(Made, 10), WeakSet[Made]()
    for n in range(1_000):
        made.add(kept(str(n)))
        assert len(made) <= 10
    assert len(made) >= 5


def test_long_texts_count_for_what_they_take() -> None:
    """Each for as many short ones as it is longer; one beyond all of that is kept by itself."""
    kept, made = Kept(Made, 100), WeakSet[Made]()
    for n in range(100):
        made.add(kept(f"{n}" + "x" * 9 * SHORT_CHARS))
        assert len(made) <= 10
    assert len(made) >= 5
    huge = "y" * 1_000 * SHORT_CHARS
    made.add(kept(huge))
    assert kept(huge) is kept(huge)
    for n in range(100):
        made.add(kept(str(n)))
    assert all(len(each.text) < SHORT_CHARS for each in made)


def test_what_fails_leaves_nothing_behind() -> None:
    """It is asked for again, and takes no room."""
    asked: list[str] = []

    def make(text: str) -> Made:
        asked.append(text)
        if text.startswith("bad"):
            raise KeyError(text)
        return Made(text)

    kept = Kept(make, 2)
    good = kept("good")
    for _ in range(5):
        with pytest.raises(KeyError):
            kept("bad" * SHORT_CHARS)
    assert kept("good") is good
    assert len(asked) == 6


def test_expressions_and_templates_are_kept_by_their_length() -> None:
    """Long ones cannot fill the memory with as many as short ones may be."""
    expressions, templates, alive = ExpressionCache(100), TemplateCache(100), WeakSet[object]()
    for n in range(50):
        long = f"{n}{'x' * 24 * SHORT_CHARS}"
        expression, template = expressions.get(f"'{long}'"), templates.get(long)
        assert expressions.get(f"'{long}'") is expression
        assert templates.get(long) is template
        alive.add(expression)
        alive.add(template)
    del expression, template
    gc.collect()
    assert 4 <= len(alive) <= 2 * 4


def test_threads_may_ask_at_once() -> None:
    """Each gets what its text makes, and the room is counted right."""
    kept = Kept(Made, 50)
    faults: list[str] = []

    def ask(first: int) -> None:
        for n in range(3_000):
            text = str((first * n) % 97)
            if kept(text).text != text:
                faults.append(text)

    threads = [threading.Thread(target=ask, args=(n,)) for n in (1, 3, 5, 7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert faults == []
    alive = WeakSet[Made]()
    for n in range(200):
        alive.add(kept(f"new {n}"))
    assert 25 <= len(alive) <= 50
