"""``$convertHtmlToMarkdown``, after the rules of the library turndown and of GitHub's Markdown."""

import re
from collections.abc import Callable
from typing import Any

from shared.expr.errors import ExpressionError
from shared.expr.truto_functions.html_trees import HTML_CHARS_MAX, VOIDS, Element, Text, tree_of
from shared.expr.truto_functions.javascript import text_of

_ESCAPES = tuple(
    (re.compile(pattern), put)
    for pattern, put in (
        (r"\\", r"\\\\"),
        (r"\*", r"\\*"),
        (r"^-", r"\\-"),
        (r"^\+ ", r"\\+ "),
        (r"^(=+)", r"\\\1"),
        (r"^(#{1,6}) ", r"\\\1 "),
        (r"`", r"\\`"),
        (r"^~~~", r"\\~~~"),
        (r"\[", r"\\["),
        (r"\]", r"\\]"),
        (r"^>", r"\\>"),
        (r"_", r"\\_"),
        (r"^(\d+)\. ", r"\1\\. "),
    )
)
_MEANT_BLANK = frozenset(
    ("a", "table", "thead", "tbody", "tfoot", "th", "td", "iframe", "script", "audio", "video")
)
_LINE_BREAKS = re.compile(r"(\n+\s*)+")
_HIGHLIGHTED = re.compile(r"highlight-(?:(?:text|source)-)?([a-z0-9]+)")


def to_markdown(html: Any = None) -> str:
    """The Markdown of a document or a part of one. Raises ExpressionError where it is too long."""
    text = "" if html is None else text_of(html)
    if len(text) > HTML_CHARS_MAX:
        raise ExpressionError("U1001", f"The HTML is longer than {HTML_CHARS_MAX} characters.")
    return _inside(tree_of(text), is_code=False).lstrip("\t\r\n").rstrip()


def _inside(parent: Element, *, is_code: bool) -> str:
    written = ""
    for index, child in enumerate(parent.children):
        if isinstance(child, Text):
            piece = child.data if is_code else _escaped(child.data)
        else:
            piece = _written(child, parent, index, is_code=is_code or child.tag == "code")
        written = _joined(written, piece)
    return written


def _escaped(text: str) -> str:
    for pattern, put in _ESCAPES:
        text = pattern.sub(put, text)
    return text


def _joined(before: str, after: str) -> str:
    one, other = before.rstrip("\n"), after.lstrip("\n")
    lines = max(len(before) - len(one), len(after) - len(other))
    return one + "\n\n"[:lines] + other


def _written(element: Element, parent: Element, index: int, *, is_code: bool) -> str:
    content = _inside(element, is_code=is_code)
    leading, trailing = _flanks(element, parent, index)
    if leading or trailing:
        content = content.strip()
    if _is_blank(element):
        shown = "\n\n" if element.is_block else ""
    else:
        shown = _RULES.get(element.tag, _default)(content, element, parent)
    return leading + shown + trailing


def _is_blank(element: Element) -> bool:
    if element.tag in VOIDS or element.tag in _MEANT_BLANK or element.text.strip():
        return False
    return not element.tags & (VOIDS | _MEANT_BLANK)


def _flanks(element: Element, parent: Element, index: int) -> tuple[str, str]:
    """The blanks around an inline element's text, which stay outside of its marks."""
    text = element.text
    if element.is_block or not text:
        return "", ""
    leading = text[: len(text) - len(text.lstrip())]
    trailing = text[len(text.rstrip()) :] if leading != text else ""
    if leading and index and _ends_blank(parent.children[index - 1]):
        leading = leading.lstrip(" \t\r\n")
    after = parent.children[index + 1 : index + 2]
    if trailing and after and _begins_blank(after[0]):
        trailing = trailing.rstrip(" \t\r\n")
    return leading, trailing


def _ends_blank(sibling: Element | Text) -> bool:
    is_inline = isinstance(sibling, Text) or not sibling.is_block
    return is_inline and sibling.text.endswith(" ")


def _begins_blank(sibling: Element | Text) -> bool:
    is_inline = isinstance(sibling, Text) or not sibling.is_block
    return is_inline and sibling.text.startswith(" ")


def _default(content: str, element: Element, _parent: Element) -> str:
    first = element.children[0] if element.children else None
    found = _HIGHLIGHTED.search(element.attributes.get("class", ""))
    if element.tag == "div" and found and isinstance(first, Element) and first.tag == "pre":
        return f"\n\n```{found[1]}\n{first.text}\n```\n\n"
    return f"\n\n{content}\n\n" if element.is_block else content


def _heading(content: str, element: Element, _parent: Element) -> str:
    depth = int(element.tag[1])
    if depth <= 2:  # noqa: PLR2004 - only two levels can be underlined
        return f"\n\n{content}\n{('=' if depth == 1 else '-') * len(content)}\n\n"
    return f"\n\n{'#' * depth} {content}\n\n"


def _quote(content: str, _element: Element, _parent: Element) -> str:
    lines = content.strip("\n").split("\n")
    return "\n\n" + "\n".join(f"> {line}" for line in lines) + "\n\n"


def _list(content: str, element: Element, parent: Element) -> str:
    is_last = parent.tag == "li" and parent.elements()[-1] is element
    return f"\n{content}" if is_last else f"\n\n{content}\n\n"


