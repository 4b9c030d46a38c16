"""How JSONata scans a name, as parts of regular expressions, verbose ones too.

It goes on until a blank or an operator: letters, marks, signs and quotes may all be in it. Digits
are those of ASCII.
"""

from typing import Final

BLANKS: Final = r" \t\n\r\v"
ENDS: Final = rf"{BLANKS}.\[\]{{}}(),@\#;:?+\-*/%|=<>^&!~"

NAME: Final = rf"[^{ENDS}'\"`0-9][^{ENDS}]*"
NUMBER: Final = r"[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?"
TEXT: Final = r""""(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'"""
