"""Filters in the words of JSONata, after docs/FILTERS.md, for another engine to judge."""

import re
from collections.abc import Iterable
from typing import Any

PRELUDE = """
    $at := function($o, $key, $i) {
        $type($o) = 'object' ? $lookup($o, $key)
        : $i != 'none' and $type($o) = 'array' ? $o[$i] : null
    };
    $no := function($v) { $not($exists($v)) or $v = null };
    $eq := function($v, $w) { $no($w) ? $no($v) : $type($v) = $type($w) and $v = $w };
    $ordered := function($v, $w) { $type($v) = $type($w) and $type($v) in ['number', 'string'] };
    $text := function($v) { $type($v) = 'string' };
"""
"""A path that leads nowhere comes to null, as to a filter both are one."""

_NEGATIVES = {
    f"~n{name}": f"~{name}" for name in ("eq", "in", "contains", "starts", "ends", "regex")
}
_HELD = {
    "~eq": "$eq($v, {w})",
    **{
        name: f"$ordered($v, {{w}}) ? $v {sign} {{w}} : false"
        for name, sign in (("~gt", ">"), ("~gte", ">="), ("~lt", "<"), ("~lte", "<="))
    },
    "~regex": "$text($v) ? $contains($v, /{written}/) : false",
    "~starts": "$text($v) ? $substring($v, 0, $length({w})) = {w} : false",
    "~ends": "$text($v) and $length($v) >= $length({w})"
    " ? $substring($v, $length($v) - $length({w})) = {w} : false",
    "~contains": "$text($v) ? ($text({w}) ? $contains($v, {w}) : false)"
    " : $type($v) = 'array' and true in $map($v, function($i) {{ $eq($i, {w}) }})",
    "~isnull": "$no($v) = {w}",
    "~isempty": "($no($v) or $v = '' or $v = [] or $v = {{}}) = {w}",
}
"""What is asked of ``$v``; ``w`` is the variable that has the operand, ``written`` itself."""


def in_jsonata(tree: Any) -> tuple[str, dict[str, Any]]:
    """A valid filter as a condition on the same scope, and the operands that are its variables."""
    operands = dict[str, Any]()
    return f"({PRELUDE} {_filter(tree, operands)})", operands


def _filter(tree: Any, operands: dict[str, Any]) -> str:
    if isinstance(tree, list):
        return _every(_filter(part, operands) for part in tree)
    parts = list[str]()
    for key, under in (tree or {}).items():
        match key:
            case "~and":
                parts.append(_every(_filter(part, operands) for part in under))
            case "~or":
                parts.append(_some(_filter(part, operands) for part in under))
            case "~not":
                parts.append(f"$not({_filter(under, operands)})")
            case _:
                parts.append(f"($v := {_value(key)}; {_condition(under, operands)})")
    return _every(parts)


def _value(path: str) -> str:
    value = "$$"
    for name in path.split("."):
        index = name if re.fullmatch("-?[0-9]+", name) else "'none'"
        value = f"$at({value}, '{name}', {index})"
    return value


def _condition(under: Any, operands: dict[str, Any]) -> str:
    if not isinstance(under, dict) or not any(key.startswith("~") for key in under):
        return _held("~eq", under, operands)
    return _every(_held(operator, operand, operands) for operator, operand in under.items())


def _held(operator: str, operand: Any, operands: dict[str, Any]) -> str:
    if operator in _NEGATIVES:
        return f"$not({_held(_NEGATIVES[operator], operand, operands)})"
    if operator == "~in":
        return _some(_held("~eq", item, operands) for item in operand)
    name = f"w{len(operands)}"
    operands[name] = operand
    return f"({_HELD[operator].format(w=f'${name}', written=operand)})"


def _every(parts: Iterable[str]) -> str:
    return "(" + " and ".join([*parts] or ["true"]) + ")"


def _some(parts: Iterable[str]) -> str:
    return "(" + " or ".join([*parts] or ["false"]) + ")"