def _item(content: str, element: Element, parent: Element) -> str:
    inner = content.lstrip("\n")
    ends = inner.endswith("\n")
    indented = (inner.rstrip("\n") + ("\n" if ends else "")).replace("\n", "\n    ")
    mark = "*   "
    if parent.tag == "ol":
        start = parent.attributes.get("start", "")
        first = int(start) if start.isdecimal() and len(start) < 10 else 1  # noqa: PLR2004
        place = next(i for i, one in enumerate(parent.elements()) if one is element)
        mark = f"{first + place}.  "
    is_last = parent.children[-1] is element
    return mark + indented + ("" if is_last or indented.endswith("\n") else "\n")


def _pre(content: str, element: Element, parent: Element) -> str:
    first = element.children[0] if element.children else None
    if isinstance(first, Element) and first.tag == "code":
        return "\n\n    " + first.text.replace("\n", "\n    ") + "\n\n"
    return _default(content, element, parent)


def _code(content: str, _element: Element, parent: Element) -> str:
    if parent.tag == "pre" and len(parent.children) == 1:
        return content
    text = re.sub(r"\r?\n|\r", " ", content)
    blank = " " if text.startswith("`") or text.endswith("`") else ""
    is_padded = text.startswith(" ") and text.endswith(" ") and bool(text.strip())
    runs = set(re.findall("`+", text))
    fence = next("`" * size for size in range(1, len(runs) + 2) if "`" * size not in runs)
    blank = " " if is_padded else blank
    return f"{fence}{blank}{text}{blank}{fence}" if text else ""


def _link(content: str, element: Element, parent: Element) -> str:
    href = element.attributes.get("href")
    if not href:
        return _default(content, element, parent)
    title = _attribute(element, "title").replace('"', '\\"')
    shown = f' "{title}"' if title else ""
    address = href.replace("(", "\\(").replace(")", "\\)")
    return f"[{content}]({address}{shown})"


def _image(_content: str, element: Element, _parent: Element) -> str:
    source, title = element.attributes.get("src"), _attribute(element, "title")
    shown = f' "{title}"' if title else ""
    return f"![{_attribute(element, 'alt')}]({source}{shown})" if source else ""


def _attribute(element: Element, name: str) -> str:
    return _LINE_BREAKS.sub("\n", element.attributes.get(name, ""))


def _around(mark: str) -> Callable[[str, Element, Element], str]:
    return lambda content, _, __: f"{mark}{content}{mark}" if content.strip() else ""


def _checkbox(_content: str, element: Element, parent: Element) -> str:
    if element.attributes.get("type") != "checkbox" or parent.tag != "li":
        return ""
    return "[x] " if "checked" in element.attributes else "[ ] "


def _cell(content: str, element: Element, parent: Element) -> str:
    text = " ".join(content.split()).replace("|", "\\|").replace("\\", "\\\\").ljust(3)
    is_first = parent.children[0] is element
    return f"{'| ' if is_first else ' '}{text} |{'   |' * (_span(element) - 1)}"


def _span(cell: Element) -> int:
    span = cell.attributes.get("colspan", "1")
    return min(max(1, int(span)), 100) if span.isdecimal() and len(span) < 5 else 1  # noqa: PLR2004


def _row(content: str, element: Element, parent: Element) -> str:
    if not content.strip():
        return ""
    cells = element.elements()
    is_first = parent.tag in ("table", "tbody") and parent.children[0] is element
    is_head = is_first and bool(cells) and all(cell.tag == "th" for cell in cells)
    if not is_head and parent.tag != "thead":
        return f"\n{content}"
    table: Element | None = parent
    while table is not None and table.tag != "table":
        table = table.parent
    columns = max((_width(row) for row in table.each("tr")), default=0) if table else 0
    return f"\n{content}" + ("\n|" + " --- |" * columns if columns else "")


def _width(row: Element) -> int:
    return sum(_span(cell) for cell in row.elements() if cell.tag in ("td", "th"))


def _table(content: str, element: Element, _parent: Element) -> str:
    cells = [*element.each("td"), *element.each("th")]
    lines = [line for line in content.split("\n") if line.strip()]
    if not lines or not cells or (len(cells) == 1 and not cells[0].text.strip()):
        return ""
    if len(lines) < 2 or not re.search(r"\|\s*-+", lines[1]):  # noqa: PLR2004 - head and line
        columns = lines[0].count("|") - 1
        lines[1:1] = ["|" + " --- |" * columns] if columns > 0 else []
    return "\n\n" + "\n".join(lines) + "\n\n"


_RULES: dict[str, Callable[[str, Element, Element], str]] = {
    "p": lambda content, _, __: f"\n\n{content}\n\n",
    "br": lambda _, __, ___: "  \n",
    **{f"h{depth}": _heading for depth in range(1, 7)},
    "blockquote": _quote,
    "ul": _list,
    "ol": _list,
    "li": _item,
    "pre": _pre,
    "hr": lambda _, __, ___: "\n\n* * *\n\n",
    "a": _link,
    "em": _around("_"),
    "i": _around("_"),
    "strong": _around("**"),
    "b": _around("**"),
    "code": _code,
    "img": _image,
    **{tag: lambda content, _, __: f"~~{content}~~" for tag in ("del", "s", "strike")},
    "td": _cell,
    "th": _cell,
    "tr": _row,
    "table": _table,
    **{tag: lambda content, _, __: content for tag in ("thead", "tbody", "tfoot")},
    **{tag: lambda _, __, ___: "" for tag in ("caption", "colgroup", "col")},
    "input": _checkbox,
}
