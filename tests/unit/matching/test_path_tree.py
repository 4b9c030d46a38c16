"""A tree of paths gives what lies along a value, and keeps nothing of what has left."""

from shared.matching.path_tree import PathTree

PATHS = ["a", "a.b", "a.b.c", "a.c", "d.0", "d.e.f", "g"]


def tree_of(*paths: str) -> PathTree[str]:
    """Each path under itself."""
    made = PathTree[str]()
    for path in paths:
        made.put(path.split("."), path)
    return made


def test_it_gives_what_has_something_and_all_below_a_list() -> None:
    """An index or each item of a list may be meant."""
    made = tree_of(*PATHS)
    assert sorted(made.along({"a": {"b": None, "x": 1}, "h": {"g": 1}})) == ["a", "a.b"]
    assert sorted(made.along({"a": "b", "g": {}})) == ["a", "g"]
    assert sorted(made.along({"d": [{"x": 1}]})) == ["d.0", "d.e.f"]
    assert list(made.along({})) == list(made.along(None)) == []
    assert sorted(made.along([])) == PATHS


def test_several_stand_at_one_path() -> None:
    """And one goes by itself."""
    made = tree_of("a")
    made.put(["a"], "other")
    assert sorted(made.along({"a": 1})) == ["a", "other"]
    made.take(["a"], "a")
    assert list(made.along({"a": 1})) == ["other"]


def test_what_leaves_takes_its_path_along() -> None:
    """As far as no other goes there."""
    made = tree_of(*PATHS)
    for path in PATHS:
        assert made.has(path[0])
        made.take(path.split("."), path)
        rest = PATHS[PATHS.index(path) + 1 :]
        assert sorted(made.along([])) == rest
        assert made.has(path[0]) == any(other.startswith(path[0]) for other in rest)


def test_a_path_of_very_many_names() -> None:
    """None of it is gone down by recursion."""
    names = ["n"] * 100_000
    made = PathTree[int]()
    made.put(names, 1)
    assert list(made.along([])) == [1]
    made.take(names, 1)
    assert not made.has("n")
