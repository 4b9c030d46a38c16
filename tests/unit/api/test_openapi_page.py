"""The page of the API: whole, of its own, and safe to look at."""

import re
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from html.parser import HTMLParser
from typing import Any

import orjson

from services.api.describe.openapi import openapi_document
from services.api.describe.openapi_examples import curl_of, example_of
from services.api.describe.openapi_page import openapi_page, page_headers
from services.api.routes import ROUTES
from shared.wire.envelope import dumps

DOCUMENT: Mapping[str, Any] = orjson.loads(dumps(openapi_document(ROUTES, "1.2.3")))
PAGE = openapi_page(DOCUMENT)
EMPTY = {"br", "link", "meta"}


class Seen(HTMLParser):
    """What a browser would make of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in EMPTY:
            self.open.append(tag)
        for name, value in attrs:
            assert name in {"id", "href", "class", "lang", "charset", "name", "content"} or (
                name == "aria-label"
            ), name
            if name == "id":
                self.ids.append(value or "")
            elif name == "href":
                self.links.append(value or "")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_has_everything() -> None:
    """Each operation and each schema has its place, each link leads to one, each tag is closed."""
    seen = Seen(PAGE)
    assert seen.open == []
    assert len(set(seen.ids)) == len(seen.ids)
    for methods in DOCUMENT["paths"].values():
        assert {operation["operationId"] for operation in methods.values()} <= {*seen.ids}
    assert {f"schema-{name}" for name in DOCUMENT["components"]["schemas"]} <= {*seen.ids}
    within = {link[1:] for link in seen.links if link.startswith("#")}
    assert within <= {*seen.ids}
    assert {link for link in seen.links if not link.startswith("#")} == {
        *("/openapi.json", "/asyncapi.json", "/schemas/workflow.json"),
    }


def test_the_page_needs_nothing_from_elsewhere() -> None:
    """No script, no foreign host; its policy allows its own style and nothing else."""
    seen = Seen(PAGE)
    assert not {"script", "img", "link", "iframe", "form", "object"} & {*seen.tags}
    [style] = re.findall(r"<style>(.*?)</style>", PAGE, re.DOTALL)
    assert "url(" not in style
    assert "@import" not in style
    hashed = b64encode(sha256(style.encode()).digest()).decode()
    policy = page_headers()["Content-Security-Policy"]
    assert policy.split("; ")[:2] == ["default-src 'none'", f"style-src 'sha256-{hashed}'"]


def test_a_long_type_does_not_widen_the_page() -> None:
    """Types, which may be patterns of a hundred characters without a space, break anywhere."""
    [style] = re.findall(r"<style>(.*?)</style>", PAGE, re.DOTALL)
    assert re.search(r"\.type \{ overflow-wrap: anywhere; \}", style)
    patterns = re.findall(r"pattern [^<]{100,}", PAGE)
    assert patterns
    broken = re.findall(r'<span class="type">(.*?)</span>', PAGE, re.DOTALL)
    assert all(any(pattern in type_ for type_ in broken) for pattern in patterns)


def test_whatever_it_shows_is_text() -> None:
    """A document that is full of markup shows it, and nothing of it comes to life."""
    evil = "`</code></pre></style><script>alert(1)</script>{{ info }}{% raw %}`\"'><b onclick=x>"

    def poisoned(node: Any) -> Any:
        if isinstance(node, list):
            return [poisoned(each) for each in node]
        if not isinstance(node, dict):
            return node
        poison = {"description": evil, "summary": evil, "title": evil, "version": evil}
        return {
            name: poison[name] if name in poison and isinstance(each, str) else poisoned(each)
            for name, each in node.items()
        }

    page = openapi_page(poisoned(DOCUMENT))
    seen = Seen(page)
    assert "script" not in seen.tags
    assert [*seen.tags].count("style") == 1
    assert "&lt;script&gt;alert(1)" in page
    assert "{{ info }}" in page


def test_each_example_has_what_the_operation_needs() -> None:
    """It names no placeholder, shows a token where one is needed, and sends a body as asked."""
    schemas = DOCUMENT["components"]["schemas"]
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            own = [p for p in operation["parameters"] if "$ref" not in p]
            line = curl_of(method, path, {**operation, "parameters": own}, schemas)
            assert "{" not in line.partition("\n")[0], line
            assert ("$TURNOUT_TOKEN" in line) is bool(operation["security"]), line
            assert ("--data" in line) is ("requestBody" in operation), line


def test_an_example_is_the_least_that_is_taken() -> None:
    """Of the schemas of the document each has an example that it holds to, with no more fields."""
    assert example_of({"type": "object", "required": ["a"], "properties": {}}, {}) == {"a": {}}
    assert example_of({"anyOf": [{"type": "integer"}, {"type": "null"}]}, {}) == 1
    assert example_of({"type": "array", "minItems": 1, "items": {"const": 7}}, {}) == [7]
    assert example_of({"$ref": "#/x/T"}, {"T": {"type": "string", "format": "uuid"}}) != "x"
    loop = {"type": "object", "required": ["a"], "properties": {"a": {"$ref": "#/x/T"}}}
    assert example_of(loop, {"T": loop}) is not None
