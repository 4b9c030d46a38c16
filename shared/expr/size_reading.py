"""How large a JSONata expression and its parts may become, read from its syntax tree.

The rule stands in ``builds.py``.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

from shared.expr.built_in import COPYING, LOOPING, MAPPED, MEASURING, NAMES, SHORT_CHARS, is_modest
from shared.expr.sizes import SMALL, UNKNOWN, Place, Size, made_of

NODES_MAX: Final = 2_000
WALKED_MAX: Final = 32.0
COPIED_MAX: Final = 32.0
RANGE_ITEMS_SHORT: Final = 100

_BELOW_ALL: Final = 16.0
"""How many times a part is in a list of all that is below: as often as it is deep."""

_EXTENDED: Final = 8.0
"""How many times what it is given a function of ours makes."""

_TUPLES: Final = ("focus", "index", "tuple", "ancestor")
_COMPARED: Final = frozenset(
    ("=", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "and", "or", "in")
)


class Unseen(Exception):
    """It cannot be told what the text builds."""


class Reader:
    """Goes through a tree once; raises ``Unseen``, or whatever a strange tree makes it.

    ``extensions`` are the functions that there are beyond the engine's.
    """

    def __init__(self, extensions: Collection[str]) -> None:
        self._extensions = extensions
        self._nodes = 0
        self._copied = 0.0

    def size(self, node: Any, place: Place) -> Size:
        """How large the part is that ``node`` stands for."""
        self._nodes += 1
        if self._nodes > NODES_MAX or any(getattr(node, name, None) for name in _TUPLES):
            raise Unseen
        size = _READ[node.type](self, node, place)
        for stage in (*(getattr(node, "predicate", None) or ()), *(_stages(node) or ())):
            if stage.type != "filter":
                raise Unseen
            self.walk([self.size(stage.expr, place.step(size))])
        group = getattr(node, "group", None)
        if group is not None:
            inside = place.step(size)
            size = self.pairs(group.lhs_object, inside).after(size)
        return size

    def walk(self, sizes: Iterable[Size]) -> None:
        """Something goes through these."""
        if any(size.times > WALKED_MAX for size in sizes):
            raise Unseen

    def block(self, nodes: Sequence[Any], place: Place) -> Size:
        """The last of several, which may bind variables for those after them."""
        inside = replace(place, variables=dict(place.variables))
        size = SMALL
        for node in nodes:
            size = self.statement(node, inside)
        return size

    def statement(self, node: Any, place: Place) -> Size:
        # Only here: what is bound elsewhere in a loop is still there for the next item.
        if node.type != "bind":
            return self.size(node, place)
        size = self.statement(node.rhs, place)
        place.variables[node.lhs.value] = size
        return size

    def opened(self, node: Any, place: Place) -> Size:
        return self.block(node.expressions, place)

    def copy(self, times: float, sizes: Sequence[Size], place: Place) -> Size:
        """A text or a list that is made of these."""
        self.walk(sizes)
        made = made_of(sizes, place, times)
        self._copied += made.times
        if not (made.is_own and place.may_copy) or self._copied > COPIED_MAX:
            raise Unseen
        return made

    def literal(self, node: Any, place: Place) -> Size:
        is_short = not isinstance(node.value, str) or len(node.value) <= SHORT_CHARS
        return SMALL if is_short else Size(place.unit, is_own=not place.is_loop)

    def name(self, _node: Any, place: Place) -> Size:
        return place.context

    def below(self, _node: Any, place: Place) -> Size:
        return self.copy(_BELOW_ALL, [place.context], place)

    def variable(self, node: Any, place: Place) -> Size:
        if node.value == "":
            return place.context
        if node.value in place.variables:
            return place.variables[node.value]
        if node.value in NAMES or node.value in self._extensions:
            raise Unseen  # a function as a value
        return Size(1.0, is_own=not place.is_loop)

    def path(self, node: Any, place: Place) -> Size:
        first, *others = node.steps
        if first.type in ("name", "variable"):
            size = self.size(first, place)
        else:
            size = self.step(first, place, place.context)
        for step in others:
            size = self.step(step, place, size)
        return size

    def step(self, step: Any, place: Place, source: Size) -> Size:
        inside = place.step(source)
        if step.type != "sort":
            return self.size(step, inside).after(source)
        self.walk(self.size(term.expression, inside) for term in step.terms)
        return self.copy(1.0, [source], place)

    def binary(self, node: Any, place: Place) -> Size:
        if node.value == "&":
            return self.copy(1.0, [self.size(part, place) for part in _joined(node)], place)
        if node.value not in _COMPARED and node.value != "%":
            raise Unseen
        self.walk([self.size(node.lhs, place), self.size(node.rhs, place)])
        return SMALL

    def unary(self, node: Any, place: Place) -> Size:
        if node.value == "-":
            self.walk([self.size(node.expression, place)])
            return SMALL
        if node.value == "[":
            return made_of([self.item(item, place) for item in node.expressions], place)
        # Of a context that is a list, there may be one for each item.
        is_one = all(key.type == "string" for key, _ in node.lhs_object)
        inside = place if is_one else place.step(place.context)
        made = self.pairs(node.lhs_object, inside)
        return made if is_one else made.after(place.context)

    def pairs(self, pairs: Sequence[Any], place: Place) -> Size:
        self.walk([self.size(key, place) for key, _ in pairs])
        return made_of([self.size(value, place) for _, value in pairs], place)

    def item(self, node: Any, place: Place) -> Size:
        if node.type != "binary" or node.value != "..":
            return self.size(node, place)
        ends = [node.lhs, node.rhs]
        self.walk([self.size(end, place) for end in ends])
        is_short = (
            all(end.type == "number" for end in ends)
            and node.rhs.value - node.lhs.value < RANGE_ITEMS_SHORT
        )
        return Size(place.unit) if is_short else UNKNOWN

    def condition(self, node: Any, place: Place) -> Size:
        self.walk([self.size(node.condition, place)])
        ways = [node.then, getattr(node, "_else", None)]
        sizes = [self.size(way, place) for way in ways if way is not None]
        return Size(max(s.times for s in sizes), is_own=all(s.is_own for s in sizes))

    def applied(self, node: Any, place: Place) -> Size:
        if node.rhs.type == "function":
            return self.call(node.rhs, [node.lhs, *node.rhs.arguments], place)
        return self.call_named(node.rhs, [node.lhs], place)

    def function(self, node: Any, place: Place) -> Size:
        return self.call(node, node.arguments, place)

    def call(self, node: Any, arguments: Sequence[Any], place: Place) -> Size:
        return self.call_named(node.procedure, arguments, place)

    def call_named(self, called: Any, arguments: Sequence[Any], place: Place) -> Size:
        name = called.value
        if called.type != "variable" or name in place.variables:
            raise Unseen
        if name in LOOPING and len(arguments) > 1 and name not in self._extensions:
            return self.looped(name, arguments, place)
        sizes = [self.size(argument, place) for argument in arguments]
        if not any(size.times for size in sizes):
            sizes.append(place.context)  # taken where an argument is missing
        if name in ("join", "replace", "pad") and not is_modest(name, arguments):
            raise Unseen
        return self.made(name, sizes, arguments, place)

    def made(
        self, name: str, sizes: Sequence[Size], arguments: Sequence[Any], place: Place
    ) -> Size:
        if name in self._extensions:
            return self.copy(_EXTENDED, sizes, place)
        self.walk(sizes)
        if name in MEASURING:
            return SMALL
        if name == "lookup":
            return sizes[0]
        times = COPYING[name]
        if name == "replace":
            times += max(len(str(argument.value)) for argument in arguments)
        return self.copy(times, sizes, place)

    def looped(self, name: str, arguments: Sequence[Any], place: Place) -> Size:
        source, *begun = (self.size(arguments[at], place) for at in (0, 2) if at < len(arguments))
        self.walk([source, *begun])
        item = replace(source, is_own=True)
        whole = replace(source, is_own=False)
        given = [item, SMALL, whole]
        if name == "sort":
            given = [item, item]
        elif name == "reduce":
            kept = Size(max(source.times, *(size.times for size in begun), 1.0), is_own=False)
            given = [kept, item, SMALL, whole]
        made = self.body(arguments[1], given, source, place)
        if name in ("map", "each"):
            return made.after(source)
        if name == "reduce":
            if made.times > kept.times:
                raise Unseen
            return replace(kept, is_own=all(size.is_own for size in (source, *begun)))
        self.walk([made])
        return source

    def body(self, node: Any, given: Sequence[Size], source: Size, place: Place) -> Size:
        if node.type == "variable" and node.value in MAPPED:
            if node.value in place.variables or node.value in self._extensions:
                raise Unseen
            return self.made(node.value, given[:1], (), place.call(source))
        if node.type != "lambda":
            raise Unseen
        names = [parameter.value for parameter in node.arguments]
        named = dict(zip(names, given, strict=False))
        missing = dict.fromkeys(names[len(given) :], SMALL)
        body = node.body
        while body.type == "lambda" and getattr(body, "thunk", False):
            body = body.body
        return self.block([body], place.call(source, {**missing, **named}))


_READ: Final[Mapping[str, Callable[[Reader, Any, Place], Size]]] = MappingProxyType(
    {
        "string": Reader.literal,
        "number": Reader.literal,
        "value": Reader.literal,
        "regex": Reader.literal,
        "name": Reader.name,
        "wildcard": Reader.name,
        "descendant": Reader.below,
        "variable": Reader.variable,
        "path": Reader.path,
        "binary": Reader.binary,
        "unary": Reader.unary,
        "block": Reader.opened,
        "condition": Reader.condition,
        "apply": Reader.applied,
        "function": Reader.function,
    }
)


def _stages(node: Any) -> Sequence[Any]:
    return getattr(node, "stages", None) or ()


def _joined(node: Any) -> list[Any]:
    """The parts of ``a & b & c``; what stands between is gone at once."""
    parts, left = [], node
    while left.type == "binary" and left.value == "&" and not getattr(left, "predicate", None):
        parts.append(left.rhs)
        left = left.lhs
    return [left, *reversed(parts)]
