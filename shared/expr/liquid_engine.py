"""The Liquid engine, made safe to run for strangers.

python-liquid bounds nesting; time, memory and the clock are bounded here. Every path looked up,
filter called, piece written and turn of a loop is counted by a ``Meter``, and what a filter is
given is measured beforehand, so that between two looks at the clock little can happen. Nothing is
loaded from anywhere: there is no ``include`` and no ``render``.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from io import StringIO
from typing import Any, TextIO

from liquid import BoundTemplate, Environment, RenderContext
from liquid.builtin.output import Output
from liquid.builtin.tags.echo_tag import EchoNode, EchoTag
from liquid.builtin.tags.for_tag import ForLoop, ForNode, ForTag
from liquid.builtin.tags.tablerow_tag import TableRow
from liquid.token import Token

from shared.expr.bounds import Bounds
from shared.expr.errors import ExpressionError
from shared.expr.liquid_filters import CHARS_MAX, FILTERS, written

INTEGER_BITS_MAX = 1_024
"""The largest number that a filter takes."""

VALUE_UNITS_MAX = 4_194_304
MADE_UNITS_MAX = 8_388_608
NODE_UNITS = 16
"""How large one value given to a filter, and all that one rendering makes, may be; a unit is a
character, and a value costs ``NODE_UNITS`` beside its characters."""

_REMOVED_TAGS = ("include", "render", "tablerow")
_CHEAP_FILTERS = frozenset({"size", "first", "last", "default"})


class Meter:
    """What one rendering has used; ``ExpressionError`` for what passes its bounds."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._ends_s = time.monotonic() + bounds.timeout_s
        self._ends_cpu_s = time.thread_time() + bounds.timeout_s
        self._left_units = MADE_UNITS_MAX
        self._left_turns = bounds.array_items_max

    def tick(self) -> None:
        """Look at the clock."""
        # On a busy machine much time may pass in which nothing was done: that is not counted.
        # Asked second, as it costs the system a call.
        if time.monotonic() > self._ends_s and time.thread_time() > self._ends_cpu_s:
            limit = self._bounds.timeout_s
            raise ExpressionError("TEMPLATE_TIME", f"The template takes longer than {limit:g} s.")

    def turn(self) -> None:
        """Count one turn of a loop."""
        self._left_turns -= 1
        if self._left_turns < 0:
            raise _too_large(f"loops take more than {self._bounds.array_items_max} turns")
        self.tick()

    def made(self, units: int) -> None:
        """Count what was written or came from a filter."""
        self._left_units -= units
        if self._left_units < 0:
            raise _too_large("it makes too much text")
        self.tick()

    def measure(self, value: Any) -> int:
        """The size of ``value`` in units, if a filter may have it."""
        units = 0
        pending = [value]
        while pending:
            node = pending.pop()
            units += NODE_UNITS
            match node:
                case str():
                    units += _at_most(len(node), CHARS_MAX, "a text has {} characters")
                case dict():
                    pending += [*node.keys(), *node.values()]
                case list() | tuple():
                    self.fits(node)
                    pending += node
                case range():
                    self.fits(node)
                    units += NODE_UNITS * len(node)
                case int():
                    _at_most(node.bit_length(), INTEGER_BITS_MAX, "a number has {} bits")
            if units + NODE_UNITS * len(pending) > VALUE_UNITS_MAX:
                raise _too_large("a filter is given too large a value")
        return units

    def fits(self, items: Any) -> None:
        """Refuse a range or list with too many items."""
        size = items.stop - items.start if isinstance(items, range) else len(items)
        _at_most(size, self._bounds.array_items_max, "a list has {} items")


class Context(RenderContext):
    """The state of one rendering."""

    def __init__(
        self, template: BoundTemplate, scope: Mapping[str, Any], meter: Meter, now: datetime
    ) -> None:
        super().__init__(template, globals={"now": now, "today": now.date(), **scope})
        self.meter = meter
        self.instant = now

    def get(self, path: list[object], *, token: Token | None, default: object = ...) -> object:
        """Look up a path."""
        self.meter.tick()
        if default is ...:
            return super().get(path, token=token)
        return super().get(path, token=token, default=default)

    def assign(self, key: str, val: Any) -> None:
        """Keep a value under a name."""
        self.meter.made(len(val) if isinstance(val, str) else NODE_UNITS)
        super().assign(key, val)

    def filter(self, name: str, token: Token | None) -> Callable[..., object]:
        """The filter, with what goes in and comes out measured."""
        run = super().filter(name, token)
        if name in _CHEAP_FILTERS:
            return run

        def measured(*given: Any, **options: Any) -> object:
            self.meter.measure([*given, *options.values()])
            self.meter.tick()
            result = run(*given, **options)
            self.meter.made(self.meter.measure(result))
            return result

        return measured

    @contextmanager
    def loop(
        self, namespace: Mapping[str, object], forloop: ForLoop | TableRow
    ) -> Iterator[RenderContext]:
        """Enter a loop, each turn of which is counted."""
        forloop.it = self._counted(forloop.it)
        with super().loop(namespace, forloop) as context:
            yield context

    def get_buffer(self, buf: TextIO | None = None) -> StringIO:  # noqa: ARG002 - theirs
        """Where a captured text is written."""
        return Sink(self.meter)

    def _counted(self, items: Iterator[Any]) -> Iterator[Any]:
        for item in items:
            self.meter.turn()
            yield item


class Sink(StringIO):
    """An output that counts what is written into it."""

    def __init__(self, meter: Meter) -> None:
        super().__init__()
        self._meter = meter

    def write(self, text: str) -> int:
        """Write and count."""
        self._meter.made(len(text))
        return super().write(text)


class SafeEnvironment(Environment):
    """The tags and filters there are."""

    def __init__(self) -> None:
        super().__init__()
        for name in _REMOVED_TAGS:
            del self.tags[name]
        for tag in (_Output, _Echo, _For):
            self.add_tag(tag)
        self.filters.update(FILTERS)


class _OutputNode(EchoNode):
    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        value = self.expression.evaluate(context)
        if isinstance(context, Context) and not isinstance(value, str):
            context.meter.measure(value)
        return buffer.write(written(value))


class _Output(Output):
    node_class = _OutputNode


class _Echo(EchoTag):
    node_class = _OutputNode


class _ForNode(ForNode):
    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        # Before the engine makes a list of it, to reverse it.
        items = self.expression.iterable.evaluate(context)
        if isinstance(context, Context) and isinstance(items, range):
            context.meter.fits(items)
        return super().render_to_output(context, buffer)


class _For(ForTag):
    node_class = _ForNode


def _at_most(size: int, limit: int, what: str) -> int:
    if size > limit:
        raise _too_large(f"{what.format(size)}, more than {limit}")
    return size


def _too_large(what: str) -> ExpressionError:
    return ExpressionError("TEMPLATE_SIZE", f"The template was stopped: {what}.")
