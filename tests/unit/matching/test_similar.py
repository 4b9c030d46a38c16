"""What is proposed for paths that lead nowhere, and how little is looked at for that."""

from collections.abc import Iterator
from typing import Any

import pytest

from shared.matching.nearest import nearest
from shared.matching.similar import (
    list_within,
    similar,
    similar_in_filter,
    value_at,
    values_at,
)

SCOPE: dict[str, Any] = {
    "payload": {
        "items": [{"price": 1}, {"price": None}],
        "rows": {"price": 2},
        "prise": None,
        "0": "a",
    }
}


class Counted(list[Any]):
    """A list that counts its items as they are looked at."""

    def __init__(self, items: Any, seen: list[int]) -> None:
        super().__init__(items)
        self._seen = seen

    def __iter__(self) -> Iterator[Any]:
        """Each item."""
        for item in super().__iter__():
            self._seen[0] += 1
            yield item


def path(written: str) -> tuple[str, ...]:
    """The names of a path."""
    return tuple(written.split("."))


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("payload.items", [SCOPE["payload"]["items"]]),
        ("payload.items.price", []),
        ("payload.items.0.price", [1]),
        ("payload.items.-1.price", [None]),
        ("payload.items.1", [{"price": None}]),
        ("payload.items.2", []),
        ("payload.items.-3", []),
        ("payload.prise", [None]),
        ("payload.prise.x", []),
        ("payload.0", ["a"]),
        ("payload.none", []),
    ],
)
def test_what_a_filter_finds(written: str, expected: Any) -> None:
    """One value, be it null, or none; nothing through a list but an item that is named."""
    assert value_at(SCOPE, path(written)) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("payload.items.price", "payload.items"),
        ("payload.items.0.price", None),
        ("payload.items", None),
        ("payload.rows.price", None),
        ("payload.items.price.x", "payload.items"),
    ],
)
def test_where_a_filter_meets_a_list(written: str, expected: str | None) -> None:
    """The list that a path names a field of, and no item."""
    found = list_within(SCOPE, path(written))
    assert (None if found is None else ".".join(found)) == expected


@pytest.mark.parametrize(
    ("written", "in_filter", "in_expression"),
    [
        ("payload.item.price", None, "payload.items.price"),
        ("payload.items.prise", "payload.prise", "payload.items.price"),
        ("payload.row.price", "payload.rows.price", "payload.rows.price"),
        ("prise", "payload.prise", "payload.prise"),
        ("payload.prise", None, None),
        ("payload.items.price", None, None),
    ],
)
def test_a_filter_is_told_only_of_what_it_can_find(
    written: str, in_filter: str | None, in_expression: str | None
) -> None:
    """What stands within a list only an expression finds; what is there resembles nothing."""
    for look, expected in ((similar_in_filter, in_filter), (similar, in_expression)):
        found = look(SCOPE, path(written))
        assert (None if found is None else ".".join(found)) == expected


def test_long_paths_resemble_nothing() -> None:
    """Each of their names would be looked for at each place."""
    scope: dict[str, Any] = {"rows": 1}
    for _ in range(31):
        scope = {"a": scope}
    for look in (similar, similar_in_filter):
        assert look(scope, (*["a"] * 31, "row")) == (*["a"] * 31, "rows")
        assert look({"a": scope}, (*["a"] * 32, "row")) is None


def test_of_many_names_some_are_compared() -> None:
    """Fewer of long ones; what differs too much in length is passed over."""
    others = [f"{n:064}" for n in range(100)]
    assert nearest("n" * 63, [*others[:10], "n" * 64]) == ["n" * 64]
    assert nearest("n" * 63, [*others, "n" * 64]) == []
    assert nearest("n" * 63, ["0" * 20] * 1_000 + ["n" * 64]) == ["n" * 64]
    assert nearest("n" * 9, [f"{n:09}" for n in range(199)] + ["n" * 10]) == ["n" * 10]
    assert nearest("n" * 9, [f"{n:09}" for n in range(200)] + ["n" * 10]) == []
    assert nearest("n" * 9, ["0" * 30] * 2_000 + ["n" * 10]) == []


def test_lists_in_lists_are_not_looked_through() -> None:
    """Of a million items a thousand are, for one path; and a bounded part for all proposals."""
    seen = [0]
    inner = Counted([{}] * 1_000, seen)
    lists = Counted([inner] * 1_000, seen)
    assert values_at({"payload": lists}, ("payload", "a")) == []
    assert seen[0] <= 1_000
    seen[0] = 0
    places = {f"k{n}": {"a": inner} for n in range(400)}
    assert similar({"payload": places}, ("payload", "a", "b")) is None
    assert 1_000 < seen[0] <= 5_000


def test_of_many_places_the_nearest_are_tried() -> None:
    """What stands behind thousands of fields is not found."""
    many = {f"{n:04}": n for n in range(4_990)}
    far = {"far": {"b": {"c": 1}}}
    assert similar({"x": {**many, **far}}, ("a", "b", "c")) == ("x", "far", "b", "c")
    more = {f"field{n}": n for n in range(20)}
    assert similar({"x": {**many, **more, **far}}, ("a", "b", "c")) is None
