"""Stops what the engine's own bounds do not.

jlens looks at its limits after building a ``$replace`` result and after allocating a range
``[a..b]``, never during ``$distinct`` (quadratic), ``$eval`` runs a text that no guard has seen,
and some functions take long (``slow_functions.py``). An expression that mentions one of these is
evaluated with guards around it; every other expression runs exactly as written.

The guards are JSONata: closures over the built-ins keep their semantics (context argument,
sequences, regular expressions), which functions of Python cannot see.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import orjson

from shared.expr.errors import ExpressionError
from shared.expr.limits import look, look_at, looking, make_room, refuse
from shared.expr.names import BLANKS, NAME, NUMBER, TEXT
from shared.expr.slow_functions import looks_in

RESULT_CHARS_MAX: Final = 1_000_000
"""What ``$replace`` may build at most; the bounds of the evaluation are mostly tighter."""

_DISTINCT = """$distinct := (function($builtin, $unique){
 function($items)<x:x>{(
  $found := $unique($items);
  $count($found) < 2 ? $builtin($items) : $found
 )}
})($distinct, $turnout_unique);"""
# Below two items found the built-in is linear, and knows null, scalars and sequences.

_REPLACE = f"""$replace := (function($builtin, $refuse){{
 function($text, $pattern, $new, $limit)<s-(sf)(sf)n?:s>{{(
  $count_matches := function(){{
   $type($pattern) = 'string' ? $count($split($text, $pattern)) : $count($match($text, $pattern))
  }};
  $refused := function(){{
   $refuse('$replace would build more than {RESULT_CHARS_MAX} characters')
  }};
  $not($exists($text)) ? $builtin($text, $pattern, $new, $limit)
  : $type($new) = 'string' ? (
   $length($text) * $length($new) <= {RESULT_CHARS_MAX}
   or $count_matches() * $length($new)
      + ($type($pattern) = 'string' ? 0 : $count($split($new, '$')) - 1) * $length($text)
      <= {RESULT_CHARS_MAX}
   ? $builtin($text, $pattern, $new, $limit) : $refused()
  ) : (
   $share := {RESULT_CHARS_MAX} / $max([1, $count_matches()]);
   $builtin($text, $pattern, function($found){{(
    $made := $new($found);
    $type($made) = 'string' and $length($made) > $share ? $refused() : $made
   )}}, $limit)
  )
 )}}
}})($replace, $turnout_refuse);"""
# A replacement text grows by its own length per match, and by the whole text for each group
# reference ($0) over all matches; a replacing function gets an equal share per match.

_RANGE = """$turnout_range := (function($make_room){
 function($from, $to){(
  $type($from) = 'number' and $type($to) = 'number' and $to >= $from
  ? $make_room($to - $from + 1);
  [$from..$to]
 )}
})($turnout_make_room);"""

_TOKEN = re.compile(
    rf"""(?P<blank>[{BLANKS}]+|/\*.*?\*/)
    |(?P<range>\.\.)
    |(?P<text>{TEXT}|`[^`]*`|{NUMBER})
    |(?P<word>{NAME})
    |(?P<sign>\*\*|\?\?|.)""",
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Guarded:
    """A text to evaluate in place of the author's: ``prelude`` first, then ``body``.

    ``edits`` are (offset in ``body``, characters added there), ascending; ``functions`` must be
    registered under their names.
    """

    prelude: str
    body: str
    edits: tuple[tuple[int, int], ...]
    functions: tuple[tuple[str, Callable[..., Any], str | None], ...]

    def author_position(self, offset: int) -> int | None:
        """Where the author's text has what stands at ``offset`` of the body; None if nowhere."""
        if not 0 <= offset <= len(self.body):
            return None
        return offset - sum(min(added, offset - at) for at, added in self.edits if at < offset)


def guard(source: str) -> Guarded:
    """``source``, a valid expression, with guards for what it mentions."""
    body, edits = _guard_ranges(source) if ".." in source else (source, ())
    # A text for $eval is JSON only, so a name that is not in the source cannot be called.
    parts = [
        *([_DISTINCT] if "distinct" in source else ()),
        *([_REPLACE] if "replace" in source else ()),
        *([_RANGE] if edits else ()),
    ]
    looks = [*looks_in(source)]
    functions: list[tuple[str, Callable[..., Any], str | None]] = []
    if parts:
        functions += [("turnout_unique", looking(_unique), None), ("turnout_refuse", refuse, None)]
    if edits:
        functions.append(("turnout_make_room", make_room, None))
    if looks:
        functions += [("turnout_look", look, None), ("turnout_look_at", look_at, None)]
    if "eval" in source:
        functions.append(("eval", looking(_eval_json), "<sx?:x>"))
    return Guarded("".join((*parts, *looks)), body, edits, tuple(functions))


def _guard_ranges(source: str) -> tuple[str, tuple[tuple[int, int], ...]]:
    """``[a..b]`` as ``[$turnout_range(a,b)]``, and where that added characters."""
    inserts: dict[int, str] = {}
    cuts: set[int] = set()
    open_items: list[tuple[int, bool]] = []  # per bracket: where its item began, if it is a range
    for sign, start in _signs(source):
        if sign in "([{":
            open_items.append((start + 1, False))
        elif sign == ".." and open_items:
            begin, _ = open_items[-1]
            inserts[begin] = inserts.get(begin, "") + "$turnout_range("
            cuts.add(start)
            open_items[-1] = (begin, True)
        elif sign in ",)]}" and open_items:
            _, is_range = open_items.pop()
            if is_range:
                inserts[start] = ")"
            if sign == ",":
                open_items.append((start + 1, False))
    return _edited(source, inserts, cuts)


def _edited(
    source: str, inserts: dict[int, str], cuts: set[int]
) -> tuple[str, tuple[tuple[int, int], ...]]:
    parts: list[str] = []
    edits: list[tuple[int, int]] = []
    done = length = 0
    for at in sorted(inserts.keys() | cuts):
        parts.append(source[done:at])
        length += at - done
        done = at
        if at in cuts:
            # A blank keeps the length, so that only insertions shift positions.
            parts.append(", ")
            length += 2
            done += 2
        else:
            parts.append(inserts[at])
            edits.append((length, len(inserts[at])))
            length += len(inserts[at])
    parts.append(source[done:])
    return "".join(parts), tuple(edits)


def _signs(source: str) -> list[tuple[str, int]]:
    """The signs of ``source`` with their offsets; texts, names and regular expressions left out."""
    signs: list[tuple[str, int]] = []
    offset = 0
    after_operand = False
    while found := _TOKEN.match(source, offset):
        kind, piece = found.lastgroup, found.group()
        offset = found.end()
        if kind == "blank":
            continue
        if piece == "/" and not after_operand:
            offset = _regex_end(source, offset)
            after_operand = True
        elif kind == "word":
            after_operand = not after_operand  # a word after an operand is and, or, in
        elif kind == "text":
            after_operand = True
        else:
            signs.append((piece, found.start()))
            after_operand = piece in ")]}" or (piece in ("*", "**", "%", "?") and not after_operand)
    return signs


def _regex_end(source: str, offset: int) -> int:
    """Past the regular expression that began before ``offset``, and past its flags.

    As JSONata scans it: a slash inside brackets does not end it.
    """
    depth = 0
    while offset < len(source):
        char = source[offset]
        if char == "\\":
            offset += 1
        elif char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
        elif char == "/" and depth == 0:
            offset += 1
            while source[offset : offset + 1] in ("i", "m"):
                offset += 1
            return offset
        offset += 1
    return offset


def _unique(items: Any) -> Any:
    """The items without repeats, in order; linear where the built-in is quadratic."""
    if not isinstance(items, list):
        return None
    first: dict[str, Any] = {}
    for item in items:
        # Decoded, because orjson's bytes keep the kilobytes they were written into.
        first.setdefault(orjson.dumps(item, option=orjson.OPT_SORT_KEYS).decode(), item)
    return list(first.values())


def _eval_json(text: str | None, _focus: Any = None) -> Any:
    try:
        return None if text is None else orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise ExpressionError("D3120", f"$eval reads JSON only, no expressions: {error}") from error
