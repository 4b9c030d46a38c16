"""The client's functions are those of the API's routes."""

from services.api.routes import ROUTES
from shared.client.asked import Asked, body_of, path_of, query_of
from tests.contract.client_modules import FOLDER, modules


def test_the_modules_are_made_of_the_routes() -> None:
    """Each is what ``make client`` would write, and there are no others."""
    made = modules()
    assert {path.stem for path in FOLDER.glob("[a-z]*.py")} == set(made)
    for name, text in made.items():
        assert (FOLDER / f"{name}.py").read_text() == text, f"{name} is old: make client"


def test_every_native_route_has_its_function() -> None:
    """By its method and path; webhooks are for others, and ask in their own ways."""
    written = "\n".join(modules().values())
    for route in ROUTES:
        if route.path.startswith("/v1/") and not route.path.startswith("/v1/hooks/"):
            assert f'"{route.path[1:]}"' in written, route


def test_parts_of_a_path_stay_parts() -> None:
    """Whatever stands in one, it begins no other, and ends none."""
    assert path_of("v1/a/{name}/b/{id}", "x/../y?z#%", "ü{id}") == (
        "v1/a/x%2F..%2Fy%3Fz%23%25/b/%C3%BC%7Bid%7D"
    )


def test_what_is_not_said_is_left_out() -> None:
    """None is not said; false, zero and nothing are."""
    assert query_of(from_=None, limit=0, draft=False, many=["a", "b"]) == {
        "limit": "0",
        "draft": "false",
        "many": "a,b",
    }
    assert body_of(from_=1, to=None, preview=False, ids=[]) == {
        "from": 1,
        "preview": False,
        "ids": [],
    }
    assert Asked(method="GET", path="v1/x", query={}).body is None
