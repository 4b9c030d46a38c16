"""What expressions and templates read of their scopes."""

import pytest

from shared.domain.values import Lang, Value
from shared.expr.reads import WHOLE, paths_of


@pytest.mark.parametrize(
    ("lang", "src", "paths"),
    [
        (Lang.LITERAL, {"a": "payload.b"}, set()),
        (Lang.JSONATA, "payload.a.b + $count(steps.x.output)", {"payload.a.b", "steps.x.output"}),
        (Lang.JSONATA, "steps[id = 'x'].output", {"steps.id", "steps.output"}),
        (Lang.JSONATA, "$$", {""}),
        (Lang.JSONATA, "**.a", {""}),
        (Lang.JSONATA, "1 + 1", set()),
        (Lang.PLACEHOLDER, {"a": ["{{payload.a:int|b.0}}?"]}, {"payload.a", "b.0"}),
        (Lang.THENA, "{{context.steps.x.result}}", {"context.steps.x.result"}),
        (Lang.LIQUID, "{% for i in payload.items %}{{ i.a }}{{ b[payload.k].c }}{% endfor %}",
         {"payload.items", "b", "payload.k"}),
    ],
)  # fmt: skip
def test_paths_are_found_without_evaluating(lang: Lang, src: object, paths: set[str]) -> None:
    """In every language; what is computed is cut off, and everything is the empty path."""
    found = {".".join(path) for path in paths_of(Value(lang=lang, src=src))}
    assert found - paths == set()
    assert (paths - found) <= {"payload.k"}
    assert ("" in paths) is (WHOLE in paths_of(Value(lang=lang, src=src)))
