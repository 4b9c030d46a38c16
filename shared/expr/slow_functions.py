"""JSONata's own functions that may take long by one call, with a look at the clock before each.

Called once they are bounded by what they are given; called again and again they are not. So an
expression that repeats nothing is evaluated as it was written: nobody pays for what is not needed.
"""

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from shared.expr.limits import PICTURE_CHARS_MAX

_TEXT: Final = ("$a", "<s-:s>")
_BY_SIZE: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "uppercase": _TEXT,
        "lowercase": _TEXT,
        "trim": _TEXT,
        "encodeUrl": _TEXT,
        "encodeUrlComponent": _TEXT,
        "decodeUrl": _TEXT,
        "decodeUrlComponent": _TEXT,
        "pad": ("$a,$b,$c", "<s-ns?:s>"),
        "split": ("$a,$b,$c", "<s-(sf)n?:a<s>>"),
        "clone": ("$a", "<(oa)-:o>"),
        "reverse": ("$a", "<a:a>"),
        "shuffle": ("$a", "<a:a>"),
        "append": ("$a,$b", "<xx:a>"),
        "sort": ("$a,$b", ""),
    }
)
"""By name, the parameters and the signature: what takes as long as a text or a list is long.

Not ``$string``, of which ``$map`` sees one parameter of two, nor ``$zip``, which has no last one.
"""

_BY_PICTURE: Final[Mapping[str, tuple[str, str, str]]] = MappingProxyType(
    {
        "formatNumber": ("$a,$b,$c", "<n-so?:s>", "$b,''"),
        "formatInteger": ("$a,$b", "<n-s:s>", "$b,''"),
        "parseInteger": ("$a,$b", "<s-s:n>", "$b,$a"),
        "fromMillis": ("$a,$b,$c", "<n-s?s?:s>", "$b,''"),
        "toMillis": ("$a,$b", "<s-s?:n>", "$b,$a"),
    }
)
"""Also the picture, and what is read by it: what takes much longer than that is long."""

_REPEATING: Final = re.compile(
    r"\.\s*[$(]|[\[{^?@#]|function|λ|~>|/\*"
    rf"|\$(?:{'|'.join([*_BY_SIZE, *_BY_PICTURE])})\b(?!\s*\()"
)
"""Whatever may call a function more than once; or the function is no call, but a value."""

_TEXTS: Final = re.compile(r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"")
_PLAIN: Final = re.compile(
    rf"\$(?:{'|'.join(_BY_PICTURE)})\s*\(\s*[\w.]*\s*"
    rf"(?:,\s*(?:'[^'\\]{{0,{PICTURE_CHARS_MAX}}}'|\"[^\"\\]{{0,{PICTURE_CHARS_MAX}}}\")\s*)?\)"
)


def looks_in(source: str) -> Iterator[str]:
    """Definitions in JSONata that stand for those that a text mentions, where that matters."""
    # Where texts cannot be told from regular expressions and names, nothing is left out.
    told = source if "/" in source or "`" in source else _TEXTS.sub("''", source)
    repeats = _REPEATING.search(told) is not None
    for name, (given, signature) in _BY_SIZE.items() if repeats else ():
        if name in source:
            yield _defined(name, given, signature, "$look()", "$turnout_look")
    left = source if repeats else _PLAIN.sub("", source)
    for name, (given, signature, looked_at) in _BY_PICTURE.items():
        if name in left:
            yield _defined(name, given, signature, f"$look({looked_at})", "$turnout_look_at")


def _defined(name: str, given: str, signature: str, look: str, by: str) -> str:
    called = f"$builtin({given})"
    if name == "sort":  # it takes nothing for no function
        called = "$exists($b)?$builtin($a,$b):$builtin($a)"
    return (
        f"${name}:=(function($builtin,$look){{function({given}){signature}"
        f"{{({look};{called})}}}})(${name},{by});"
    )
