"""HTML as a tree of elements and texts, forgiving as browsers are."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from html.parser import HTMLParser
from typing import Final

HTML_CHARS_MAX = 16_384
"""A tag that is never closed costs its square, so this is what the time of an expression allows."""

DEPTH_MAX = 60
"""Elements deeper than that hold what is in them beside them."""

_BLOCK_NAMES = (
    "address article aside audio blockquote body canvas center dd dir div dl dt fieldset "
    "figcaption figure footer form frameset h1 h2 h3 h4 h5 h6 header hgroup hr html isindex li "
    "main menu nav noframes noscript ol output p pre section table tbody td tfoot th thead tr "
    "ul"
)
_VOID_NAMES = "area base br col command embed hr img input keygen link meta param source track wbr"
BLOCKS: Final = frozenset(_BLOCK_NAMES.split())
VOIDS: Final = frozenset(_VOID_NAMES.split())
_ENDED_BY = {
    "p": BLOCKS - {"li", "dd", "dt", "td", "th", "tr", "tbody", "thead", "tfoot", "body", "html"},
    "li": frozenset({"li"}),
    "dt": frozenset({"dt", "dd"}),
    "dd": frozenset({"dt", "dd"}),
    "td": frozenset({"td", "th", "tr", "tbody", "tfoot"}),
    "th": frozenset({"td", "th", "tr", "tbody", "tfoot"}),
    "tr": frozenset({"tr", "tbody", "tfoot"}),
    "thead": frozenset({"tbody", "tfoot"}),
    "tbody": frozenset({"tbody", "tfoot"}),
}
"""Which elements end when which begin in them."""

_SPACES = re.compile(r"[ \r\n\t]+")


@dataclass(eq=False)
class Text:
    """A text; its white space is collapsed once the tree is whole."""

    data: str

    @property
    def text(self) -> str:
        """As an element's."""
        return self.data


@dataclass(eq=False)
class Element:
    """An element; do not change it once ``text`` has been asked for."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: "list[Element | Text]" = field(default_factory=list)
    parent: "Element | None" = None

    @cached_property
    def text(self) -> str:
        """All the text in it."""
        return "".join(child.text for child in self.children)

    @property
    def is_block(self) -> bool:
        """Whether it stands on lines of its own."""
        return self.tag in BLOCKS

    @cached_property
    def tags(self) -> frozenset[str]:
        """The names of all elements in it."""
        inner = [child for child in self.children if isinstance(child, Element)]
        return frozenset(child.tag for child in inner).union(*(child.tags for child in inner))

    def elements(self) -> "list[Element]":
        """The elements right in it."""
        return [child for child in self.children if isinstance(child, Element)]

    def each(self, tag: str) -> "Iterator[Element]":
        """Every element of a name in it, in order."""
        for child in self.elements():
            if child.tag == tag:
                yield child
            yield from child.each(tag)


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("root")
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        while tag in _ENDED_BY.get(self._open[-1].tag, ()):
            self._open.pop()
        holder = self._open[-1]
        made = Element(tag, {name: value or "" for name, value in attrs}, parent=holder)
        holder.children.append(made)
        if tag not in VOIDS and len(self._open) < DEPTH_MAX:
            self._open.append(made)

    def handle_endtag(self, tag: str) -> None:
        for index in range(len(self._open) - 1, 0, -1):
            if self._open[index].tag == tag:
                del self._open[index:]
                return

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(Text(data))


def tree_of(html: str) -> Element:
    """The tree, its white space as a browser would show it."""
    builder = _Builder()
    builder.feed(html)
    builder.close()
    _Collapse().inside(builder.root)
    return builder.root


class _Collapse:
    """One blank for each run of them, none at the edges of blocks; ``pre`` is left alone."""

    def __init__(self) -> None:
        self._before: Text | None = None
        self._keeps = False

    def inside(self, element: Element) -> None:
        """Collapse all that is in an element."""
        for child in element.children:
            if isinstance(child, Text):
                self._collapse(child)
                continue
            self._edge(child)
            if child.tag != "pre" and child.children:
                self.inside(child)
                self._edge(child)
        element.children = [c for c in element.children if isinstance(c, Element) or c.data]
        if element.tag == "root" and self._before is not None:
            self._before.data = self._before.data.removesuffix(" ")

    def _collapse(self, text: Text) -> None:
        text.data = _SPACES.sub(" ", text.data)
        is_after_blank = self._before is None or self._before.data.endswith(" ")
        if is_after_blank and not self._keeps:
            text.data = text.data.removeprefix(" ")
        if text.data:
            self._before = text

    def _edge(self, element: Element) -> None:
        if element.is_block or element.tag == "br":
            if self._before is not None:
                self._before.data = self._before.data.removesuffix(" ")
            self._before, self._keeps = None, False
        elif element.tag in VOIDS or element.tag == "pre":
            self._before, self._keeps = None, True
        elif self._before is not None:
            self._keeps = False
