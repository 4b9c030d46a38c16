"""Lists whose items name their parents: sorted as a tree, or asked as a graph."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

from shared.expr.errors import ExpressionError
from shared.expr.truto_functions.javascript import as_list, found_at, is_truthy, text_of
from shared.expr.truto_functions.lists import rank


def sort_nodes(
    nodes: Any = None, key: Any = None, parent_key: Any = None, sequence_key: Any = None
) -> list[Any]:
    """``$sortNodes``: depth first, siblings by their sequence; an unknown parent makes a root.

    Nodes of a cycle have no root and are left out.
    """
    key, parent_key = key or "id", parent_key or "parent_id"
    by_id: dict[Hashable, Any] = {found_at(node, key): node for node in as_list(nodes)}
    below: dict[Hashable, list[Hashable]] = {}
    for node in as_list(nodes):
        parent = found_at(node, parent_key)
        place = parent if is_truthy(parent) and parent in by_id else _ROOT
        below.setdefault(place, []).append(found_at(node, key))
    for names in below.values():
        names.sort(key=lambda name: rank(found_at(by_id[name], sequence_key or "sequence")))
    return [_childless(by_id[name]) for name in _depth_first(below)]


_ROOT = object()


def _depth_first(below: dict[Hashable, list[Hashable]]) -> list[Hashable]:
    ordered: list[Hashable] = []
    left = below.pop(_ROOT, [])[::-1]
    while left:
        name = left.pop()
        ordered.append(name)
        left += below.pop(name, [])[::-1]
    return ordered


def _childless(node: Any) -> Any:
    return {key: value for key, value in node.items() if key != "children"}


def dependency_graph(items: Any = None, parent_key: Any = None, key: Any = None) -> dict[str, Any]:
    """What ``graph_call`` asks: the nodes by name, and for each its parents and its children."""
    by_name = {_name(found_at(item, key)): item for item in as_list(items)}
    nodes: dict[str, Any] = {}
    parents: dict[str, dict[str, None]] = {}
    children: dict[str, dict[str, None]] = {}
    for item in as_list(items):
        name, parent = _name(found_at(item, key)), _name(found_at(item, parent_key))
        nodes.setdefault(name, item)
        if parent in by_name:
            nodes.setdefault(parent, by_name[parent])
            parents.setdefault(name, {})[parent] = None
            children.setdefault(parent, {})[name] = None
    edges = {"parents": parents, "children": children}
    return {"nodes": nodes} | {
        side: {name: list(ends) for name, ends in found.items()} for side, found in edges.items()
    }


def graph_call(graph: Any, asked: str, given: Any = None) -> Any:
    """What one of the graph's functions answers."""
    nodes = graph["nodes"]
    if asked == "overallOrder":
        return _overall_order(graph, leaves_only=is_truthy(given))
    name = _name(given)
    if asked == "hasNode":
        return name in nodes
    if name not in nodes:
        raise ExpressionError("UNKNOWN_NODE", f"Node does not exist: {name}")
    if asked == "getNodeData":
        return nodes[name]
    walk = _Walk(graph["parents" if asked == "dependenciesOf" else "children"])
    walk.visit(name)
    return walk.order[:-1]


def _overall_order(graph: Any, *, leaves_only: bool) -> list[str]:
    whole = _Walk(graph["parents"])
    for name in graph["nodes"]:
        whole.visit(name)  # finds a cycle wherever it is
    walk = _Walk(graph["parents"])
    for name in graph["nodes"]:
        if not graph["children"].get(name):
            walk.visit(name)
    if leaves_only:
        return [name for name in walk.order if not graph["parents"].get(name)]
    return walk.order


def _name(value: Any) -> str:
    return "undefined" if value is None else text_of(value)


@dataclass(slots=True)
class _Walk:
    """Depth first, what a node depends on before it; refuses cycles."""

    edges: dict[str, list[str]]
    order: list[str] = field(default_factory=list)
    done: set[str] = field(default_factory=set)

    def visit(self, start: str) -> None:
        path: dict[str, None] = {}
        left = [(start, False)]
        while left:
            name, is_left = left.pop()
            if is_left:
                del path[name]
                self.done.add(name)
                self.order.append(name)
            elif name in path:
                cycle = " -> ".join([*path, name])
                raise ExpressionError("DEPENDENCY_CYCLE", f"Dependency Cycle Found: {cycle}")
            elif name not in self.done:
                path[name] = None
                left.append((name, True))
                left += [(end, False) for end in reversed(self.edges.get(name, []))]
