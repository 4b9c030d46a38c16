"""Bars and lines, as SVG that is readable on light and on dark pages.

Written by hand: a browser then chooses the colours by the reader's own preference, which a
drawing library's files cannot do.
"""

import math
from collections.abc import Mapping, Sequence
from html import escape
from itertools import cycle
from typing import Final

Bars = Mapping[str, Mapping[str, float]]
"""Groups of bars: by the group's name, by the bar's."""

Lines = Mapping[str, Sequence[tuple[float, float]]]
"""Lines: by name, the points from left to right; none lies below zero."""

_WIDTH: Final = 760
_LEFT: Final = 190
_RIGHT: Final = 90
_BAR: Final = 16
_GAP: Final = 12
_TOP: Final = 44
_HEIGHT: Final = 240
_STYLE: Final = """
text { font: 12px system-ui, sans-serif; fill: #24292f; }
.title { font-weight: 600; font-size: 14px; }
.value { font-size: 11px; fill: #57606a; }
.b0 { fill: #0969da; } .b1 { fill: #8c959f; } .b2 { fill: #bf8700; } .b3 { fill: #1a7f37; }
.b4 { fill: #8250df; } .b5 { fill: #cf222e; }
polyline { fill: none; stroke-width: 1.5; }
.l0 { stroke: #0969da; } .l1 { stroke: #8c959f; } .l2 { stroke: #bf8700; } .l3 { stroke: #1a7f37; }
.l4 { stroke: #8250df; } .l5 { stroke: #cf222e; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; }
  .value { fill: #9198a1; }
  .b0 { fill: #4493f8; } .b1 { fill: #6e7681; } .b2 { fill: #d29922; } .b3 { fill: #3fb950; }
  .b4 { fill: #ab7df8; } .b5 { fill: #f85149; }
}
"""


def bar_chart(title: str, bars: Bars, *, form: str = ",.0f", is_log: bool = False) -> str:
    """The picture; ``is_log``: a tenfold value is a step longer, which the title should say."""
    names = list(dict.fromkeys(name for group in bars.values() for name in group))
    classes = dict(zip(names, cycle(range(6)), strict=False))
    values = [value for group in bars.values() for value in group.values()]
    drawn, y = [], _TOP
    for group, found in bars.items():
        drawn.append(_text(_LEFT - 8, y + _BAR * (len(found) + 1) / 2, group, "end"))
        for name, value in found.items():
            length = (_WIDTH - _LEFT - _RIGHT) * _share(value, values, is_log=is_log)
            label = f"{group} {name} {value:{form}}"
            drawn.append(
                f'<rect class="b{classes[name]}" x="{_LEFT}" y="{y}" width="{max(1.0, length):.1f}"'
                f' height="{_BAR - 2}"><title>{escape(label)}</title></rect>'
            )
            drawn.append(_text(_LEFT + length + 6, y + _BAR - 5, f"{value:{form}}", kind="value"))
            y += _BAR
        y += _GAP
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {y}" role="img">',
            f"<style>{_STYLE}</style>",
            _text(0, 14, title, kind="title"),
            *_legend(classes),
            *drawn,
            "</svg>\n",
        ]
    )


def line_chart(title: str, lines: Lines) -> str:
    """The picture, with the greatest value on either axis; both begin at zero."""
    classes = dict(zip(lines, cycle(range(6)), strict=False))
    x_max, y_max = (max(p[i] for line in lines.values() for p in line) or 1 for i in (0, 1))
    right, bottom = _WIDTH - _RIGHT, _TOP + _HEIGHT
    drawn = []
    for name, line in lines.items():
        points = " ".join(
            f"{_LEFT + (right - _LEFT) * x / x_max:.1f},{bottom - _HEIGHT * y / y_max:.1f}"
            for x, y in line
        )
        drawn.append(
            f'<polyline class="l{classes[name]}" points="{points}">'
            f"<title>{escape(name)}</title></polyline>"
        )
    box = f"0 0 {_WIDTH} {bottom + 24}"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" role="img">',
            f"<style>{_STYLE}</style>",
            _text(0, 14, title, kind="title"),
            *_legend(classes),
            *drawn,
            *(
                _text(_LEFT - 8, y, f"{at:,.0f}", "end")
                for y, at in ((_TOP + 8, y_max), (bottom, 0))
            ),
            _text(right, bottom + 16, f"{x_max:,.0f}", "end"),
            "</svg>\n",
        ]
    )


def _legend(classes: Mapping[str, int]) -> list[str]:
    drawn, x = [], float(_LEFT)
    for name, number in classes.items():
        drawn.append(f'<rect class="b{number}" x="{x:.0f}" y="24" width="10" height="10"/>')
        drawn.append(_text(x + 15, 33, name, kind="value"))
        x += 40 + 6.5 * len(name)
    return drawn if len(classes) > 1 else []


def _share(value: float, values: list[float], *, is_log: bool) -> float:
    """How much of the longest bar this one is."""
    if not is_log:
        return value / (max(values) or 1)
    least = min(v for v in values if v > 0) / 2
    return math.log(max(value, least) / least) / math.log(max(values) / least)


def _text(x: float, y: float, text: str, anchor: str = "start", kind: str = "") -> str:
    return (
        f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" class="{kind}">{escape(text)}</text>'
    )
