"""Which texts may build more than they were given, told from their syntax trees.

The engine looks at no clock while it goes through a value: to compare it, to ask whether it is
true, to hand it to a function, to sort by it, to tell of it in an error. What was given is never
large.
But ``{'a': $x, 'b': $x}``, repeated 60 times, is 2^60 values in the memory of 60, and copies of a
text made in a loop fill the memory. So each part of a text gets an upper limit of what it comes to,
shared parts counted as often as they stand there, in multiples of what the expression was given:

- a path of names, a variable from outside and a short literal: once. A number or a truth: nothing.
- a constructor and ``&``: as much as their parts together.
- a loop (a step of a path, a predicate, a sort, a grouping, ``$map`` and its like with a function
  written there or a built-in): for every item what the body makes of the item, which is all items'
  parts together; without limit where the body brings in something from outside the loop.
- a range that is not short: without limit.

A text is seen through if nothing is gone through that is larger than ``WALKED_MAX`` times, all that
is copied (texts, lists) stays below ``COPIED_MAX`` times, and nothing from outside a loop is copied
within it. What is only the result may be of any size: the engine counts results. Functions with
names, called by themselves, composed or applied in part, transforms, ``%``, ``@``, ``#`` and long
texts are never seen through.
"""

import re
from collections.abc import Collection
from typing import Final

from jsonata.parser import Parser

from shared.expr.size_reading import Reader
from shared.expr.sizes import Place

READ_CHARS_MAX: Final = 2_048
"""To read a longer text takes longer than to evaluate it elsewhere many times."""

_NOT_PLAIN: Final = re.compile(r"[(\[{|~:*%@#?^&λ/`\\]")
"""Without any of these, names, literals, comparisons and arithmetic are all that is left."""


def may_build(source: str, extensions: Collection[str] = (), *, is_condition: bool) -> bool:
    """Whether a valid text may build more than it was given; raises nothing.

    ``extensions`` are the functions that it has beyond the engine's. What a condition comes to is
    gone through itself.
    """
    if not _NOT_PLAIN.search(source):
        return False
    if len(source) > READ_CHARS_MAX:
        return True
    try:
        reader = Reader(extensions)
        size = reader.block([Parser().parse(source)], Place())
        if is_condition:
            reader.walk([size])
    except Exception:  # noqa: BLE001 - whatever is tripped over is not seen through, no more
        return True
    return False
