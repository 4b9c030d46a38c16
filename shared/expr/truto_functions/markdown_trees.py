"""Markdown as a tree of the tokens that the library marked would make of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_block import StateBlock
from markdown_it.rules_block.table import table
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode
from markdown_it.utils import EnvType, OptionsDict

from shared.expr.limits import look, refuse
from shared.expr.truto_functions.javascript import text_of

MARKDOWN_CHARS_MAX = 32_768
"""What is read within the time that an expression has."""

TABLE_CELLS_MAX = 10_000
"""Rows are filled up to the columns of the table, so that short ones may have many cells."""

_INLINE = {"em": "em", "strong": "strong", "s": "del"}
_TASK_MARKS = {"[ ] ": False, "[x] ": True, "[X] ": True}
_BEFORE_SPACE = ("paragraph", "bullet_list", "ordered_list", "blockquote", "fence", "hr")
"""Blank lines after other blocks are theirs."""
_WITHOUT_BREAK = ("list_item_open", "tbody_open", "tbody_close")


@dataclass(slots=True)
class Node:
    """One token: what it is, its text without marks, its text as written, what is in it."""

    kind: str
    text: str = ""
    raw: str = ""
    tokens: list["Node"] | None = None
    items: list["Node"] = field(default_factory=list)
    rows: list[list["Node"]] = field(default_factory=list)
    href: str = ""
    lang: str = ""
    depth: int = 0
    start: int | None = None
    checked: bool | None = None


class _Renderer(RendererHTML):
    """HTML with the line breaks of the library marked."""

    def renderToken(  # noqa: N802 - the library's name
        self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType
    ) -> str:
        text = super().renderToken(tokens, idx, options, env).removeprefix("\n")
        return text.removesuffix("\n") if tokens[idx].type in _WITHOUT_BREAK else text

    def hardbreak(self, *_: object) -> str:
        return "<br>"

    def softbreak(
        self, _tokens: Sequence[Token], _idx: int, options: OptionsDict, _env: EnvType
    ) -> str:
        return "<br>" if options.breaks else "\n"


def _reader(options: Any) -> MarkdownIt:
    chosen = {"xhtmlOut": False, "breaks": bool((options or {}).get("breaks"))}
    reader = MarkdownIt("commonmark", chosen, renderer_cls=_Renderer)
    reader.inline.ruler.before("text", "look", _look)
    reader.block.ruler.before("table", "look", _look_at_block, {"alt": []})
    reader.block.ruler.at("table", _bounded_table, {"alt": ["paragraph", "reference"]})
    return reader.enable(["table", "strikethrough"])


def _look(_state: StateInline, _silent: bool) -> bool:  # noqa: FBT001 - the library's rules
    look()
    return False


def _look_at_block(_state: StateBlock, _start: int, _end: int, _silent: bool) -> bool:  # noqa: FBT001
    look()
    return False


def _bounded_table(state: StateBlock, start: int, end: int, silent: bool) -> bool:  # noqa: FBT001
    columns = state.src.count("|", state.bMarks[start], state.eMarks[start]) + 1
    rows = next((n for n in range(start, end) if state.isEmpty(n)), end) - start
    if columns * rows > TABLE_CELLS_MAX and "-" in state.getLines(start + 1, start + 2, 0, False):
        refuse(f"a table has more than {TABLE_CELLS_MAX} cells")
    return table(state, start, end, silent)


def _bounded(markdown: Any) -> str:
    text = "" if markdown is None else text_of(markdown)
    if len(text) > MARKDOWN_CHARS_MAX:
        refuse(f"The Markdown is longer than {MARKDOWN_CHARS_MAX} characters.")
    return text


def to_html(markdown: Any = None, options: Any = None) -> str:
    """``$convertMarkdownToHtml``; HTML in it stays as it is. Option: ``breaks``."""
    reader = _reader(options)
    tokens = reader.parse(_bounded(markdown))
    for before, token in pairwise(tokens):
        mark = token.content[:4]
        if before.type == "paragraph_open" and before.level > 1 and mark in _TASK_MARKS:
            _show_task(token.children or [], is_done=_TASK_MARKS[mark])
        for child in token.children or []:
            child.tag = "del" if child.tag == "s" else child.tag
    return str(reader.renderer.render(tokens, reader.options, {}))


def _show_task(children: list[Token], *, is_done: bool) -> None:
    checked = 'checked="" ' if is_done else ""
    children[0].content = children[0].content[4:]
    box = f'<input {checked}disabled="" type="checkbox"> '
    children.insert(0, Token("html_inline", "", 0, content=box))


def tokens_in(markdown: Any) -> list[Node]:
    """The blocks of a text, with the blank lines between them. Raises ExpressionError."""
    text = _bounded(markdown)
    lines = text.split("\n")
    # An entity stays a token of its own, which knows how it is written.
    tree = SyntaxTreeNode(_reader(None).disable("text_join").parse(text))
    return list(_blocks(tree, lines, len(lines), in_item=False))


def _blocks(parent: SyntaxTreeNode, lines: list[str], end: int, *, in_item: bool) -> Iterator[Node]:
    for index, child in enumerate(parent.children):
        node = _block(child, lines, in_item=in_item)
        yield node
        following = parent.children[index + 1 : index + 2]
        until = following[0].map[0] if following and following[0].map else end
        blank = until - _last_line(child, lines)
        if child.type in _BEFORE_SPACE and (blank if following else blank > 1 and not in_item):
            yield Node("space", raw="\n" * (blank + 1 if following else blank))


def _last_line(node: SyntaxTreeNode, lines: list[str]) -> int:
    """Past the last line that is not blank."""
    begin, end = node.map or (0, 0)
    while end > begin and not lines[end - 1].strip(" \t>"):
        end -= 1
    return end


def _block(node: SyntaxTreeNode, lines: list[str], *, in_item: bool) -> Node:  # noqa: PLR0911 - one way a kind of token
    begin, _ = node.map or (0, 0)
    raw = "\n".join(lines[begin : _last_line(node, lines)])
    match node.type:
        case "heading" | "paragraph":
            inline = node.children[0] if node.children else None
            kind = node.type if node.type == "heading" or not in_item else "text"
            found = list(_inlines(inline)) if inline else []
            depth = int(node.tag[1:]) if kind == "heading" else 0
            return Node(kind, inline.content if inline else "", raw, found, depth=depth)
        case "bullet_list" | "ordered_list":
            items = [_item(child, lines) for child in node.children]
            start = int(node.attrs.get("start", 1)) if node.type == "ordered_list" else None
            return Node("list", raw=raw, items=items, start=start)
        case "fence" | "code_block":
            text = node.content.removesuffix("\n")
            if node.type == "code_block":
                raw = _with_blank_lines(lines, begin, _last_line(node, lines))
            return Node("code", text, raw, lang=node.info.strip())
        case "blockquote":
            end = (node.map or (0, 0))[1]
            return Node(
                "blockquote", raw=raw, tokens=list(_blocks(node, lines, end, in_item=False))
            )
        case "table":
            rows = [row for part in node.children for row in part.children]
            cells = [[_cell(cell) for cell in row.children] for row in rows]
            return Node("table", raw=raw, items=cells[0], rows=cells[1:])
        case "hr":
            return Node("hr", raw=raw)
        case _:
            return Node("html", node.content, node.content)


def _with_blank_lines(lines: list[str], begin: int, end: int) -> str:
    """An indented block of code as written, with the blank lines that follow it."""
    while end < len(lines) and not lines[end].strip():
        end += 1
    return "\n".join(lines[begin:end]) + ("\n" if end < len(lines) else "")


def _item(node: SyntaxTreeNode, lines: list[str]) -> Node:
    found = list(_blocks(node, lines, (node.map or (0, 0))[1], in_item=True))
    first = found[0] if found else Node("text", tokens=[])
    mark = first.text[:4] if first.kind == "text" else ""
    if mark in _TASK_MARKS and first.tokens:
        first.text = first.text[4:]
        first.raw = first.raw.partition(mark)[2]
        first.tokens[0].text = first.tokens[0].raw = first.tokens[0].text[4:]
        return Node("list_item", tokens=found, checked=_TASK_MARKS[mark])
    return Node("list_item", tokens=found)


def _cell(node: SyntaxTreeNode) -> Node:
    inline = node.children[0]
    return Node("cell", inline.content, inline.content, list(_inlines(inline)))


def _inlines(parent: SyntaxTreeNode) -> Iterator[Node]:
    """Texts that follow each other are one."""
    last: Node | None = None
    for child in parent.children:
        node = _inline(child)
        if last is not None and last.kind == node.kind == "text":
            last.text += node.text
            last.raw += node.raw
            continue
        if last is not None:
            yield last
        last = node
    if last is not None:
        yield last


def _inline(node: SyntaxTreeNode) -> Node:  # noqa: PLR0911 - one way a kind of token
    match node.type:
        case "softbreak":
            return Node("text", "\n", "\n")
        case "hardbreak":
            return Node("br", "", "  \n")
        case "code_inline":
            return Node("codespan", node.content, f"{node.markup}{node.content}{node.markup}")
        case "image":
            return Node("image", node.content, href=str(node.attrs["src"]))
        case "link":
            found = list(_inlines(node))
            inner = "".join(one.raw for one in found)
            href = str(node.attrs["href"])
            return Node("link", inner, f"[{inner}]({href})", found, href=href)
        case "em" | "strong" | "s":
            found = list(_inlines(node))
            inner = "".join(one.raw for one in found)
            return Node(_INLINE[node.type], inner, f"{node.markup}{inner}{node.markup}", found)
        case "html_inline":
            return Node("html", node.content, node.content)
        case "text_special" if node.markup.startswith("&"):
            return Node("text", node.content, node.markup)
        case _:
            return Node("text", node.content, node.content)
