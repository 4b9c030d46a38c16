"""What differs between two definitions, by meaning."""

from typing import Any

import orjson

from shared.domain.differences import Difference, differences
from shared.domain.workflows import Definition

FLOW: dict[str, Any] = {
    "name": "order",
    "triggers": [{"event_name": "order:placed"}, {"id": "hook", "kind": "webhook"}],
    "run_if": "payload.total > 0",
    "steps": [
        {"id": "reserve", "action": "http_request", "input": {"src": {"url": "a", "json": [1, 2]}}},
        {"id": "ship", "action": "transform", "depends_on": ["reserve"]},
    ],
}


def definition(**changes: Any) -> Definition:
    """The definition with other fields."""
    return Definition.model_validate_json(orjson.dumps({**FLOW, **changes}))


def told(found: list[Difference]) -> list[tuple[str, str, str | None]]:
    """Where each is, what it is, and of what."""
    return [(one.pointer, one.kind.value, one.name) for one in found]


def step(index: int, **changes: Any) -> dict[str, Any]:
    """A step of the flow with other fields."""
    return {**FLOW["steps"][index], **changes}


def test_the_same_said_otherwise_is_no_difference() -> None:
    """Defaults written out, triggers and dependencies in another order: the same."""
    ship = step(1, depends_on=["reserve", "reserve"], retry={"max_attempts": 3}, kind="action")
    said = definition(
        triggers=FLOW["triggers"][::-1], steps=[FLOW["steps"][0], ship], filters=None, policy={}
    )
    assert differences(definition(), said) == []


def test_steps_are_matched_by_their_ids() -> None:
    """A step put before the others is one that was added, and a change stays with its step."""
    first = {"id": "check", "action": "transform"}
    changed = [first, FLOW["steps"][0], step(1, timeout_s=5)]
    assert told(differences(definition(), definition(steps=changed))) == [
        ("/steps/0", "added", "check"),
        ("/steps/2/timeout_s", "added", "ship"),
    ]
    back = differences(definition(steps=changed), definition())
    assert told(back) == [
        ("/steps/0", "removed", "check"),
        ("/steps/1/timeout_s", "removed", "ship"),
    ]


def test_a_difference_has_its_place_and_both_values() -> None:
    """As deep as the trees are alike; lists of other lengths are told whole."""
    given = {"src": {"url": "b", "json": [1, 2, 3]}}
    [url, items] = differences(
        definition(), definition(steps=[step(0, input=given), FLOW["steps"][1]])
    )
    assert (url.pointer, url.before, url.after) == ("/steps/0/input/src/url", "a", "b")
    assert (items.pointer, items.before, items.after) == (
        "/steps/0/input/src/json",
        [1, 2],
        [1, 2, 3],
    )


def test_one_true_and_one_point_nought_differ() -> None:
    """As they do for whoever asks whether a new version is to be made."""
    values = [True, 1, 1.0]
    made = [definition(metadata={"n/m": value}) for value in values]
    for one in made:
        for other in made:
            expected = [] if one is other else [("/metadata/n~1m", "changed", None)]
            assert told(differences(one, other)) == expected


def test_the_order_of_steps_counts_where_they_run_in_it() -> None:
    """Not where dependencies say it."""
    plain = [{"id": name, "action": "transform"} for name in "abc"]
    [order] = differences(definition(steps=plain), definition(steps=plain[::-1]))
    assert (order.pointer, order.before, order.after) == ("/steps", [*"abc"], [*"cba"])
    assert differences(definition(), definition(steps=FLOW["steps"][::-1])) == []


def test_edges_are_matched_by_what_they_join() -> None:
    """In whatever order they are drawn."""
    edges = [
        {"from": "reserve", "to": "ship"},
        {"from": "reserve", "to": "ship", "handle": "error"},
    ]
    before = definition(edges=edges)
    assert differences(before, definition(edges=edges[::-1])) == []
    after = definition(edges=[edges[1], {**edges[0], "condition": "true"}])
    assert told(differences(before, after)) == [("/edges/1/condition", "added", "reserve → ship")]


def test_what_is_alike_in_name_is_told_apart_by_its_place() -> None:
    """Two triggers for the same event: one of them may go."""
    twice = [{"event_name": "go"}, {"event_name": "go"}]
    found = differences(definition(triggers=twice), definition(triggers=twice[:1]))
    assert told(found) == [("/triggers/1", "removed", "go")]
